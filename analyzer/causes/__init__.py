"""Findings to graph to roots: what explains what. Knows findings and effects, and no facts."""
