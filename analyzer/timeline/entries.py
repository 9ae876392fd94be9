"""The part of the timeline that a report shows: bounded, with the onset of the findings in it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from analyzer.model.candidate import Candidate
from analyzer.model.diagnosis import TimelineEntry
from analyzer.model.evidence import Evidence, EvidenceRef
from analyzer.model.severity import Severity
from analyzer.timeline.moments import Moment, Timeline, order

#: Entries of a report.
MOST = 400
#: Entries of one kind, so that no kind crowds out the others.
_MOST_OF_A_KIND = {
    "finding": 150, "event": 150, "log": 110, "restart": 80, "condition": 80, "change": 80,
    "bug": 60, "upgrade": 40,
}  # fmt: skip
#: References that need a second look at large members; lines of logs are cited in any case.
_LOOKED_UP = 60
_BEFORE = timedelta(hours=6)
_SERIOUS = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
#: Less telling than this is left out, however few there are.
_LEAST = 20.0


def chosen(timeline: Timeline, candidates: Sequence[Candidate]) -> tuple[Moment, ...]:
    """At most 400 moments, oldest first: the most telling, near the time of the trouble."""
    onsets = [_onset(one, one.onset, timeline) for one in candidates if one.onset is not None]
    start = _start(candidates) or max((one.end for one in timeline.moments), default=None)
    worth = [(_worth(one, start), one) for one in (*timeline.moments, *onsets)]
    told = [row for row in worth if row[0] >= _LEAST]
    ranked = [one for _, one in sorted(told, key=lambda row: (-row[0], order(row[1])))]
    kept: list[Moment] = []
    counts: Counter[str] = Counter()
    for one in ranked:
        counts[one.kind] += 1
        if counts[one.kind] <= _MOST_OF_A_KIND[one.kind]:
            kept.append(one)
    return tuple(sorted(kept[:MOST], key=order))


def moment_refs(moments: Iterable[Moment]) -> set[EvidenceRef]:
    """The references that are worth a second look at their members: a bounded number."""
    refs = [(one.weight, one.where) for one in moments if one.where is not None]
    lines = {ref for _, ref in refs if ref.line is not None}
    others = [(weight, ref) for weight, ref in refs if ref.line is None]
    others.sort(key=lambda row: (-row[0], row[1].path, row[1].what, row[1].anchors))
    return lines | {ref for _, ref in others[:_LOOKED_UP]}


def timeline_entries(
    moments: Iterable[Moment], cut: Callable[[EvidenceRef], Evidence | None]
) -> tuple[TimelineEntry, ...]:
    """Write moments down as the diagnosis has them. ``cut`` gives the excerpt of a reference."""
    return tuple(
        TimelineEntry(
            at=one.at,
            until=one.until,
            kind=one.kind,
            lane=one.lane,
            what=_words(one),
            subject=one.subject,
            count=one.count,
            finding=one.finding,
            evidence=cut(one.where) if one.where is not None else None,
        )
        for one in moments
    )


def _words(one: Moment) -> str:
    if one.objects < 2:
        return one.what
    kind = one.subject.kind if one.subject else "object"
    return f"{one.what} ({one.objects} {kind.lower()}s)"


def _onset(candidate: Candidate, at: datetime, timeline: Timeline) -> Moment:
    serious = candidate.severity in _SERIOUS
    return Moment(
        at=at,
        until=candidate.hit.last_seen,
        kind="finding",
        lane=timeline.lane(candidate.subject) or candidate.component,
        key=candidate.id,
        what=candidate.title,
        subject=candidate.subject,
        count=candidate.hit.count,
        weight=100 if serious else 60,
        finding=candidate.id,
        where=candidate.hit.evidence[0],
    )


def _start(candidates: Iterable[Candidate]) -> datetime | None:
    """When the trouble began: the earliest onset of a serious finding."""
    onsets = [one.onset for one in candidates if one.onset and one.severity in _SERIOUS]
    return min(onsets, default=None)


def _worth(one: Moment, start: datetime | None) -> float:
    """How telling it is, less the further it lies before the trouble."""
    if start is None or one.end >= start - _BEFORE:
        return float(one.weight)
    hours = (start - _BEFORE - one.end).total_seconds() / 3600
    return one.weight - 6.0 * math.log2(1 + hours)
