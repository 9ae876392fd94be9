"""What can go wrong with policy data."""

from __future__ import annotations


class PolicyError(Exception):
    """A policy pack that cannot be used.

    ``what`` is the problem in words; ``file`` and ``line`` (from 1) say where it stands, and are
    empty and None where the problem is not in a file. ``str()`` is one clear line.
    """

    def __init__(self, what: str, file: str = "", line: int | None = None) -> None:
        super().__init__(what, file, line)
        self.what = what
        self.file = file
        self.line = line

    def __str__(self) -> str:
        """One line: file and line where known, and the problem."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return " ".join((f"{where}: {self.what}" if where else self.what).split())
