"""The timeline: when findings were seen, a lane per component, times in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta

from analyzer.model.finding import Finding
from analyzer.render.index import Index, mark, title
from analyzer.render.pictures import GridLabel, Timeline, TimelineBar
from analyzer.render.text import clip, count, span, utc, when

WIDTH, LEFT, BAR_HEIGHT, BAR_GAP, AXIS = 900, 170, 10, 4, 26
LANES_MAX, BARS_PER_LANE, ROWS_MAX = 16, 8, 50
_STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        60,
        300,
        600,
        900,
        1800,
        3600,
        7200,
        10800,
        21600,
        43200,
        86400,
        604800,
        2592000,
    )
)
_DAY = timedelta(days=1)
_TICKS_MAX = 6


def build_timeline(index: Index) -> Timeline | None:
    """Draw the findings that have times; None where fewer than two differ."""
    timed = [finding for finding in index.findings if finding.first_seen or finding.last_seen]
    if len({_times(finding) for finding in timed}) < 2:
        return None
    start = min(_times(finding)[0] for finding in timed)
    end = max(_times(finding)[1] for finding in timed)
    lanes: dict[str, list[Finding]] = {}
    for finding in sorted(timed, key=lambda f: (_times(f), f.severity.rank, f.id)):
        lanes.setdefault(finding.component, []).append(finding)
    labels: list[GridLabel] = []
    bars: list[TimelineBar] = []
    y = AXIS
    for component, findings in list(lanes.items())[:LANES_MAX]:
        labels.append(GridLabel(0, y + BAR_HEIGHT, clip(component, 24)))
        for finding in findings[:BARS_PER_LANE]:
            bars.append(_bar(finding, start, end, y, index))
            y += BAR_HEIGHT + BAR_GAP
        y += BAR_GAP * 2
    rows = tuple(
        (span(finding.first_seen, finding.last_seen), mark(finding.owner), index.link(finding))
        for finding in sorted(timed, key=lambda f: (_times(f), f.severity.rank, f.id))[:ROWS_MAX]
    )
    return Timeline(
        label=(
            f"When {count(len(timed), 'finding')} were seen, from {when(start)} to {when(end)}. "
            "The table below says the same."
        ),
        width=WIDTH,
        height=y,
        lanes=tuple(labels),
        ticks=_ticks(start, end),
        bars=tuple(bars),
        rows=rows,
        note=_note(len(index.findings) - len(timed), len(timed), len(bars)),
    )


def _times(finding: Finding) -> tuple[datetime, datetime]:
    first = finding.first_seen or finding.last_seen
    last = finding.last_seen or finding.first_seen
    if first is None or last is None:
        raise ValueError(f"{finding.id} has no times")
    return utc(first), max(utc(first), utc(last))


def _x(moment: datetime, start: datetime, end: datetime) -> float:
    whole = (end - start).total_seconds() or 1.0
    return round(LEFT + (moment - start).total_seconds() / whole * (WIDTH - LEFT - 8), 1)


def _bar(finding: Finding, start: datetime, end: datetime, y: int, index: Index) -> TimelineBar:
    first, last = _times(finding)
    x = _x(first, start, end)
    return TimelineBar(
        x=x,
        y=y,
        width=max(4.0, round(_x(last, start, end) - x, 1)),
        owner=mark(finding.owner),
        href=index.link(finding).href,
        full=f"{title(finding)}: {span(finding.first_seen, finding.last_seen)}",
    )


def _ticks(start: datetime, end: datetime) -> tuple[GridLabel, ...]:
    whole = end - start
    step = next((step for step in _STEPS if whole / step <= _TICKS_MAX), whole / _TICKS_MAX)
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    moment = day + step * -(-(start - day) // step)
    ticks: list[GridLabel] = []
    while moment <= end:
        form = "%m-%d" if step >= _DAY else "%H:%M" if ticks else "%m-%d %H:%M"
        x = int(_x(moment, start, end))
        if x <= WIDTH - 40:
            ticks.append(GridLabel(x, 12, f"{moment:{form}}"))
        moment += step
    return tuple(ticks)


def _note(untimed: int, timed: int, drawn: int) -> str:
    parts = []
    if untimed:
        parts.append(f"{count(untimed, 'finding has', 'findings have')} no time in the evidence.")
    if drawn < timed:
        parts.append(f"{drawn:,} of {timed:,} are drawn.")
    return " ".join(parts)
