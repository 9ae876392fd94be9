"""What one part held: noted while its members stream by, and small enough to send to a process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from sys import intern

from analyzer.bundle.collection import FILE_NAME, CollectionRow, parse_collection
from analyzer.bundle.items import part_of
from analyzer.bundle.member import Member
from analyzer.model.gap import Gap, Presence

#: Gaps of one part that are told one by one; the others are counted.
MAX_GAPS = 100
#: Stands for the path where a gap concerns the outer archive or folder.
WHOLE = "bundle"
#: A file of up to so many bytes is looked at: one that holds white space alone is empty.
_BLANK = 8


@dataclass(frozen=True, slots=True)
class PartInventory:
    """What one part held. Paths are relative to the part. Picklable."""

    part: str
    rows: tuple[CollectionRow, ...] = ()
    #: Sizes in bytes of the files that are there.
    files: dict[str, int] = field(default_factory=dict)
    #: Files that hold nothing but white space.
    blank: frozenset[str] = frozenset()
    #: Files of which a piece is missing, and why.
    damaged: dict[str, str] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    #: Why the part's archive ended before its end; empty where it was whole.
    torn: str = ""
    #: There was a whole ``collection.tsv``: what it does not list was never asked for.
    has_rows: bool = False
    #: Listings, as found, that show some objects and are silent on the others.
    selections: frozenset[str] = frozenset()

    @property
    def unpacked(self) -> int:
        """Unpacked bytes of all files."""
        return sum(self.files.values())

    def joined(self, other: PartInventory) -> PartInventory:
        """Return one inventory of a part that was read in two pieces."""
        return PartInventory(
            part=self.part,
            rows=tuple(dict.fromkeys(self.rows + other.rows)),
            files=other.files | self.files,
            blank=self.blank | (other.blank - self.files.keys()),
            damaged=other.damaged | self.damaged,
            gaps=tuple(dict.fromkeys(self.gaps + other.gaps)),
            torn=self.torn or other.torn,
            has_rows=self.has_rows or other.has_rows,
            selections=self.selections | other.selections,
        )


class PartRecorder:
    """Builds a :class:`PartInventory`; the reader calls it, the caller asks for ``result``.

    >>> recorder = PartRecorder(ref.name)
    >>> for member in read_part(ref, limits, recorder): ...
    >>> inventory = recorder.result()
    """

    def __init__(self, part: str) -> None:
        self.part = part
        self._rows: list[CollectionRow] = []
        self._files: dict[str, int] = {}
        self._blank: set[str] = set()
        self._damaged: dict[str, str] = {}
        self._gaps: list[Gap] = []
        self._more: Counter[Presence] = Counter()
        self._torn = ""
        self._has_rows = False
        self._selections: set[str] = set()

    def knows(self, rel: str) -> bool:
        """Tell whether a file of this relative path went by already."""
        return rel in self._files

    def saw(self, member: Member) -> None:
        """Note a member before the caller gets it; reads the part's own table of contents."""
        rel = intern(part_of(member.path)[1])
        self._files[rel] = member.size
        if member.size <= _BLANK and not member.read().strip():
            self._blank.add(rel)
        if rel == FILE_NAME:
            self._table(member)

    def _table(self, member: Member) -> None:
        bad = 0
        for row in parse_collection(member.read()):
            if isinstance(row, CollectionRow):
                self._rows.append(row)
                continue
            bad += 1
            if bad == 1:
                self.gap(member.path, Presence.TRUNCATED, row)
        if bad > 1:
            self.gap(member.path, Presence.TRUNCATED, f"{bad} lines are no rows")
        self._has_rows = not bad and not member.truncated and bool(self._rows)

    def asked(self, rel: str, found_at: str, note: str = "") -> None:
        """Note what another tool asked for, as a row of our own would say it.

        ``note`` says why it was not given; without one the answer was a list, which may be empty.
        ``found_at`` is the tool's file that tells.
        """
        code = None if note else 0
        self._rows.append(CollectionRow(item=found_at, path=rel, exit=code, note=note))

    def select(self, found_at: str) -> None:
        """Note that a listing is silent on what it does not show."""
        self._selections.add(found_at)

    def note_damage(self, member: Member, why: str) -> None:
        """Note that a piece of a member is missing."""
        self.cut(part_of(member.path)[1], member.evidence_path, why)

    def cut(self, rel: str, shown: str, why: str) -> None:
        """Note that a piece of a file is missing, once for each file."""
        if rel not in self._damaged:
            self._damaged[rel] = why
            self.gap(shown, Presence.TRUNCATED, why)

    def tear(self, why: str) -> None:
        """Note that the part's archive ends early: what is not seen may have been in it."""
        if not self._torn:
            self._torn = why
            # Told however many gaps there are: it is the one that says what may be lost.
            gap = Gap(path=self.part or WHOLE, reason=Presence.TRUNCATED, detail=why)
            self._gaps.append(gap)

    def gap(self, path: str, reason: Presence, detail: str) -> None:
        """Note anything else that is missing or was refused."""
        if len(self._gaps) < MAX_GAPS:
            self._gaps.append(Gap(path=path, reason=reason, detail=detail))
        else:
            self._more[reason] += 1

    def forget(self, unneeded: Callable[[Gap], bool]) -> None:
        """Take back gaps of which it turned out that nobody would have looked there."""
        self._gaps = [gap for gap in self._gaps if not unneeded(gap)]

    def first_gap(self) -> str:
        """Return what the first gap says; empty where there is none."""
        return self._gaps[0].detail if self._gaps else ""

    def result(self) -> PartInventory:
        """Return what was noted."""
        gaps = list(dict.fromkeys(self._gaps))
        gaps += [
            Gap(path=self.part or WHOLE, reason=reason, detail=f"{count} more of this kind")
            for reason, count in sorted(self._more.items())
        ]
        return PartInventory(
            part=self.part,
            rows=tuple(self._rows),
            files=dict(self._files),
            blank=frozenset(self._blank),
            damaged=dict(self._damaged),
            gaps=tuple(gaps),
            torn=self._torn,
            has_rows=self._has_rows,
            selections=frozenset(self._selections),
        )
