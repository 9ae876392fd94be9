"""What a reading of another tool's file yields: one of the members that lie in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """A member out of a file: path below the file's own place, what to show, content.

    With ``missing`` there is no content: it says why. With ``asked`` it is what a row of
    ``collection.tsv`` says of something that was asked for and not given, its first word one of
    those that such a note begins with. With ``none`` it was asked for, and there are none.
    ``cut`` says why the content is not whole.
    """

    rel: str
    shown: str
    data: bytes = b""
    missing: str = ""
    asked: str = ""
    cut: str = ""
    none: bool = False
