"""Parts of a bundle as picklable units of work, and the function that reads one in any process."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from analyzer.bundle.errors import Damage
from analyzer.bundle.layouts.base import Place
from analyzer.bundle.limits import DEFAULT_LIMITS, Budget, Limits
from analyzer.bundle.member import Member
from analyzer.bundle.recorder import PartRecorder
from analyzer.bundle.streams import FileSlice, Memory, Raw, Reader
from analyzer.bundle.unfold import NESTED_ZIP, Unfolder


@dataclass(frozen=True, slots=True)
class Blob:
    """A stretch of a file, or of bytes in memory (standard input). Offset and size in bytes."""

    path: str
    offset: int
    size: int
    data: bytes | None = None

    def open(self) -> Raw:
        """Return the bytes as a stream; the file is opened at the first read."""
        if self.data is not None:
            return Memory(memoryview(self.data)[self.offset : self.offset + self.size])
        return FileSlice(Path(self.path), self.offset, self.size)


@dataclass(frozen=True, slots=True)
class FileAt:
    """A file of a part that lies open: relative canonical path, path as found, where its bytes are.

    ``size`` is what the bundle says; the blob is shorter where the bundle is torn.
    """

    rel: str
    found_at: str
    size: int
    blob: Blob
    #: How a file of another tool is opened (``openers``), and whether it is a selection.
    how: str = ""
    selection: bool = False

    def covers(self, path: str) -> bool:
        """Tell whether a member, by the path to show, comes out of this file."""
        return path == self.found_at or _below(self.found_at, (path,))


@dataclass(frozen=True, slots=True)
class ArchiveAt:
    """An archive that holds a part; ``found_at`` goes in front of its members' names."""

    found_at: str
    size: int
    blob: Blob


@dataclass(frozen=True, slots=True)
class PartRef:
    """One part of a bundle: ``cluster``, ``azure`` or ``nodes/<node>``. Picklable."""

    name: str
    files: tuple[FileAt, ...] = ()
    archives: tuple[ArchiveAt, ...] = ()
    #: The input that it comes from, where there are several; the same part in those that follow.
    source: str = ""
    more: tuple[PartRef, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Bytes as they lie in the bundle (packed where the part is packed)."""
        blobs = [file.blob for file in self.files] + [archive.blob for archive in self.archives]
        return sum(blob.size for blob in blobs) + sum(part.size_bytes for part in self.more)

    def only(self, paths: Collection[str]) -> PartRef | None:
        """Narrow the part to what may hold ``paths`` (canonical or as found); None if nothing."""
        prefix = f"{self.name}/"
        inside = {path[len(prefix) :] for path in paths if path.startswith(prefix)}
        zipped = NESTED_ZIP.removesuffix(".zip") + "/"
        wants_zip = any(rel.startswith(zipped) for rel in inside)
        files = tuple(
            file
            for file in self.files
            if file.rel in inside
            or file.found_at in paths
            or (file.rel == NESTED_ZIP and (wants_zip or _below(file.found_at, paths)))
            or (file.how and (_below(file.found_at, paths) or _begins(inside, file.rel)))
        )
        archives = self.archives if inside else ()
        more = tuple(part for one in self.more if (part := one.only(paths)) is not None)
        if not (files or archives or more):
            return None
        return replace(self, files=files, archives=archives, more=more)


def _begins(paths: Collection[str], start: str) -> bool:
    return any(path.startswith(start) for path in paths)


def _below(found_at: str, paths: Collection[str]) -> bool:
    return any(path.startswith(found_at.removesuffix(".zip") + "/") for path in paths)


class _BlobContent:
    """The content of a file that lies open; the file is opened when it is read."""

    __slots__ = ("_blob", "_budget", "_reader", "damage")

    def __init__(self, blob: Blob, budget: Budget) -> None:
        self._blob = blob
        self._budget = budget
        self._reader: Reader | None = None
        self.damage = ""

    def read(self, count: int) -> bytes:
        if self._reader is None:
            self._reader = Reader(self._blob.open())
        data = self._reader.read(count)
        self.damage = self.damage or self._reader.damage
        try:
            self._budget.spend(len(data))
        except Damage as damage:
            self.damage = str(damage)
            return b""
        return data

    def drain(self) -> int:
        """Close the file: what nobody read is not missing."""
        if self._reader is not None:
            self._reader.close()
        return 0


def read_part(
    part: PartRef, limits: Limits = DEFAULT_LIMITS, recorder: PartRecorder | None = None
) -> Iterator[Member]:
    """Yield the members of one part, in the order in which they lie in it.

    Works in any process that can open the bundle's file. ``recorder`` hears of all that was seen;
    afterwards its ``result()`` is the inventory of the part, to be handed to ``Bundle.finish``.
    Damage ends the part early and never raises.
    """
    budget = Budget(limits)
    own = recorder or PartRecorder(part.name)
    yield from read_within(part, Unfolder(budget, lambda _: own), budget, own)


def read_within(
    part: PartRef, unfolder: Unfolder, budget: Budget, recorder: PartRecorder
) -> Iterator[Member]:
    """Yield the members of one part within a budget that other parts share."""
    unfolder.source = part.source
    for file in part.files:
        content = _BlobContent(file.blob, budget)
        at = Place(part.name, file.rel, how=file.how, selection=file.selection)
        for member in unfolder.placed(at, file.found_at, file.size, content, 1):
            if file.blob.size < file.size:
                member.truncated = True
            yield member
        if file.blob.size < file.size:
            recorder.cut(file.rel, file.found_at, f"only {file.blob.size} of {file.size} bytes")
    for archive in part.archives:
        raw = archive.blob.open()
        try:
            yield from unfolder.archive(part.name, archive.found_at, raw, 2)
        finally:
            raw.close()
    for other in part.more:
        yield from read_within(other, unfolder, budget, recorder)
