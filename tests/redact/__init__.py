"""Redaction of whole bundles."""
