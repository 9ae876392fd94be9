"""Secrets masked in all that is shown, and bundles with stand-ins for names and addresses."""
