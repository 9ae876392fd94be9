"""A bundle as a read-only Kubernetes API on loopback: for kubectl and everything that speaks it.

The only part of demarc that opens a socket, and that on 127.0.0.1 alone, with a token and a
certificate made for the one run. It shows what the bundle holds and nothing else.
"""

from __future__ import annotations
