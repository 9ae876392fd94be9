"""What a timeline tells, before it is drawn: moments in time, lanes, the window of the incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.model.diagnosis import TimelineEntry
from analyzer.model.finding import Finding
from analyzer.model.severity import Severity
from analyzer.render.index import Index, title
from analyzer.render.text import clip, one_line, span, utc

KIND_NAMES = {
    "event": "Event",
    "condition": "Condition",
    "restart": "Restart",
    "log": "Log lines",
    "bug": "Known bug",
    "change": "Change",
    "upgrade": "Upgrade",
    "finding": "Finding",
}
#: Kinds that are drawn above the lanes: what changed before is the first question.
CHANGES = frozenset({"change", "upgrade"})
_RANK = {"finding": 0, "upgrade": 0, "change": 0, "bug": 0, "condition": 1, "restart": 1}
_TEXT_MAX = 160
#: Spans that an axis may have; the shortest that holds nearly everything is taken.
_SPANS = tuple(timedelta(hours=h) for h in (1, 3, 6, 12, 24, 48, 72, 168, 336, 720, 2160))
_HELD = 0.8


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened; ``finding`` where it is the onset of one of the page's findings."""

    at: datetime
    until: datetime
    kind: str
    lane: str
    what: str
    count: int
    finding: Finding | None

    @property
    def full(self) -> str:
        """The words of a tool tip and of a table cell."""
        times = f", {self.count:,} times" if self.count > 1 else ""
        return f"{self.what}{times}"

    @property
    def seen(self) -> str:
        """When, in UTC."""
        return span(self.at, self.until)

    @property
    def rank(self) -> int:
        """How much it matters to a reader who has no time for all: 0 is most."""
        return _RANK.get(self.kind, 2)


def moments_of(index: Index) -> tuple[Moment, ...]:
    """Everything with a time, earliest first; findings that no entry names are added."""
    by_id = {finding.id: finding for finding in index.findings}
    told = [_moment(entry, by_id) for entry in index.diagnosis.timeline]
    named = {moment.finding.id for moment in told if moment.finding}
    told += [
        _of_finding(finding)
        for finding in index.findings
        if finding.id not in named and (finding.first_seen or finding.last_seen)
    ]
    return tuple(sorted(told, key=lambda m: (m.at, m.until, m.rank, m.lane, m.kind, m.what)))


def _moment(entry: TimelineEntry, by_id: dict[str, Finding]) -> Moment:
    at = utc(entry.at)
    finding = by_id.get(entry.finding) if entry.finding else None
    what = title(finding) if finding and not entry.what.strip() else one_line(entry.what)
    subject = one_line(str(entry.subject)) if entry.subject else ""
    name = entry.subject.name if entry.subject else ""
    return Moment(
        at=at,
        until=max(at, utc(entry.until)) if entry.until else at,
        kind=entry.kind,
        lane=clip(one_line(entry.lane), 60) or "cluster",
        what=clip(what if not name or name in what else f"{subject}: {what}", _TEXT_MAX),
        count=entry.count,
        finding=finding,
    )


def _of_finding(finding: Finding) -> Moment:
    first, last = finding.first_seen or finding.last_seen, finding.last_seen or finding.first_seen
    if first is None or last is None:
        raise ValueError(f"{finding.id} has no times")
    return Moment(
        at=utc(first),
        until=max(utc(first), utc(last)),
        kind="finding",
        lane=clip(one_line(finding.component), 60),
        what=title(finding),
        count=1,
        finding=finding,
    )


def incident_window(index: Index) -> tuple[datetime, datetime, Severity] | None:
    """First to last sighting of what is critical; of what is high where nothing is critical."""
    for severity in (Severity.CRITICAL, Severity.HIGH):
        timed = [
            _of_finding(finding)
            for finding in index.findings
            if finding.severity is severity and (finding.first_seen or finding.last_seen)
        ]
        if timed:
            return min(m.at for m in timed), max(m.until for m in timed), severity
    return None


def axis_of(moments: Sequence[Moment]) -> tuple[datetime, datetime]:
    """Start and end of the axis.

    A cluster's creation months ago would press the incident into one pixel, so the axis is the
    shortest usual span up to the last moment that holds four fifths of them; what is older stands
    in the table.
    """
    first, end = min(m.at for m in moments), max(m.until for m in moments)
    for length in _SPANS:
        start = end - length
        if start <= first:
            break
        if sum(m.until >= start for m in moments) >= _HELD * len(moments):
            return start, end
    return first, end
