"""Moments from logs: landmarks, and known bugs at work; and from Azure's activity log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from analyzer.bugs import BugSightings, Status
from analyzer.facts.facts import Facts
from analyzer.facts.landmarks import Landmark, landmarks
from analyzer.facts.logkinds import LogKind
from analyzer.facts.matches import Match
from analyzer.model.gap import NotCollected
from analyzer.model.subject import CLUSTER, Subject
from analyzer.timeline.lanes import CLUSTER_LANE, Lanes
from analyzer.timeline.moments import Moment

#: Lines that a healthy cluster writes too.
_CHATTER = frozenset({"konnectivity-normal-chatter"})
#: Stretches of one row that are told apart; the rest is within the last.
_BURSTS = 6
_DONE = frozenset({"succeeded", "accepted"})
#: Operations that say nothing of the cluster: reads of credentials and keys.
_READS = ("/list", "/read")


def of_landmarks(facts: Facts, lanes: Lanes) -> Iterator[Moment]:
    """Every stretch of lines of a landmark; events have moments of their own."""
    known = {one.id: one for one in landmarks()}
    for match in facts.logs.matches:
        mark = known.get(match.pattern)
        if mark is None or mark.id in _CHATTER or match.kind is LogKind.EVENT:
            continue
        if mark.marks_start or match.count > match.in_boot_grace:
            yield from _stretches(match, mark, lanes)


def _stretches(match: Match, mark: Landmark, lanes: Lanes) -> Iterator[Moment]:
    bursts = match.bursts[:_BURSTS]
    each = max(1, match.count // len(bursts)) if bursts else 1
    subject = _subject(match)
    pod = lanes.pod_of(match.namespace, match.pod) if match.pod else None
    node = match.node or (pod.spec.node_name if pod is not None else None)
    for first, last in bursts:
        yield Moment(
            at=first,
            until=last if last > first else None,
            kind="restart" if mark.marks_start else "log",
            lane=lanes.subject(subject),
            key=mark.id,
            what=mark.means,
            subject=subject,
            node=node,
            node_clock=True,
            count=each,
            weight=35 if mark.marks_start else 42,
            where=match.samples[0] if match.samples else None,
        )


def _subject(match: Match) -> Subject:
    if match.pod:
        return Subject(kind="Pod", namespace=match.namespace, name=match.pod, node=match.node)
    return Subject(kind="Node", name=match.node) if match.node else CLUSTER


def of_bugs(sightings: BugSightings, lanes: Lanes) -> Iterator[Moment]:
    """Known bugs that were seen at work, from the first sign on."""
    for one in sightings.findings:
        if one.first_seen is None:
            continue
        maybe = "" if one.status is Status.AFFECTED else "Possibly "
        yield Moment(
            at=one.first_seen,
            until=one.last_seen,
            kind="bug",
            lane=lanes.subject(one.subject),
            key=one.bug.id,
            what=f"{maybe}known bug: {one.bug.title}",
            subject=one.subject,
            node=one.subject.node or (one.subject.name if one.subject.kind == "Node" else None),
            node_clock=True,
            count=one.count,
            weight=60,
            where=one.evidence[0] if one.evidence else None,
        )


def of_activity(facts: Facts) -> Iterator[Moment]:
    """What took effect in Azure, each operation once."""
    try:
        rows = facts.azure.rows("activity-log")
    except NotCollected:
        return
    told: set[tuple[str, str]] = set()
    for row in sorted(rows, key=lambda one: str(one.get("eventTimestamp"))):
        operation, at = _value(row, "operationName"), _time(str(row.get("eventTimestamp") or ""))
        if at is None or _value(row, "status").lower() not in _DONE:
            continue
        if operation.lower().endswith(_READS) or "/list" in operation.lower():
            continue
        key = (str(row.get("correlationId") or at), operation)
        if key in told:
            continue
        told.add(key)
        yield _activity(row, operation, at, facts)


def _activity(row: Mapping[str, Any], operation: str, at: datetime, facts: Facts) -> Moment:
    target = str(row.get("resourceId") or "").rstrip("/").rpartition("/")[2]
    caller = str(row.get("caller") or "somebody unknown")
    upgrade = "upgrade" in operation.lower()
    return Moment(
        at=at,
        kind="upgrade" if upgrade else "change",
        lane=CLUSTER_LANE,
        key=f"{operation}/{target}/{caller}",
        what=f"{operation.partition('/')[2] or operation} on {target or 'Azure'} by {caller}",
        weight=70 if upgrade else 65,
        where=facts.azure.where(
            "activity-log", f"eventTimestamp: {row.get('eventTimestamp')}", what=operation
        ),
    )


def _value(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    value = value.get("value") if isinstance(value, dict) else value
    return str(value or "")


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
