"""What a page or a terminal shows of a difference: final strings in their order."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.render.marks import OwnerMark


@dataclass(frozen=True, slots=True)
class SideRow:
    """One input: its role (``Older``, ``Newer``) and what it is."""

    role: str
    name: str
    collected: str
    facts: tuple[str, ...]
    tool: str


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding; ``notes`` say what changed, or why its coming or going is in doubt."""

    severity: str
    owner: OwnerMark
    title: str
    rule: str
    where: str
    role: str
    notes: tuple[str, ...]
    saw: str
    next_step: str


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """``Appeared``, ``Gone`` or ``Changed``: root causes, and what they explain."""

    key: str
    title: str
    roots: tuple[FindingRow, ...]
    symptoms: tuple[FindingRow, ...]
    symptoms_label: str

    @property
    def rows(self) -> tuple[FindingRow, ...]:
        """All of them, root causes first."""
        return self.roots + self.symptoms


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value before and after, and who wrote it when."""

    path: str
    before: str
    after: str
    author: str


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """An object with its values; ``more`` tells how many values are left out."""

    what: str
    name: str
    whose: str
    values: tuple[ValueRow, ...]
    more: str


@dataclass(frozen=True, slots=True)
class ObjectGroup:
    """The objects that one kind of author changed; ``brief`` where a terminal needs names only."""

    title: str
    rows: tuple[ObjectRow, ...]
    brief: bool


@dataclass(frozen=True, slots=True)
class MoveRow:
    """Something that moved: a version, a pool's size, a setting. ``short`` is for terminals."""

    what: str
    where: str
    before: str
    after: str
    note: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class DiffView:
    """Everything that is shown; a section without rows is left out by whoever shows it."""

    title: str
    cluster: str
    verdict: tuple[str, ...]
    sides: tuple[SideRow, ...]
    notices: tuple[str, ...]
    findings: tuple[FindingGroup, ...]
    objects: tuple[ObjectGroup, ...]
    objects_note: str
    versions: tuple[MoveRow, ...]
    pools: tuple[MoveRow, ...]
    settings: tuple[MoveRow, ...]
    not_compared: tuple[str, ...]
