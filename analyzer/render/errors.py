"""What can go wrong when a report is written."""

from __future__ import annotations


class RenderError(Exception):
    """A report that cannot be written as asked: what happened, and what to do."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(f"{what}\n  {hint}" if hint else what)
        self.what = what
        self.hint = hint
