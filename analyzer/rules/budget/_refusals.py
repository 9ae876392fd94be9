"""Pods that a quota keeps from being made, as events and replica sets tell it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.facts.listings import Events, ReplicaSets
from analyzer.facts.objects import Workload
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject

#: Texts of the quota admission plugin (kubernetes/kubernetes, plugin/pkg/admission/resourcequota).
_QUOTA = re.compile(
    r"(?:exceeded|failed) quota: (?P<name>[\w.-]+)"
    r"(?:, requested: (?P<requested>.*?), used: (?P<used>.*?), limited: (?P<limited>[^\s;]+))?"
)
RECENT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A workload whose pods a quota refuses, in the words of the API server."""

    namespace: str
    quota: str
    workload: Subject
    text: str
    first: datetime | None
    last: datetime | None
    times: int
    where: EvidenceRef


def refusals(
    events: Events | None, replica_sets: ReplicaSets | None, now: datetime | None
) -> Iterator[Refusal]:
    """From the replica sets' own conditions, and from events of the last hour.

    An event counts while its replica set still lacks pods, or where that is not shown.
    """
    sets = {(s.namespace, s.name): s for s in (replica_sets.items if replica_sets else ())}
    for one in sets.values():
        yield from _of_condition(one)
    for event in events.items if events is not None else ():
        match = _QUOTA.search(event.text) if event.reason == "FailedCreate" else None
        kind, namespace, name = event.about
        own = sets.get((namespace, name)) if kind == "ReplicaSet" else None
        fresh = now is None or event.last is None or now - event.last < RECENT
        if match and fresh and (own is None or _lacks(own)):
            yield Refusal(
                namespace or "",
                match["name"].rstrip("."),
                _workload(own, kind, namespace, name),
                _said(match),
                event.first,
                event.last,
                event.times,
                event.where("message", what=f"event FailedCreate of {kind} {name}"),
            )


def _of_condition(one: Workload) -> Iterator[Refusal]:
    for condition in one.status.conditions if one.status else ():
        match = _QUOTA.search(condition.message) if condition.type == "ReplicaFailure" else None
        if match and condition.status == "True" and _lacks(one):
            yield Refusal(
                one.namespace or "",
                match["name"].rstrip("."),
                _workload(one, "ReplicaSet", one.namespace, one.name),
                _said(match),
                condition.last_transition_time,
                None,
                0,
                one.where("type: ReplicaFailure", what=f"condition of replica set {one.name}"),
            )


def _lacks(one: Workload) -> bool:
    made = (one.status.replicas if one.status else None) or 0
    return made < (one.desired or 0)


def _workload(one: Workload | None, kind: str, namespace: str | None, name: str) -> Subject:
    """The Deployment behind a replica set, where it is shown; else what the event is about."""
    for owner in one.metadata.owner_references if one is not None else ():
        if owner.controller is not False:
            return Subject(kind=owner.kind, name=owner.name, namespace=namespace)
    return Subject(kind=kind, name=name, namespace=namespace)


def _said(match: re.Match[str]) -> str:
    if match["requested"] is None:
        return match.string[match.start() :].strip()
    return f"requested {match['requested']}, used {match['used']}, limited to {match['limited']}"
