"""What a layout is: it recognises a listing of names and says where each file belongs."""

from __future__ import annotations

from collections.abc import Mapping as Contents
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

from analyzer.bundle.names import host_name
from analyzer.bundle.stamps import Stamp

ARCHIVE_SUFFIXES = (
    ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar", ".zip",
)  # fmt: skip
#: What an interrupted run leaves of an archive: its start can be read.
UNFINISHED = ".part"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file of the bundle belongs: part, and path relative to it.

    ``archive`` marks a file that holds the whole part; ``rel`` is empty then. An empty part with
    ``rel`` ``manifest.json`` is the manifest. ``how`` names a reading of ``openers``: the file
    holds several members, or one in another form; ``selection`` says that it holds some objects of
    a listing and is silent on the others.
    """

    part: str
    rel: str = ""
    archive: bool = False
    how: str = ""
    selection: bool = False


@dataclass(frozen=True, slots=True)
class ForeignMapping:
    """What the mappings of other tools' layouts share. ``root`` is stripped, with its slash.

    ``names_node`` is the file whose content names the node that all files come from, where that
    is known; ``node`` is the name until then. ``stamp`` is what names tell of the time of
    collection.
    """

    root: str
    node: str = ""
    names_node: str = ""
    format: int = 0
    certain: bool = True
    stamp: Stamp | None = None

    def asks(self) -> tuple[str, ...]:
        """Name the files whose content decides where others belong: they are read first."""
        return (self.names_node,) if self.names_node else ()

    def answered(self, contents: Contents[str, bytes]) -> Self:
        """Return the mapping with what those files say; ``contents`` holds those that are there."""
        host = host_name(contents.get(self.names_node, b""))
        return replace(self, node=host) if host else self

    def tells_time(self, name: str) -> bool:
        """Tell a file that is read only for the time of collection in it."""
        return False

    def time_in(self, name: str, data: bytes) -> Stamp | None:
        """Return the time of collection that such a file tells."""
        return None

    def inner(self, name: str) -> str:
        """Return the path below the root; empty for files beside it."""
        return name[len(self.root) :] if name.startswith(self.root) else ""

    def beside(self, name: str) -> Place | None:
        """Nowhere: it is a double."""
        return None

    def refused(self, name: str) -> str:
        """Nothing."""
        return ""


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
