"""Nodes that differ from the other nodes of their pool."""
