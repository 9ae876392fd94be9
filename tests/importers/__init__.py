"""Other tools' bundles, and several inputs in one run."""
