"""What a scan gives: one row per pattern and member, and how rows are built and put together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from analyzer.facts.logkinds import LogKind
from analyzer.facts.patterns import PatternSet
from analyzer.model.evidence import EvidenceRef

SAMPLES = 3
VALUES = 20
LONGEST_EXCERPT = 400
#: Lines further apart than this are two bursts.
BURST_GAP = timedelta(minutes=10)
BURSTS = 32
#: After so many lines of one row no new shape and no new value is looked for.
_SHAPES_TRIED = 2000
_VALUES_TRIED = 20_000
_VARIABLE = re.compile(rb"0x[0-9a-fA-F]+|\b[0-9a-f]{8,}\b|\d+")


@dataclass(frozen=True, slots=True)
class Match:
    """All lines of one member (or all texts about one object) that a pattern matched.

    ``first_seen`` and ``last_seen`` are UTC, None where no line has a stamp that can be resolved.
    ``samples`` are the first lines of up to three shapes, cut at 400 bytes. ``captures`` are the
    values of named groups in the first 20,000 lines, up to 20 each, in order. ``in_boot_grace`` is
    how many of ``count`` fell within five minutes of boot or of a start. ``bursts`` are first and
    last time of each stretch without a gap of over ten minutes, up to 32.
    """

    pattern: str
    path: str
    kind: LogKind
    node: str | None = None
    namespace: str | None = None
    pod: str | None = None
    container: str | None = None
    count: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    samples: tuple[EvidenceRef, ...] = ()
    captures: dict[str, tuple[str, ...]] = field(default_factory=dict)
    in_boot_grace: int = 0
    bursts: tuple[tuple[datetime, datetime], ...] = ()


class Tally:
    """A row in the making."""

    __slots__ = (
        "_bursts",
        "_captures",
        "_place",
        "_samples",
        "_shapes",
        "collects",
        "count",
        "first",
        "grace",
        "head",
        "in_grace",
        "last",
    )

    def __init__(
        self,
        pattern: str,
        path: str,
        kind: LogKind,
        node: str | None,
        namespace: str | None,
        pod: str | None,
        container: str | None,
    ) -> None:
        self._place = (pattern, path, kind, node, namespace, pod, container)
        self.count = 0
        self.in_grace = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        #: The head of the last line that was read for its stamp, and what came of it.
        self.head: bytes | None = None
        self.grace = False
        #: False once neither samples nor captured values are wanted any more.
        self.collects = True
        self._samples: list[EvidenceRef] = []
        self._shapes: set[bytes] = set()
        self._captures: dict[str, dict[str, None]] = {}
        self._bursts: list[list[datetime]] = []

    def seen(self, at: datetime) -> None:
        """Widen first and last, and the burst that the time falls into."""
        bursts = self._bursts
        if self.last is not None and at >= self.last and at - self.last <= BURST_GAP:
            self.last = bursts[-1][1] = at  # the usual case: a log in the order of its times
            return
        if self.first is None or at < self.first:
            self.first = at
        if self.last is None or at > self.last:
            self.last = at
        if not bursts:
            bursts.append([at, at])
        elif at < bursts[-1][0]:  # older than what came before: a log that was joined
            bursts[-1][0] = at if bursts[-1][0] - at <= BURST_GAP else bursts[-1][0]
        elif at - bursts[-1][1] <= BURST_GAP or len(bursts) >= BURSTS:
            bursts[-1][1] = max(at, bursts[-1][1])
        else:
            bursts.append([at, at])

    def keep(self, match: re.Match[bytes], line: bytes, number: int) -> None:
        """Keep the line as a sample where its shape is new, and its named groups."""
        if len(self._samples) < SAMPLES and self.count <= _SHAPES_TRIED:
            shape = _VARIABLE.sub(b"#", line)
            if shape not in self._shapes:
                self._shapes.add(shape)
                excerpt = line[:LONGEST_EXCERPT].decode("utf-8", "replace")
                self._samples.append(EvidenceRef(path=self._place[1], line=number, excerpt=excerpt))
        elif not match.re.groupindex or self.count > _VALUES_TRIED:
            self.collects = False
        if match.re.groupindex:
            self._capture(match)

    def _capture(self, match: re.Match[bytes]) -> None:
        for name, value in match.groupdict().items():
            values = self._captures.setdefault(name, {})
            if value is not None and len(values) < VALUES:
                values[value[:LONGEST_EXCERPT].decode("utf-8", "replace")] = None

    def row(self) -> Match:
        """The finished row."""
        return Match(
            *self._place,
            count=self.count,
            first_seen=self.first,
            last_seen=self.last,
            samples=tuple(self._samples),
            captures={name: tuple(values) for name, values in sorted(self._captures.items())},
            in_boot_grace=self.in_grace,
            bursts=tuple((first, last) for first, last in self._bursts),
        )


@dataclass(frozen=True, slots=True)
class TextItem:
    """A text that is no log line (an event's message, a field of an object) and where it stands."""

    text: str
    kind: LogKind
    where: EvidenceRef
    node: str | None = None
    namespace: str | None = None
    pod: str | None = None
    count: int = 1
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    in_boot_grace: int = 0


def match_texts(patterns: PatternSet, items: Iterable[TextItem]) -> tuple[Match, ...]:
    """Match texts one by one; rows about the same object in the same member are put together."""
    rows = []
    for item in items:
        matcher = patterns.matcher(item.kind)
        text = item.text.encode("utf-8", "replace")
        if matcher is None:
            continue
        wanted = {index for _, users in matcher.hits(text.lower()) for index in users}
        for index in sorted(wanted):
            if match := matcher.expressions[index].search(text):
                rows.append(_text_row(matcher.patterns[index].id, item, match))
    return merge(rows)


def _text_row(pattern: str, item: TextItem, match: re.Match[bytes]) -> Match:
    times = [at for at in (item.first_seen, item.last_seen) if at is not None]
    return Match(
        pattern=pattern,
        path=item.where.path,
        kind=item.kind,
        node=item.node,
        namespace=item.namespace,
        pod=item.pod,
        count=item.count,
        first_seen=min(times, default=None),
        last_seen=max(times, default=None),
        samples=(item.where,),
        captures={
            name: (value.decode("utf-8", "replace"),)
            for name, value in sorted(match.groupdict().items())
            if value is not None
        },
        in_boot_grace=item.in_boot_grace,
        bursts=((min(times), max(times)),) if times else (),
    )


def _key(match: Match) -> tuple[str, ...]:
    about = (match.node, match.namespace, match.pod, match.container)
    return (match.pattern, match.path, *(part or "" for part in about))


def merge(matches: Iterable[Match]) -> tuple[Match, ...]:
    """Put rows of the same pattern, member and object together; sorted by these."""
    rows: dict[tuple[str, ...], Match] = {}
    for match in matches:
        key = _key(match)
        rows[key] = _joined(rows[key], match) if key in rows else match
    return tuple(rows[key] for key in sorted(rows))


def _joined(one: Match, two: Match) -> Match:
    firsts = [at for at in (one.first_seen, two.first_seen) if at is not None]
    lasts = [at for at in (one.last_seen, two.last_seen) if at is not None]
    names = sorted({*one.captures, *two.captures})
    values = {n: dict.fromkeys((*one.captures.get(n, ()), *two.captures.get(n, ()))) for n in names}
    return replace(
        one,
        count=one.count + two.count,
        first_seen=min(firsts, default=None),
        last_seen=max(lasts, default=None),
        samples=tuple(dict.fromkeys((*one.samples, *two.samples)))[:SAMPLES],
        captures={name: tuple(found)[:VALUES] for name, found in values.items()},
        in_boot_grace=one.in_boot_grace + two.in_boot_grace,
        bursts=_joined_bursts((*one.bursts, *two.bursts)),
    )


def _joined_bursts(
    bursts: Iterable[tuple[datetime, datetime]],
) -> tuple[tuple[datetime, datetime], ...]:
    out: list[tuple[datetime, datetime]] = []
    for first, last in sorted(bursts):
        if out and (first - out[-1][1] <= BURST_GAP or len(out) >= BURSTS):
            out[-1] = (out[-1][0], max(last, out[-1][1]))
        else:
            out.append((first, last))
    return tuple(out)
