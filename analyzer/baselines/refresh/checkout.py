"""A local checkout of a source: where it is, and which commit it is at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class RefreshError(Exception):
    """The tables cannot be rebuilt: what is missing or not understood, and where."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A source's working tree, and its commit id (empty where it is no git checkout)."""

    root: Path
    commit: str

    def text(self, name: str) -> str:
        """The text of one file.

        Raises:
            RefreshError: it cannot be read.
        """
        try:
            return (self.root / name).read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            raise RefreshError(f"{self.root / name}: cannot be read: {error}") from error


def open_checkout(folder: Path) -> Checkout:
    """Look at a checkout.

    Raises:
        RefreshError: the folder is not there.
    """
    if not folder.is_dir():
        raise RefreshError(f"{folder}: no such folder")
    return Checkout(folder, _commit(folder / ".git"))


def _commit(git: Path) -> str:
    """The commit of HEAD, from the files of a plain or packed repository."""
    head = git / "HEAD"
    if not head.is_file():
        return ""
    text = head.read_text(encoding="utf-8").strip()
    if not text.startswith("ref: "):
        return text
    name = text.removeprefix("ref: ")
    loose = git / name
    if loose.is_file():
        return loose.read_text(encoding="utf-8").strip()
    packed = git / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
    return next((line.split(" ")[0] for line in lines if line.endswith(f" {name}")), "")
