"""The log scanner: raw bytes of text members in, one row per pattern and member out.

Memory does not depend on the size of a log: a row keeps counts, first and last time, the bursts,
a few sample lines and a few captured values. A member is scanned in the order of its lines.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from analyzer.facts.error_lines import ErrorLines, ErrorShape, LogSpan
from analyzer.facts.logkinds import POD_KINDS, LogKind, log_kind, place
from analyzer.facts.matches import Match, Tally, TextItem, match_texts, merge
from analyzer.facts.parse.timestamps import StampReader, seconds_since_boot
from analyzer.facts.patterns import KindMatcher, Pattern, PatternSet

__all__ = [
    "LogKind",
    "Match",
    "Pattern",
    "PatternSet",
    "Scanner",
    "TextItem",
    "log_kind",
    "match_texts",
    "merge",
]

#: Lines of start-up that do not count (seconds after boot or after the start of the writer).
BOOT_GRACE = 300.0
#: Bytes that are scanned in one go; smaller chunks are put together first.
_BLOCK = 1 << 19
#: A line longer than this is looked at in pieces.
_LONGEST_CARRY = 1 << 18
#: Bytes of a line on either side of a literal that an expression gets to see.
LONGEST_LINE = 8192
_STARTS_KEPT = 256
#: Bytes at the head of a line that tell its time to the second, in every form.
STAMP_HEAD = 19
_CARRIAGE_RETURN = 13
#: Logs whose lines carry a level.
_WITH_LEVELS = POD_KINDS | {
    LogKind.KUBELET, LogKind.CONTAINERD, LogKind.SYSLOG, LogKind.CNI, LogKind.AZURE_AGENT,
    LogKind.CONTROL_PLANE,
}  # fmt: skip
#: Seconds since boot are counted from here until it is known when the machine booted.
_BOOT = datetime(1970, 1, 1, tzinfo=UTC)


class Scanner:
    """Scans the members of one bundle or of one node, in a single process.

    Args:
        patterns: what to look for.
        reference: the time of collection, for stamps without a year.
        boot: when the machine booted, for dmesg in seconds.
        starts: known starts (boot, kubelet, container) that open a time of grace in all members.
    """

    def __init__(
        self,
        patterns: PatternSet,
        *,
        reference: datetime | None = None,
        boot: datetime | None = None,
        starts: Iterable[datetime] = (),
    ) -> None:
        self._patterns = patterns
        self._stamps = StampReader(reference, boot)
        self._known = sorted([*starts, *([boot] if boot else [])])
        self._starts: dict[str, list[datetime]] = {}
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._last: tuple[bytes, datetime | None] = (b"", None)
        self._since_boot: dict[tuple[str, str], Tally] = {}
        self._errors: list[ErrorShape] = []
        self._spans: list[LogSpan] = []

    def feed(self, path: str, chunks: Iterable[bytes], found_at: str | None = None) -> None:
        """Scan one member, given as raw chunks in order.

        Args:
            path: the canonical path, which tells the kind of log and the node or pod.
            chunks: the bytes, in pieces of any size; not read where ``path`` is no log.
            found_at: the path to cite as evidence, where it is not ``path``.
        """
        member = self.open(path, found_at)
        if member is None:
            return
        for chunk in chunks:
            member.write(chunk)
        member.close()

    def open(self, path: str, found_at: str | None = None) -> MemberScan | None:
        """Scan a member by pushing bytes (``write`` … ``close``); None where it is no log."""
        kind = log_kind(path)
        matcher = self._patterns.matcher(kind) if kind else None
        if kind is None or matcher is None:
            return None
        return MemberScan(self, matcher, kind, path, found_at or path)

    def results(self, boot: datetime | None = None) -> tuple[Match, ...]:
        """All rows so far, sorted by pattern and path.

        Args:
            boot: when the machine booted, where only another member told it: it gives lines in
                seconds since boot their time after all. Without it they stay without one.
        """
        rows = [self._tallies[key].row() for key in sorted(self._tallies)]
        if boot is None or not self._since_boot:
            return tuple(rows)
        late = [_from_boot(tally.row(), boot) for tally in self._since_boot.values()]
        return merge([*rows, *late])

    def errors(self) -> tuple[ErrorShape, ...]:
        """Shapes of error lines that no pattern matched, of all members that are closed."""
        return tuple(self._errors)

    def spans(self) -> tuple[LogSpan, ...]:
        """What time each closed member covers, where its lines tell it."""
        return tuple(self._spans)

    def note_errors(self, found: ErrorLines, kind: LogKind, path: str, cite: str) -> None:
        """Keep what one member came to."""
        where = place(path)
        self._errors += found.rows(kind, where)
        if found.first is not None and found.last is not None:
            self._spans.append(LogSpan(cite, kind, where[0], found.first, found.last))

    def tally(self, pattern: str, kind: LogKind, path: str, cite: str) -> Tally:
        """The row that a match of this pattern in this member adds to."""
        key = (pattern, cite)
        if key not in self._tallies:
            self._tallies[key] = Tally(pattern, cite, kind, *place(path))
        return self._tallies[key]

    def time_of(self, line: bytes) -> datetime | None:
        """The stamp of a line in UTC, exact to the second where lines of one second follow."""
        head = line[:STAMP_HEAD]
        if head != self._last[0]:
            self._last = (head, self._stamps.read(line))
        return self._last[1]

    def note_seconds(self, pattern: str, kind: LogKind, path: str, cite: str, line: bytes) -> None:
        """Keep the time of a line that tells seconds since a boot that is not known yet."""
        seconds = seconds_since_boot(line)
        if seconds is None:
            return
        key = (pattern, cite)
        if key not in self._since_boot:
            self._since_boot[key] = Tally(pattern, cite, kind, *place(path))
        self._since_boot[key].seen(_BOOT + timedelta(seconds=seconds))

    def note_start(self, node: str, at: datetime) -> None:
        """Remember that something on this node has just started."""
        starts = self._starts.setdefault(node, [])
        if len(starts) < _STARTS_KEPT and at not in starts:
            insort(starts, at)

    def in_grace(self, node: str, at: datetime | None, line: bytes) -> bool:
        """True within five minutes of boot or of a start on the same node."""
        if at is None:
            seconds = seconds_since_boot(line)
            return seconds is not None and seconds < BOOT_GRACE
        for starts in (self._known, self._starts.get(node, ())):
            index = bisect_right(starts, at) - 1
            if index >= 0 and (at - starts[index]).total_seconds() < BOOT_GRACE:
                return True
        return False


class MemberScan:
    """One member on its way through the scanner."""

    def __init__(
        self, scanner: Scanner, matcher: KindMatcher, kind: LogKind, path: str, cite: str
    ) -> None:
        self._scanner = scanner
        self._matcher = matcher
        self._kind = kind
        self._path = path
        self._cite = cite
        self._node = place(path)[0] or path
        self._pending: list[bytes] = []
        self._size = 0
        self._lines = 0
        self._tallies: list[Tally | None] = [None] * len(matcher.patterns)
        #: The head of the last line whose time was read, that time, and whether it is start-up.
        self._head = b""
        self._at: datetime | None = None
        self._grace = False
        self._errors = ErrorLines(scanner, self._node, cite) if kind in _WITH_LEVELS else None

    def write(self, chunk: bytes) -> None:
        """Take the next bytes; they are scanned once enough have come together."""
        self._pending.append(chunk)
        self._size += len(chunk)
        if self._size >= _BLOCK:
            self._flush()

    def close(self) -> None:
        """Scan what is left. A last line without a line end counts as a line."""
        self._scan(b"".join(self._pending))
        self._pending, self._size = [], 0
        if self._errors is not None:
            self._scanner.note_errors(self._errors, self._kind, self._path, self._cite)

    def _flush(self) -> None:
        block = b"".join(self._pending)
        cut = block.rfind(b"\n") + 1
        if not cut and len(block) > _LONGEST_CARRY:
            cut = len(block)
        self._scan(block[:cut])
        rest = block[cut:]
        if len(rest) > _LONGEST_CARRY:
            self._scan(rest)
            rest = b""
        self._pending, self._size = [rest] if rest else [], len(rest)

    def _scan(self, block: bytes) -> None:
        """Scan whole lines, and keep the number of the first line of the next block."""
        seen_at, seen_lines = 0, self._lines
        known: set[int] = set()
        expressions, tallies = self._matcher.expressions, self._tallies
        tested = [-1] * len(tallies)
        line_from = line_to = -1
        line = b""
        for position, wanted in self._matcher.hits(block.lower()):
            if not line_from <= position < line_to:
                line_from, line_to = _bounds(block, position)
                line = block[line_from:line_to]
            for index in wanted:
                if tested[index] == line_from:
                    continue
                tested[index] = line_from
                match = expressions[index].search(line)
                if match is None:
                    continue
                known.add(line_from)
                tally = tallies[index] or self._tally(index)
                tally.count += 1
                if line[:STAMP_HEAD] != tally.head:
                    self._stamp(index, tally, line)
                tally.in_grace += tally.grace
                if tally.collects:
                    seen_lines += block.count(b"\n", seen_at, line_from)
                    seen_at = line_from
                    tally.keep(match, line, seen_lines + 1)
        if self._errors is not None and block:
            self._errors.block(block, known, self._lines)
        self._lines = seen_lines + block.count(b"\n", seen_at)

    def _tally(self, index: int) -> Tally:
        tally = self._tallies[index]
        if tally is None:
            pattern = self._matcher.patterns[index].id
            tally = self._scanner.tally(pattern, self._kind, self._path, self._cite)
            self._tallies[index] = tally
        return tally

    def _stamp(self, index: int, tally: Tally, line: bytes) -> None:
        """Read the time of a line whose head is another one than that of the line before."""
        head = line[:STAMP_HEAD]
        if head != self._head:  # several patterns look at the same line
            self._head = head
            self._at = self._scanner.time_of(line)
            self._grace = self._scanner.in_grace(self._node, self._at, line)
        at = self._at
        tally.head = head
        if self._matcher.patterns[index].marks_start:
            tally.grace = False
            self._head = b""  # from here on there is a time of grace
            if at is not None:
                self._scanner.note_start(self._node, at)
        else:
            tally.grace = self._grace
        if at is not None:
            tally.seen(at)
        else:
            pattern = self._matcher.patterns[index].id
            self._scanner.note_seconds(pattern, self._kind, self._path, self._cite, line)


def _from_boot(row: Match, boot: datetime) -> Match:
    """The row with its times counted from when the machine booted."""

    def at(moment: datetime) -> datetime:
        return boot + (moment - _BOOT)

    return replace(
        row,
        first_seen=at(row.first_seen) if row.first_seen else None,
        last_seen=at(row.last_seen) if row.last_seen else None,
        bursts=tuple((at(first), at(last)) for first, last in row.bursts),
    )


def _bounds(block: bytes, position: int) -> tuple[int, int]:
    """Where the line around a position starts and ends, at most ``LONGEST_LINE`` either side."""
    lowest = max(0, position - LONGEST_LINE)
    start = block.rfind(b"\n", lowest, position) + 1 or lowest
    highest = min(len(block), position + LONGEST_LINE)
    end = block.find(b"\n", position, highest)
    if end < 0:
        end = highest
    return start, end - 1 if end > position and block[end - 1] == _CARRIAGE_RETURN else end
