"""Versions: support window, skew, alpha features."""
