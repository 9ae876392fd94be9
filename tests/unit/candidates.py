"""Candidates made by hand, for the stages that know no facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from analyzer.model.candidate import Candidate
from analyzer.model.evidence import EvidenceRef
from analyzer.model.hit import Hit
from analyzer.model.severity import Severity
from analyzer.model.signal import Signal
from analyzer.model.subject import Subject

SOMEWHERE = EvidenceRef(
    path="cluster/resources/core/nodes.json", what="a place", line=1, excerpt="x"
)


def at(minute: int) -> datetime:
    """A time of one fixed hour."""
    return datetime(2026, 3, 1, 12, minute, tzinfo=UTC)


def node(name: str) -> Subject:
    return Subject(kind="Node", name=name)


def pod(name: str, on: str | None = None, namespace: str = "shop") -> Subject:
    return Subject(kind="Pod", name=name, namespace=namespace, node=on)


def candidate(
    name: str,
    subject: Subject,
    *,
    produces: Iterable[str] = (),
    instance_of: Iterable[str] = (),
    signals: Iterable[Signal] = (),
    affects: Iterable[Subject] = (),
    onset: datetime | None = None,
    severity: Severity = Severity.HIGH,
    component: str = "thing",
    at_latest: bool = False,
) -> Candidate:
    """A candidate of the rule ``AKS-TEST-<name>``."""
    hit = Hit(
        subject=subject,
        saw="seen",
        evidence=(SOMEWHERE,),
        affects=tuple(affects),
        first_seen=onset,
        onset_at_latest=at_latest,
    )
    return Candidate(
        id=name,
        rule_id=f"AKS-TEST-{name}",
        title=f"Problem {name}",
        severity=severity,
        component=component,
        clauses=("MGD-05",),
        hit=hit,
        signals=frozenset(signals),
        produces=frozenset(produces),
        instance_of=frozenset(instance_of),
    )
