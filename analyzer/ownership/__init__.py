"""Whose problem is it: the decision table as data, and the one function that applies it."""
