"""Cluster DNS and what customers may add to it."""
