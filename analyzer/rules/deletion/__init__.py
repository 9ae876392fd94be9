"""Objects that hang while they are deleted."""
