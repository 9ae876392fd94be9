"""The collector: shell scripts and manifests, shipped as data; knows nothing of Python."""
