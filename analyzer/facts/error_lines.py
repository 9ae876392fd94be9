"""Error lines that no pattern knows: their shapes, counted over time, for whoever looks for bursts.

Only lines that carry an error level are looked at, found in one vector search for a handful of
marks. A line's shape is its text after the level with all changing parts left out. Memory is
bounded: so many shapes a member, so many periods a shape; a flood is sampled and weighed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from analyzer.facts.logkinds import LogKind
from analyzer.model.evidence import EvidenceRef

#: Texts that stand on a line with an error level, as the writers spell them: klog at the head of a
#: line or behind a journal's or a collector's prefix, logrus, zap, and levels in capitals.
_MARKS = (
    b"]: E0", b"]: E1", b"]: F0", b"]: F1", b"Z E0", b"Z E1", b"Z F0", b"Z F1",
    b"F E0", b"F E1", b"\nE0", b"\nE1", b"level=error", b"level=fatal", b"level=ERROR",
    b'"level":"error"', b'"level":"fatal"', b'"level": "error"', b"ERROR", b"FATAL", b"panic: ",
    b"[error]",
)  # fmt: skip
_LEVEL = re.compile(
    rb"(?:^|\]: |Z |F )[EF](?:0\d|1[012])[0-3]\d \d\d:\d\d:\d\d[.\d]* +\d+ "
    rb"|\blevel=\"?(?:error|fatal|ERROR)\"?|\"level\": ?\"(?:error|fatal)\",?"
    rb"|(?<![\w/-])\[?(?:ERROR|FATAL)\b\]?:?|\[error\]|(?:^|\]: |Z |F )panic: "
)
#: What differs between two lines that say the same: names of pods, numbers, identities, addresses.
_CHANGING = re.compile(
    rb"\\*\"[\w.-]{1,120}/[\w./:@-]{1,200}\\*\""
    rb"|(?<![\w.-])(?![\w./-]{1,60}\.go:\d)[\w.:/-]{0,80}\d[\w.:/+-]*"
)
_SPACES = re.compile(rb"\s+")
#: A level stands at the head of a line; further on it is something quoted.
_HEAD = 200
_SHAPE_BYTES = 320
_SHAPE_KEPT = 140
_EXCERPT = 400
#: Lines of a member that are all looked at; of later blocks only so many, each weighing more.
_ALL_LINES = 4000
_SAMPLED = 40
#: Lines at either end of a member that are tried for a time stamp.
_ENDS = 5
_SHAPES = 200
_SHAPES_TOLD = 40
_FEWEST = 5
#: Length of a period in minutes, and how many periods of one shape are counted apart.
PERIOD_MINUTES = 10
_PERIODS = 1008


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """Error lines of one shape in one member, those of start-up and of known patterns left out.

    ``periods`` are (ten-minute period since 1970, lines) in order; lines without a time are in
    ``count`` alone. Counts are estimates where a flood was sampled.
    """

    shape: str
    path: str
    kind: LogKind
    node: str | None
    namespace: str | None
    pod: str | None
    container: str | None
    count: int
    first_seen: datetime | None
    last_seen: datetime | None
    periods: tuple[tuple[int, int], ...]
    sample: EvidenceRef


@dataclass(frozen=True, slots=True)
class LogSpan:
    """The time that one member covers, by the stamps of its first and last lines (UTC)."""

    path: str
    kind: LogKind
    node: str | None
    first: datetime
    last: datetime


def span_order(span: LogSpan) -> str:
    """The order in which spans are told."""
    return span.path


class Clock(Protocol):
    """What this module asks of the scanner: the time of a line, and whether it is start-up."""

    def time_of(self, line: bytes) -> datetime | None:
        """The stamp of a line in UTC."""

    def in_grace(self, node: str, at: datetime | None, line: bytes) -> bool:
        """True within minutes of a start on that node."""


class _Row:
    __slots__ = ("count", "first", "last", "periods", "sample")

    def __init__(self, sample: EvidenceRef) -> None:
        self.count = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.periods: dict[int, int] = {}
        self.sample = sample

    def add(self, at: datetime | None, weight: int) -> None:
        self.count += weight
        if at is None:
            return
        self.first = at if self.first is None or at < self.first else self.first
        self.last = at if self.last is None or at > self.last else self.last
        period = int(at.timestamp()) // (60 * PERIOD_MINUTES)
        if period in self.periods or len(self.periods) < _PERIODS:
            self.periods[period] = self.periods.get(period, 0) + weight


class ErrorLines:
    """Counts the shapes of error lines in one member, block by block.

    Args:
        clock: tells times and start-up.
        node: the node (or the path, where there is none) that starts are noted for.
        cite: the path to cite.
    """

    def __init__(self, clock: Clock, node: str, cite: str) -> None:
        self._clock = clock
        self._node = node
        self._cite = cite
        self._rows: dict[bytes, _Row] = {}
        self._looked_at = 0
        self.first: datetime | None = None
        self.last: datetime | None = None

    def block(self, block: bytes, known: Collection[int], lines_before: int) -> None:
        """Take the next whole lines.

        Args:
            block: bytes of whole lines.
            known: positions of the first bytes of lines that a pattern matched.
            lines_before: lines of the member before this block.
        """
        self._note_span(block)
        starts = _line_starts(block)
        fresh = [start for start in starts if start not in known]
        weight = 1
        if self._looked_at >= _ALL_LINES and len(fresh) > _SAMPLED:
            weight = -(-len(fresh) // _SAMPLED)
            fresh = fresh[::weight]
        self._looked_at += len(fresh)
        for start in fresh:
            end = block.find(b"\n", start, start + 8192)
            line = block[start : end if end >= 0 else start + 8192]
            self._line(line, weight, block, start, lines_before)

    def _line(self, line: bytes, weight: int, block: bytes, start: int, before: int) -> None:
        level = _LEVEL.search(line, 0, _HEAD)
        if level is None:
            return
        at = self._clock.time_of(line)
        if self._clock.in_grace(self._node, at, line):
            return
        shape = shape_of(line[level.end() :])
        row = self._rows.get(shape)
        if row is None:
            if len(self._rows) >= _SHAPES:
                return
            number = before + block.count(b"\n", 0, start) + 1
            excerpt = line[:_EXCERPT].decode("utf-8", "replace")
            row = self._rows[shape] = _Row(EvidenceRef(self._cite, line=number, excerpt=excerpt))
        row.add(at, weight)

    def _note_span(self, block: bytes) -> None:
        if self.first is None:
            heads = block[:4096].split(b"\n", _ENDS)[:_ENDS]
            self.first = next((at for line in heads if (at := self._clock.time_of(line))), None)
        tails = block[-4096:].split(b"\n")[-_ENDS:]
        last = next((at for line in reversed(tails) if (at := self._clock.time_of(line))), None)
        self.last = last or self.last

    def rows(
        self, kind: LogKind, place: tuple[str | None, str | None, str | None, str | None]
    ) -> tuple[ErrorShape, ...]:
        """The most frequent shapes, by their text."""
        often = sorted(
            ((shape, row) for shape, row in self._rows.items() if row.count >= _FEWEST),
            key=lambda item: (-item[1].count, item[0]),
        )[:_SHAPES_TOLD]
        return tuple(
            ErrorShape(
                shape.decode("utf-8", "replace"), self._cite, kind, *place, row.count,
                row.first, row.last, tuple(sorted(row.periods.items())), row.sample,
            )
            for shape, row in sorted(often, key=lambda item: item[0])
        )  # fmt: skip


def shape_of(text: bytes) -> bytes:
    """The text with its changing parts as ``#``, cut where it gets long."""
    masked = _CHANGING.sub(b"#", text[:_SHAPE_BYTES])
    return _SPACES.sub(b" ", masked).strip()[:_SHAPE_KEPT]


def period_start(period: int) -> datetime:
    """When a period of :class:`ErrorShape` begins."""
    return datetime.fromtimestamp(period * 60 * PERIOD_MINUTES, UTC)


_AUTOMATON = BytesAhoCorasick(list(_MARKS), MatchKind.LeftmostLongest)


def _line_starts(block: bytes) -> list[int]:
    """Where the lines with a mark begin, each once."""
    hits = [end - 1 for _, _, end in _AUTOMATON.find_matches_as_indexes(block)]
    if block[:2] in (b"E0", b"E1"):
        hits.insert(0, 1)
    starts: list[int] = []
    next_line = 0
    for hit in hits:
        if hit < next_line:
            continue
        starts.append(block.rfind(b"\n", next_line, hit) + 1 or next_line)
        following = block.find(b"\n", hit)
        if following < 0:
            break
        next_line = following + 1
    return starts
