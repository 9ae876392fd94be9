"""Disks, claims and attachments."""
