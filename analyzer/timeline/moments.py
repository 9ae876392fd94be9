"""The timeline as a fact that rules may ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject
from analyzer.timeline.lanes import Lanes

Kind = Literal["event", "condition", "restart", "log", "bug", "change", "upgrade", "finding"]
#: What lies no further apart than this and says the same is one thing that went on.
FOLD = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened, in UTC on the cluster's clock.

    ``lane`` is the node pool or the component. ``key`` is what equal things share: those close in
    time become one, which ``count`` (occurrences) and ``objects`` (how many objects) tell. ``node``
    is where it happened. ``weight`` says how telling it is, from 0 to 100.
    """

    at: datetime
    until: datetime | None = None
    kind: Kind
    lane: str
    key: str
    what: str
    subject: Subject | None = None
    node: str | None = None
    count: int = 1
    objects: int = 1
    weight: int = 0
    where: EvidenceRef | None = None
    #: The clock of the node stamped it, and not that of the control plane.
    node_clock: bool = False
    finding: str | None = None

    @property
    def end(self) -> datetime:
        """When it was seen last."""
        return self.until or self.at


@dataclass(frozen=True)
class Timeline:
    """All moments, oldest first. ``skew`` is by how much a node's clock runs ahead, where known.

    Moments of nodes with a known skew are corrected already.
    """

    moments: tuple[Moment, ...] = ()
    skew: Mapping[str, timedelta] = field(default_factory=dict)
    lanes: Lanes | None = field(default=None, repr=False, compare=False)

    @property
    def readable(self) -> bool:
        """True if anything has a time at all."""
        return bool(self.moments)

    def lane(self, subject: Subject) -> str:
        """The lane of a subject; empty for the cluster as a whole."""
        return self.lanes.subject(subject) if self.lanes and subject.kind != "Cluster" else ""

    def of(self, *kinds: Kind) -> tuple[Moment, ...]:
        """Moments of these kinds, oldest first."""
        return tuple(one for one in self.moments if one.kind in kinds)

    def on(self, node: str) -> tuple[Moment, ...]:
        """Moments of one node, oldest first."""
        return tuple(one for one in self.moments if one.node == node)

    def between(self, start: datetime, end: datetime) -> tuple[Moment, ...]:
        """Moments that began or went on within that time, oldest first."""
        return tuple(one for one in self.moments if one.at <= end and one.end >= start)


def order(one: Moment) -> tuple[object, ...]:
    """Oldest first; equal times by kind, lane and text."""
    name = one.subject.key if one.subject else ""
    return one.at, one.kind, one.lane, one.key, name, one.what


def folded(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    """Put equal things that are close in time together, oldest first."""
    open_ones: dict[tuple[str, str, str], Moment] = {}
    names: dict[tuple[str, str, str], set[str]] = {}
    done: list[Moment] = []
    for one in sorted(moments, key=order):
        group = (one.kind, one.lane, one.key)
        known = open_ones.get(group)
        if known is not None and one.at - known.end <= FOLD:
            names[group].add(_name(one))
            open_ones[group] = _joined(known, one, len(names[group]))
            continue
        if known is not None:
            done.append(known)
        open_ones[group], names[group] = one, {_name(one)}
    return tuple(sorted([*done, *open_ones.values()], key=order))


def _joined(known: Moment, one: Moment, objects: int) -> Moment:
    return replace(
        known,
        until=max(known.end, one.end),
        count=known.count + one.count,
        objects=objects,
        weight=max(known.weight, one.weight),
        node=known.node if known.node == one.node else None,
    )


def _name(one: Moment) -> str:
    return one.subject.key if one.subject else ""
