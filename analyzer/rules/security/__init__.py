"""Rights that nobody should have."""
