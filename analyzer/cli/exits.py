"""Exit codes: each means one thing."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a run came to."""

    DONE = 0
    #: Done, and something at or above ``--fail-on``.
    FINDINGS = 1
    #: The work could not be done: usage, unreadable bundle, bad data file, internal error.
    FAILED = 2
    #: Done, but the bundle is incomplete and ``--require-complete`` was given.
    INCOMPLETE = 3
    INTERRUPTED = 130
