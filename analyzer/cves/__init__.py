"""Scanners' CVE lists, cut down to what support accepts, with a reason for every other row."""
