"""Nodes: readiness, pressure, kernel, kubelet, containerd, image, system metadata."""
