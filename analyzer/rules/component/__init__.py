"""Managed components: missing, not ready, crash-looping, foreign image, changed."""
