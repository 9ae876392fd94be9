"""What a layout is: it recognises a listing of names and says where each file belongs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar")
#: What an interrupted run leaves of an archive: its start can be read.
UNFINISHED = ".part"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file of the bundle belongs: part, and path relative to it.

    ``archive`` marks a file that holds the whole part; ``rel`` is empty then. An empty part with
    ``rel`` ``manifest.json`` is the manifest.
    """

    part: str
    rel: str = ""
    archive: bool = False


class Mapping(Protocol):
    """A layout that was recognised, with what it found out about this bundle."""

    @property
    def layout(self) -> str:
        """Readable id, such as ``demarc-1``."""

    @property
    def format(self) -> int:
        """Format number of our own bundles; 0 for foreign layouts."""

    @property
    def certain(self) -> bool:
        """False where only a manifest was seen: its content has to tell."""

    def place(self, name: str) -> Place | None:
        """Say where a file belongs; None for one that this layout does not know."""

    def beside(self, name: str) -> Place | None:
        """Say where a file goes whose place is taken by another one; None where it is a double."""

    def refused(self, name: str) -> str:
        """Say why a file is never read (it holds credentials); empty for all others."""

    def holds(self, path: str) -> bool:
        """Tell whether a bundle of this layout can hold a canonical path."""


class Layout(Protocol):
    """A way in which files are arranged in a bundle."""

    def match(self, names: Sequence[str], label: str) -> Mapping | None:
        """Recognise a listing of clean names. ``label`` is the bundle's own name, bare."""


def archive_stem(name: str) -> str:
    """Return a name without its archive suffix; empty where it has none."""
    name = name.removesuffix(UNFINISHED)
    for suffix in ARCHIVE_SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return ""
