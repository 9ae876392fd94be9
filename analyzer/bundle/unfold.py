"""From archives to members: unfolds an archive in a stream, checks names, limits, duplicates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from analyzer.bundle.errors import Damage
from analyzer.bundle.layouts.base import Place
from analyzer.bundle.layouts.kinds import listing_of
from analyzer.bundle.limits import Budget, told
from analyzer.bundle.member import Content, Member
from analyzer.bundle.names import BadName, clean_name, shown_name
from analyzer.bundle.openers import OPENERS, PACKED, Held
from analyzer.bundle.piece import Piece
from analyzer.bundle.recorder import PartRecorder
from analyzer.bundle.rotated import SUFFIX as GZIPPED
from analyzer.bundle.streams import READ_SIZE, Raw, Reader
from analyzer.bundle.tar import Entry, TarWalk, is_header, was_header
from analyzer.bundle.unpack import unpacked
from analyzer.bundle.zipped import zip_entries
from analyzer.model.gap import Presence

#: The archive that AKS writes hourly on each node, as the collector takes it.
NESTED_ZIP = "azure/aks-log-collector.zip"
_NESTED_FOLDER = "azure/aks-log-collector"
_ENOUGH_TO_TELL = 512
#: How a gap ends that tells of a file which another input has too.
DOUBLE = "has it too, and is used"
_TOO_DEEP = "too many archives inside one another; not read"


class Unfolder:
    """Makes members of what it is given, within one budget.

    ``recorder_of(part)`` gives the recorder that hears of all that was seen or went wrong there.
    """

    def __init__(self, budget: Budget, recorder_of: Callable[[str], PartRecorder]) -> None:
        self._budget = budget
        self._limits = budget.limits
        self._recorder_of = recorder_of
        #: The input that is being read, where there are several; empty for a single one.
        self.source = ""
        self._claims = Claims()

    def knows(self, place: Place) -> bool:
        """Tell whether a file was seen at this place already."""
        return self._recorder_of(place.part).knows(place.rel)

    def archive(self, part: str, found_at: str, raw: Raw, depth: int) -> Iterator[Member]:
        """Yield the members of a part's own tar, packed or plain, up to its first tear.

        ``found_at`` goes in front of the members' own names; ``depth`` counts this archive.
        """
        recorder = self._recorder_of(part)
        if depth > self._limits.max_nesting:
            recorder.tear(told(_TOO_DEEP, "nesting"))
            return
        reader = open_stream(raw, self._budget)
        start = reader.peek(_ENOUGH_TO_TELL)
        if not (is_header(start) or was_header(start)) and start.strip(b"\0"):
            recorder.tear(reader.damage or "is no tar archive")
            return
        walk = TarWalk(reader, self._budget, partial(self._refuse, recorder, found_at))
        for entry, name in self.named(walk, recorder, found_at):
            rel = part_relative(part, name)
            yield from self.file(part, rel, f"{found_at}{rel}", entry.size, entry.content, depth)
        if walk.tear:
            recorder.tear(walk.tear)

    def named(
        self, walk: TarWalk, recorder: PartRecorder, found_at: str
    ) -> Iterator[tuple[Entry, str]]:
        """Yield the entries whose names can be used, with the name; the others are gaps."""
        for entry in walk:
            try:
                name = clean_name(entry.name, self._limits.max_name_length)
            except BadName as error:
                self._refuse(recorder, found_at, shown_name(entry.name), str(error))
                continue
            if name:
                yield entry, name

    def file(
        self, part: str, rel: str, found_at: str, size: int, content: Content, depth: int
    ) -> Iterator[Member]:
        """Yield one file as a member, or the files inside it where it is the zip of a node."""
        recorder = self._recorder_of(part)
        if first := self._claims.taken(part, rel, self.source):
            recorder.gap(found_at, Presence.FAILED, f"{first} {DOUBLE}")
            return
        if recorder.knows(rel):
            recorder.gap(found_at, Presence.FAILED, "found twice; the first one is used")
            return
        path = f"{part}/{rel}" if part else rel
        member = Member(path, found_at, size, content, recorder.note_damage, self._limits)
        recorder.saw(member)
        if rel == NESTED_ZIP and part.startswith("nodes/"):
            yield from self._zip(part, member, depth + 1)
        else:
            yield member
        member.close()

    def placed(
        self, place: Place, found_at: str, size: int, content: Content, depth: int
    ) -> Iterator[Member]:
        """Yield what a file at its place holds: itself, or the members that lie in it."""
        if place.how:
            yield from self._opened(place, found_at, size, content)
            return
        if place.selection:
            self._recorder_of(place.part).select(found_at)
        yield from self.file(place.part, place.rel, found_at, size, content, depth)

    def _opened(self, place: Place, found_at: str, size: int, content: Content) -> Iterator[Member]:
        """Read a file as a whole, and yield the pieces that its kind of content has."""
        recorder = self._recorder_of(place.part)
        most = self._limits.max_member_bytes
        data = content.read(min(size, most))
        if len(data) < size:
            why = content.damage or "it ends early"
            if size > most:
                why = f"only the first {most} of {size} bytes are read"
            recorder.gap(found_at, Presence.TRUNCATED, why)
        for piece in OPENERS[place.how](data):
            shown = f"{found_at}/{piece.shown}" if piece.shown else found_at
            if piece.missing:
                recorder.gap(shown, Presence.FAILED, piece.missing)
                continue
            if piece.asked or piece.none:
                recorder.asked(f"{place.rel}{piece.rel}", found_at, piece.asked)
                continue
            if place.how == PACKED and not self._paid(piece, recorder, shown):
                return
            if place.selection:
                recorder.select(shown)
            rel, held = f"{place.rel}{piece.rel}", Held(piece.data)
            for member in self.file(place.part, rel, shown, len(piece.data), held, 1):
                member.truncated = len(data) < size or bool(piece.cut)
                yield member
            if piece.cut:
                recorder.cut(rel, shown, piece.cut)

    def _paid(self, piece: Piece, recorder: PartRecorder, shown: str) -> bool:
        """Charge what was unpacked in memory to the budget of the whole bundle."""
        try:
            self._budget.spend(len(piece.data))
        except Damage as damage:
            recorder.gap(shown, Presence.TRUNCATED, str(damage))
            return False
        return True

    def _zip(self, part: str, member: Member, depth: int) -> Iterator[Member]:
        recorder = self._recorder_of(part)
        where = f"{member.evidence_path.removesuffix('.zip')}/"
        if depth > self._limits.max_nesting:
            recorder.note_damage(member, told(_TOO_DEEP, "nesting"))
            return
        if member.size > self._limits.max_zip_bytes:
            most = self._limits.max_zip_bytes
            recorder.note_damage(member, told(f"larger than {most} bytes; not read", "zip-bytes"))
            return
        try:
            for raw_name, size, content in zip_entries(member.read(), self._budget):
                try:
                    name = clean_name(raw_name, self._limits.max_name_length)
                except BadName as error:
                    self._refuse(recorder, where, shown_name(raw_name), str(error))
                    continue
                if not name:
                    continue
                rel = f"{_NESTED_FOLDER}/{name}"
                if name.startswith("var/log/") and name.endswith(GZIPPED):
                    at = Place(part, rel.removesuffix(GZIPPED), how=PACKED)
                    yield from self._opened(at, f"{where}{name}", size, content)
                    continue
                yield from self.file(part, rel, f"{where}{name}", size, content, depth)
        except Damage as damage:
            recorder.note_damage(member, str(damage))

    def _refuse(self, recorder: PartRecorder, found_at: str, name: str, why: str) -> None:
        recorder.gap(f"{found_at}{name}" or recorder.part, Presence.FAILED, why)


class Claims:
    """Which of several inputs a file or a listing is taken from: the first one that has it.

    Listings count as a whole, or by namespace: objects of two collections are never mixed in one.
    """

    def __init__(self) -> None:
        self._by: dict[tuple[str, str], dict[str, str]] = {}

    def taken(self, part: str, rel: str, source: str) -> str:
        """Return the other input that has it already; empty where it is free, and take it then."""
        if not source:
            return ""
        listing = listing_of(rel) if part == "cluster" else None
        key, scope = listing or (rel, "")
        owners = self._by.setdefault((part, key), {})
        rivals = (owners.get(scope), owners.get("")) if scope else tuple(owners.values())
        for owner in rivals:
            if owner not in (None, source):
                return owner or ""
        owners.setdefault(scope, source)
        return ""


def open_stream(raw: Raw, budget: Budget) -> Reader:
    """Return a reader of ``raw``, unpacked if its first bytes say that it is packed."""
    packed = Reader(raw)
    start = packed.peek(4)
    again = _Peeked(packed)
    plain = unpacked(again, start, budget)
    if plain is again:
        return packed
    return Reader(plain)


class _Peeked:
    """A reader as a source of pieces."""

    __slots__ = ("_reader",)

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def piece(self) -> bytes:
        data = self._reader.some(READ_SIZE)
        if not data and self._reader.damage:
            raise Damage(self._reader.damage)
        return data

    def leap(self, count: int) -> int:
        return self._reader.skip(count)

    def close(self) -> None:
        self._reader.close()


def part_relative(part: str, name: str) -> str:
    """Strip the part's own name where an archive was packed one folder up."""
    last = part.rsplit("/", 1)[-1]
    for prefix in (f"{part}/", f"{last}/"):
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name
