"""A finding before its verdict: what a rule's hits add up to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from analyzer.model.hit import Hit
from analyzer.model.severity import Severity
from analyzer.model.signal import Signal
from analyzer.model.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Merged hits of one rule on one subject or group; ``hit`` carries texts and evidence.

    ``id`` is stable across runs: rule id and a short digest of rule, subject and group.
    ``produces`` and ``instance_of`` are effects of ``causes/data/effects.yaml``.
    """

    id: str
    rule_id: str
    title: str
    severity: Severity
    component: str
    clauses: tuple[str, ...]
    hit: Hit
    signals: frozenset[Signal]
    produces: frozenset[str] = frozenset()
    instance_of: frozenset[str] = frozenset()

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return self.hit.subject

    @property
    def onset(self) -> datetime | None:
        """When it was seen first, if the bundle tells."""
        return self.hit.first_seen

    @property
    def touched(self) -> tuple[Subject, ...]:
        """The subject and all that is affected."""
        return (self.hit.subject, *self.hit.affects)

    @property
    def nodes(self) -> frozenset[str]:
        """Names of the nodes on which it sits."""
        names = {s.node for s in self.touched if s.node}
        return frozenset(names | {s.name for s in self.touched if s.kind == "Node"})
