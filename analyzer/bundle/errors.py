"""What can go wrong: a bundle that cannot be read at all, and damage inside one that can."""

from __future__ import annotations


class BundleError(Exception):
    """A source that cannot be read as a bundle at all.

    ``what`` is the problem in words, ``where`` the file or folder, ``hint`` what the user can do
    (may be empty). ``str()`` is one clear line.
    """

    def __init__(self, what: str, where: str = "", hint: str = "") -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """One line: where, what, and what to do."""
        line = f"{self.where}: {self.what}" if self.where else self.what
        return " ".join((f"{line} ({self.hint})" if self.hint else line).split())


class Damage(Exception):
    """Inside the reader only: a stream ends here, torn or over a limit. The text says why."""


class Consumed(RuntimeError):
    """A member's content was asked for after the pass moved on: a mistake of the caller."""
