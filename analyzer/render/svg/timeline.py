"""The timeline: changes above, a lane per component or pool, the incident's window behind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.render.index import Index, mark
from analyzer.render.pictures import (
    GridLabel,
    Timeline,
    TimelineChange,
    TimelineMark,
    TimelineRow,
)
from analyzer.render.svg.moments import (
    CHANGES,
    KIND_NAMES,
    Moment,
    axis_of,
    incident_window,
    moments_of,
)
from analyzer.render.text import clip, count, span, when
from analyzer.render.words import OWNER_ORDER

WIDTH, LEFT, RIGHT = 900, 170, 8
AXIS, CHANGE_HEIGHT, MARK_HEIGHT, GAP = 20, 15, 10, 4
LANES_MAX, BARS_PER_LANE, BARS_IF_MANY, CHANGES_MAX, CHANGE_ROWS, ROWS_MAX = 16, 8, 3, 60, 4, 50
#: Rows of the table that changes may take.
ROWS_OF_CHANGES = 15
#: From here on marks of a lane are counted in buckets of so many units.
MARKS_MAX, BUCKET = 300, 6
#: So many findings fill a drawing; then each lane shows the worst of its own.
_BARS_MANY = 48
_MARK_WIDTH = 3.0
_CHARACTER, _CHANGE_TEXT = 6.8, 34
_DAY = timedelta(days=1)
_TICKS_MAX = 6
_STEPS = tuple(
    timedelta(minutes=m) for m in (1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 10080, 43200)
)


@dataclass(frozen=True, slots=True)
class _Scale:
    """From times to units of the drawing."""

    start: datetime
    end: datetime

    def x(self, moment: datetime) -> float:
        whole = (self.end - self.start).total_seconds() or 1.0
        share = min(1.0, max(0.0, (moment - self.start).total_seconds() / whole))
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def build_timeline(index: Index) -> Timeline | None:
    """Draw everything that has a time; None where fewer than two times differ."""
    moments = moments_of(index)
    if len({(moment.at, moment.until) for moment in moments}) < 2:
        return None
    scale = _Scale(*axis_of(moments))
    drawn = [moment for moment in moments if moment.until >= scale.start]
    changes, rows = _changes([m for m in drawn if m.kind in CHANGES][-CHANGES_MAX:], scale)
    top = AXIS + rows * CHANGE_HEIGHT + GAP
    lanes = _lanes([moment for moment in drawn if moment.kind not in CHANGES])
    labels, marks, height = _draw(lanes[:LANES_MAX], scale, top)
    band, band_text = _band(index, scale)
    return Timeline(
        label=(
            f"What happened from {when(scale.start)} to {when(scale.end)}: {_counts(drawn)}. "
            "The table below says the same."
        ),
        width=WIDTH,
        height=height,
        top=top,
        band=band,
        band_text=band_text,
        lanes=labels,
        ticks=_ticks(scale),
        changes=changes,
        marks=marks,
        rows=_rows(moments, index),
        rows_label=_rows_label(moments),
        note=_note(index, moments, drawn, lanes),
    )


def _counts(moments: Sequence[Moment]) -> str:
    findings = sum(moment.finding is not None for moment in moments)
    changes = sum(moment.kind in CHANGES for moment in moments)
    others = len(moments) - findings - changes
    return ", ".join(
        count(number, word)
        for number, word in ((findings, "finding"), (changes, "change"), (others, "other sighting"))
        if number
    )


def _changes(moments: Sequence[Moment], scale: _Scale) -> tuple[tuple[TimelineChange, ...], int]:
    """Markers in as few rows as their labels allow; a label without room stays a tool tip."""
    free = [float(LEFT)] * CHANGE_ROWS
    found: list[TimelineChange] = []
    used = 0
    for moment in moments:
        x = scale.x(moment.at)
        text = clip(moment.what, _CHANGE_TEXT)
        width = 10 + len(text) * _CHARACTER
        row = next((r for r, edge in enumerate(free) if edge <= x), None)
        fits = row is not None and x + width <= WIDTH
        row = row if row is not None else CHANGE_ROWS - 1
        free[row] = max(free[row], x + (width if fits else 8))
        used = max(used, row + 1)
        y = AXIS + row * CHANGE_HEIGHT
        full = f"{moment.seen} {moment.full}"
        found.append(TimelineChange(x, y, text if fits else "", full))
    return tuple(found), used


def _lanes(moments: Sequence[Moment]) -> list[tuple[str, list[Moment]]]:
    """Lanes with findings first, each group in the order of its first moment."""
    lanes: dict[str, list[Moment]] = {}
    for moment in moments:
        lanes.setdefault(moment.lane, []).append(moment)
    return sorted(
        lanes.items(), key=lambda lane: (not any(m.finding for m in lane[1]), lane[1][0].at)
    )


def _draw(
    lanes: Sequence[tuple[str, list[Moment]]], scale: _Scale, top: int
) -> tuple[tuple[GridLabel, ...], tuple[TimelineMark, ...], int]:
    most = _bars_per_lane(lanes)
    crowded = sum(not m.finding for _, lane in lanes for m in lane) > MARKS_MAX
    labels: list[GridLabel] = []
    marks: list[TimelineMark] = []
    y = top
    for name, moments in lanes:
        labels.append(GridLabel(0, y + MARK_HEIGHT, clip(name, 24)))
        plain = [moment for moment in moments if moment.finding is None]
        if plain:
            marks += _buckets(plain, scale, y) if crowded else _plain(plain, scale, y)
            y += MARK_HEIGHT + GAP
        for moment in _bars(moments, most):
            marks.append(_bar(moment, scale, y))
            y += MARK_HEIGHT + GAP
        y += GAP * 2
    return tuple(labels), tuple(marks), y


def _bars_per_lane(lanes: Sequence[tuple[str, list[Moment]]]) -> int:
    total = sum(moment.finding is not None for _, lane in lanes for moment in lane)
    return BARS_IF_MANY if total > _BARS_MANY else BARS_PER_LANE


def _bars(moments: Sequence[Moment], most: int) -> list[Moment]:
    """The worst findings of a lane, in the order of time."""
    found = [moment for moment in moments if moment.finding]
    chosen = sorted(range(len(found)), key=lambda place: _weight(found[place]))[:most]
    return [found[place] for place in sorted(chosen)]


def _bar(moment: Moment, scale: _Scale, y: int) -> TimelineMark:
    x = scale.x(moment.at)
    owner = mark(moment.finding.owner) if moment.finding else None
    width = round(max(4.0, scale.x(moment.until) - x), 1)
    return TimelineMark(x, y, width, MARK_HEIGHT, f"{moment.full}: {moment.seen}", owner)


def _plain(moments: Sequence[Moment], scale: _Scale, y: int) -> list[TimelineMark]:
    """One mark per moment; what begins at the same unit shares one."""
    at: dict[float, list[Moment]] = {}
    for moment in moments:
        at.setdefault(scale.x(moment.at), []).append(moment)
    marks = []
    for x, here in at.items():
        width = max(_MARK_WIDTH, *(scale.x(m.until) - x for m in here))
        more = f" and {len(here) - 1:,} more" if len(here) > 1 else ""
        full = f"{here[0].seen} {here[0].full}{more}"
        marks.append(TimelineMark(x, y, round(width, 1), MARK_HEIGHT, full))
    return marks


def _buckets(moments: Sequence[Moment], scale: _Scale, y: int) -> list[TimelineMark]:
    """Marks that grow with the logarithm of how much happened in their slice of time."""
    buckets: dict[int, list[Moment]] = {}
    for moment in moments:
        buckets.setdefault(int((scale.x(moment.at) - LEFT) // BUCKET), []).append(moment)
    number = {place: sum(m.count for m in here) for place, here in buckets.items()}
    most = math.log1p(max(number.values()))
    marks = []
    for place, here in sorted(buckets.items()):
        height = max(2, round(math.log1p(number[place]) / most * MARK_HEIGHT))
        times = span(min(m.at for m in here), max(m.at for m in here))
        full = f"{times}: {count(number[place], 'sighting')}, first: {here[0].what}"
        x = float(LEFT + place * BUCKET)
        marks.append(TimelineMark(x, y + MARK_HEIGHT - height, BUCKET - 1.0, height, full))
    return marks


def _band(index: Index, scale: _Scale) -> tuple[tuple[float, float] | None, str]:
    window = incident_window(index)
    if window is None:
        return None, ""
    first, last, severity = window
    x = scale.x(first)
    text = f"Shaded: {span(first, last)}, first to last sighting of {severity.value} findings."
    return (x, round(max(2.0, scale.x(last) - x), 1)), text


def _ticks(scale: _Scale) -> tuple[GridLabel, ...]:
    start, end = scale.start, scale.end
    whole = end - start
    step = next((step for step in _STEPS if whole / step <= _TICKS_MAX), whole / _TICKS_MAX)
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    moment = day + step * -(-(start - day) // step)
    ticks: list[GridLabel] = []
    while moment <= end:
        new_day = not ticks or moment.hour == moment.minute == 0
        form = "%Y-%m-%d" if step >= _DAY else "%m-%d %H:%M" if new_day else "%H:%M"
        x = int(scale.x(moment))
        if x <= WIDTH - 72:
            ticks.append(GridLabel(x, 12, f"{moment:{form}}"))
        moment += step
    return tuple(ticks)


def _rows(moments: Sequence[Moment], index: Index) -> tuple[TimelineRow, ...]:
    """The latest changes and what matters most besides, in the order of time."""
    changes = [n for n, moment in enumerate(moments) if moment.kind in CHANGES][-ROWS_OF_CHANGES:]
    taken = set(changes)
    others = [n for n in range(len(moments)) if n not in taken]
    others.sort(key=lambda place: _weight(moments[place]))
    chosen = [*changes, *others[: ROWS_MAX - len(changes)]]
    return tuple(
        TimelineRow(
            seen=moment.seen,
            lane=moment.lane,
            kind=KIND_NAMES[moment.kind],
            what=moment.full,
            owner=mark(moment.finding.owner) if moment.finding else None,
            link=index.link(moment.finding) if moment.finding else None,
        )
        for moment in (moments[place] for place in sorted(chosen))
    )


def _weight(moment: Moment) -> tuple[int, int, datetime, int]:
    finding = moment.finding
    severity = finding.severity.rank if finding else 0
    return moment.rank, severity, moment.at, OWNER_ORDER[finding.owner] if finding else 0


def _rows_label(moments: Sequence[Moment]) -> str:
    if len(moments) <= ROWS_MAX:
        return "The same as a table"
    return f"The {ROWS_MAX} that matter most of {len(moments):,}, as a table"


def _note(
    index: Index,
    moments: Sequence[Moment],
    drawn: Sequence[Moment],
    lanes: Sequence[tuple[str, list[Moment]]],
) -> str:
    parts = []
    untimed = sum(not (f.first_seen or f.last_seen) for f in index.findings)
    if untimed:
        parts.append(f"{count(untimed, 'finding has', 'findings have')} no time in the evidence.")
    if earlier := len(moments) - len(drawn):
        parts.append(f"{count(earlier, 'earlier entry', 'earlier entries')} not drawn.")
    if len(lanes) > LANES_MAX:
        parts.append(f"{count(len(lanes) - LANES_MAX, 'more lane')} not drawn.")
    bars = [sum(m.finding is not None for m in lane) for _, lane in lanes[:LANES_MAX]]
    most = _bars_per_lane(lanes[:LANES_MAX])
    if hidden := sum(max(0, number - most) for number in bars):
        parts.append(f"{count(hidden, 'more finding')} of crowded lanes not drawn.")
    if parts and index.diagnosis.timeline:
        parts.append("All of it is in the JSON report.")
    return " ".join(parts)
