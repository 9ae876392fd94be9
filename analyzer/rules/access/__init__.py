"""The roles by which Microsoft may work in the cluster."""
