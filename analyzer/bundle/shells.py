"""The outer shell of a bundle, once its layout is known: listed (seekable) or a stream."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from analyzer.bundle.layouts import Mapping, Place, recognise
from analyzer.bundle.layouts.base import UNFINISHED, ForeignMapping
from analyzer.bundle.limits import MIB, Budget, Limits
from analyzer.bundle.listing import Listing
from analyzer.bundle.manifest import FILE_NAME as MANIFEST
from analyzer.bundle.manifest import Manifest, parse_manifest
from analyzer.bundle.member import Content, Member
from analyzer.bundle.names import BadName, clean_name, shown_name
from analyzer.bundle.parts import ArchiveAt, Blob, FileAt, PartRef
from analyzer.bundle.recorder import WHOLE, PartRecorder
from analyzer.bundle.stamps import MOST as TIME_FILE
from analyzer.bundle.stamps import Stamp, best
from analyzer.bundle.streams import Memory, Reader, Window
from analyzer.bundle.tar import BLOCK, Entry, TarWalk, is_header, was_header
from analyzer.bundle.unfold import Unfolder, open_stream
from analyzer.model.gap import Presence

#: Unpacked bytes that are looked at to recognise the layout of a stream, step by step.
_LOOKS = (256 * 1024, 4 * MIB, 32 * MIB)

#: How it is told that an entry is a link.
_NOT_FOLLOWED = "link; not followed"
#: Bytes of a file that says where others belong.
ANSWER = 16 * MIB
#: Bytes of all of them.
_ANSWERS = 64 * MIB


class _Parts(NamedTuple):
    files: list[FileAt]
    archives: list[ArchiveAt]


@dataclass(slots=True)
class ListedShell:
    """A folder or a plain tar: every file has its place before anything is read."""

    listing: Listing
    mapping: Mapping
    recorder: PartRecorder
    limits: Limits
    in_memory: bool = False
    manifest: Manifest | None = None
    parts: tuple[PartRef, ...] = ()
    #: Goes in front of the paths to show of other tools' files, where there are several inputs.
    prefix: str = ""
    #: The time of collection that a file of another tool tells.
    read_time: Stamp | None = None

    @property
    def told(self) -> Stamp | None:
        """When another tool says that it collected; None where it does not."""
        return best((self.read_time, _named_time(self.mapping)))

    @property
    def size_bytes(self) -> int:
        """Size of the archive, or of all files."""
        return self.listing.size_bytes

    def archives(self) -> Iterator[tuple[str, int, Content]]:
        """Yield part, size and packed content of the archives that hold a part."""
        for part in self.parts:
            for archive in part.archives:
                raw = archive.blob.open()
                try:
                    yield part.name, archive.size, Window(Reader(raw), archive.size)
                finally:
                    raw.close()

    def loose_files(self) -> Iterator[tuple[str, int]]:
        """Yield path as found and size of the files of parts that lie in no archive."""
        for part in self.parts:
            yield from ((file.found_at, file.size) for file in part.files)

    def arrange(self) -> None:
        """Sort the files into parts and read the manifest."""
        parts: dict[str, _Parts] = defaultdict(lambda: _Parts([], []))
        taken: set[Place] = set()
        self.recorder.forget(lambda gap: _leads_nowhere(self.mapping, gap.path, gap.detail))
        for file in self.listing.files:
            if tells_time(self.mapping, file.name):
                data = Reader(file.blob.open()).read(min(file.size, TIME_FILE))
                self.read_time = best((self.read_time, time_in(self.mapping, file.name, data)))
                continue
            place = self.mapping.place(file.name)
            if place in taken and not place.how:
                place = self.mapping.beside(file.name) or place
            if place is None:
                continue
            if not place.archive:
                taken.add(place)
            if why := self.mapping.refused(file.name):
                self.recorder.gap(file.name, Presence.FAILED, why)
            elif place == Place("", MANIFEST):
                reader = Reader(file.blob.open())
                self.manifest = read_manifest(reader, file.size, self.recorder, self.limits)
                reader.close()
            elif place.archive:
                if file.name.endswith(UNFINISHED) and parts[place.part].archives:
                    continue
                shown = shown_at(self.mapping, place, file.name, self.prefix)
                parts[place.part].archives.append(ArchiveAt(shown, file.size, file.blob))
            else:
                shown = shown_at(self.mapping, place, file.name, self.prefix)
                at = FileAt(place.rel, shown, file.size, file.blob, place.how, place.selection)
                parts[place.part].files.append(at)
        self.parts = tuple(
            PartRef(name, tuple(parts[name].files), tuple(parts[name].archives))
            for name in sorted(parts)
        )


@dataclass(slots=True)
class StreamShell:
    """A compressed tar: its files come in their own order and are placed as they come."""

    source: Blob
    mapping: Mapping
    recorder: PartRecorder
    limits: Limits
    manifest: Manifest | None = None
    listing: Listing = field(default_factory=Listing)
    prefix: str = ""
    #: The time of collection that a file of another tool tells: known after the pass.
    read_time: Stamp | None = None

    @property
    def told(self) -> Stamp | None:
        """When another tool says that it collected; None where it does not."""
        return best((self.read_time, _named_time(self.mapping)))

    @property
    def size_bytes(self) -> int:
        """Size of the archive as it is, compressed."""
        return self.source.size

    def members(
        self, unfolder: Unfolder, budget: Budget, record: bool = True
    ) -> Iterator[tuple[str, Member]]:
        """Yield (part name, member) in the order of the stream, from its start."""
        recorder = PartRecorder("")
        if record:
            self.recorder = recorder
        raw = self.source.open()
        walk = TarWalk(open_stream(raw, budget), budget, partial(_refuse, recorder, self.mapping))
        try:
            yield from self._placed(walk, recorder, unfolder)
        finally:
            raw.close()
        if walk.tear:
            recorder.tear(walk.tear)

    def _placed(
        self, walk: TarWalk, recorder: PartRecorder, unfolder: Unfolder
    ) -> Iterator[tuple[str, Member]]:
        """Yield what has a place in the layout; the manifest is read on the way."""
        for entry, name in unfolder.named(walk, recorder, ""):
            if tells_time(self.mapping, name):
                data = entry.content.read(min(entry.size, TIME_FILE))
                self.read_time = best((self.read_time, time_in(self.mapping, name, data)))
                continue
            place = self.mapping.place(name)
            if place is None:
                continue
            if not (place.archive or place.how) and place.part and unfolder.knows(place):
                place = self.mapping.beside(name) or place
            if why := self.mapping.refused(name):
                recorder.gap(name, Presence.FAILED, why)
            elif place == Place("", MANIFEST):
                self.manifest = read_manifest(entry.content, entry.size, recorder, self.limits)
            else:
                shown = shown_at(self.mapping, place, name, self.prefix)
                members = (
                    unfolder.archive(place.part, shown, entry.content, 2)
                    if place.archive
                    else unfolder.placed(place, shown, entry.size, entry.content, 1)
                )
                for member in members:
                    yield place.part, member

    def archives(self) -> Iterator[tuple[str, int, Content]]:
        """Yield part, size and packed content of the archives in the stream."""
        for place, _, entry in self._again():
            if place.archive:
                yield place.part, entry.size, entry.content

    def loose_files(self) -> Iterator[tuple[str, int]]:
        """Yield path as found and size of the files of parts that lie in no archive."""
        for place, name, entry in self._again():
            if not place.archive and place != Place("", MANIFEST):
                yield name, entry.size

    def _again(self) -> Iterator[tuple[Place, str, Entry]]:
        """Yield place, name and entry of what belongs to the bundle, from the start."""
        raw = self.source.open()
        budget = Budget(self.limits)
        try:
            for entry in TarWalk(open_stream(raw, budget), budget, lambda *_: None):
                try:
                    name = clean_name(entry.name, self.limits.max_name_length)
                except BadName:
                    continue
                if place := self.mapping.place(name):
                    yield place, name, entry
        finally:
            raw.close()

    @classmethod
    def look(cls, source: Blob, limits: Limits, label: str) -> StreamShell | str:
        """Recognise the layout from the start of a stream; a text says why it cannot be."""
        for most in _LOOKS:
            reader = open_stream(source.open(), Budget(limits))
            start = reader.read(most)
            reader.close()
            if start and not is_header(start[:BLOCK]) and not was_header(start):
                return "what is compressed is no tar archive"
            mapping = recognise(list(_names(start, limits)), label)
            mapping = mapping and named_by_content(mapping, partial(_early, start, limits))
            ended = len(start) < most
            if mapping and (mapping.certain or ended):
                shell = cls(source, mapping, PartRecorder(""), limits)
                shell._early_manifest(start)
                return shell
            if ended:
                return reader.damage
        return ""

    def _early_manifest(self, start: bytes) -> None:
        for entry in _walk(start, self.limits):
            if entry.name.endswith(MANIFEST) and entry.content.left:
                try:
                    name = clean_name(entry.name, self.limits.max_name_length)
                except BadName:
                    continue
                if self.mapping.place(name) == Place("", MANIFEST):
                    data = entry.content.read(entry.size)
                    parsed = parse_manifest(data) if len(data) == entry.size else ""
                    self.manifest = parsed if isinstance(parsed, Manifest) else None
                    return


def _early(start: bytes, limits: Limits, wanted: str) -> bytes:
    """Return the content of a file near the start of a stream; empty where it is not there."""
    for entry in _walk(start, limits):
        try:
            if clean_name(entry.name, limits.max_name_length) == wanted:
                return entry.content.read(min(entry.size, ANSWER))
        except BadName:
            continue
    return b""


def named_by_content(mapping: Mapping, read: Callable[[str], bytes]) -> Mapping:
    """Ask the files that say where others belong, such as the one with the node's host name."""
    if not isinstance(mapping, ForeignMapping) or not mapping.asks():
        return mapping
    contents: dict[str, bytes] = {}
    left = _ANSWERS
    for name in mapping.asks():
        if left > 0:
            contents[name] = read(name)
            left -= len(contents[name])
    return mapping.answered(contents)


def tells_time(mapping: Mapping, name: str) -> bool:
    """Tell a file of another tool that is read only for the time of collection."""
    return isinstance(mapping, ForeignMapping) and mapping.tells_time(name)


def time_in(mapping: Mapping, name: str, data: bytes) -> Stamp | None:
    """Return the time of collection that such a file tells."""
    return mapping.time_in(name, data) if isinstance(mapping, ForeignMapping) else None


def _named_time(mapping: Mapping) -> Stamp | None:
    return mapping.stamp if isinstance(mapping, ForeignMapping) else None


def _walk(start: bytes, limits: Limits) -> TarWalk:
    return TarWalk(Reader(Memory(start)), Budget(limits), lambda *_: None)


def _names(start: bytes, limits: Limits) -> Iterator[str]:
    for entry in _walk(start, limits):
        try:
            yield clean_name(entry.name, limits.max_name_length)
        except BadName:
            continue


def shown_at(mapping: Mapping, place: Place, name: str, prefix: str = "") -> str:
    """Return the path to show: canonical in our own layouts, else as it is in the bundle.

    For an archive: what goes in front of its members' names. ``prefix`` names the input where
    there are several.
    """
    name = f"{prefix}{name}"
    if place.archive:
        return f"{place.part}/" if mapping.format else f"{name}/"
    return f"{place.part}/{place.rel}" if mapping.format else name


def read_manifest(
    content: Content | Reader, size: int, recorder: PartRecorder, limits: Limits
) -> Manifest | None:
    """Read the manifest; a gap tells why there is none."""
    if size > limits.max_manifest_bytes:
        recorder.gap(MANIFEST, Presence.FAILED, f"larger than {limits.max_manifest_bytes} bytes")
        return None
    data = content.read(size)
    parsed = parse_manifest(data)
    if isinstance(parsed, Manifest):
        return parsed
    reason = Presence.TRUNCATED if len(data) < size else Presence.FAILED
    recorder.gap(MANIFEST, reason, parsed)
    return None


def _refuse(recorder: PartRecorder, mapping: Mapping, name: str, why: str) -> None:
    """Tell of an entry that is not read."""
    if _leads_nowhere(mapping, name, why):
        return
    recorder.gap(shown_name(name) or WHOLE, Presence.FAILED, why)


def _leads_nowhere(mapping: Mapping, name: str, why: str) -> bool:
    """Tell a link in another tool's output at a place where nobody would have looked."""
    link = why.endswith(_NOT_FOLLOWED) and not mapping.format
    return link and mapping.place(name.removeprefix("./")) is None
