"""Shapes of error lines: what counts as an error, what is left out, counts in floods, memory."""

from __future__ import annotations

import time
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest

from analyzer.facts.error_lines import PERIOD_MINUTES, shape_of
from analyzer.facts.logkinds import LogKind
from analyzer.facts.patterns import Pattern, PatternSet
from analyzer.facts.scan import Scanner

KUBELET = "nodes/n1/kubelet/journal.log"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def line(text: str, at: datetime = START, level: str = "E") -> str:
    """A line of the kubelet in a journal."""
    iso = at.isoformat(timespec="microseconds")
    klog = f"{level}{at:%m%d %H:%M:%S.%f}"
    return f"{iso} n1 kubelet[812]: {klog}     812 {text}\n"


def scan(text: str, *known: str, path: str = KUBELET, size: int = 1 << 20) -> Scanner:
    patterns = [Pattern(f"p{i}", frozenset(LogKind), one) for i, one in enumerate(known)]
    scanner = Scanner(PatternSet((*patterns, Pattern("never", frozenset(LogKind), "nevermind"))))
    data = text.encode()
    scanner.feed(path, (data[i : i + size] for i in range(0, len(data), size)))
    return scanner


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (line('pod.go:12] "Boom" pod="a/web-1"'), 'pod.go:#] "Boom" pod=#'),
        (
            "2026-03-02T08:10:00Z E0302 08:10:00.000100       1 clientset.go:200] no way\n",
            "clientset.go:#] no way",
        ),
        ('time="2026-03-02T08:10:00Z" level=error msg="lost 17 of 20"\n', 'msg="lost # of #"'),
        ('{"level":"error","ts":"2026-03-02T08:10:00Z","msg":"no"}\n', '"ts":"#","msg":"no"}'),
        ("2026-03-02T08:10:00Z [ERROR] plugin/errors: 2 a.b. A: out\n",
         "plugin/errors: # a.b. A: out"),
        ("2026/03/02 08:10:00 [error] 7#7: *12 connect() failed\n", "### *# connect() failed"),
        ("2026/03/02 08:10:00 [1] ERROR could not reach 10.0.0.1:443\n", "could not reach #"),
    ],
)  # fmt: skip
def test_levels_in_all_forms(text: str, shape: str) -> None:
    (row,) = scan(text * 6).errors()
    assert (row.shape, row.count) == (shape, 6)
    assert row.sample.line == 1


@pytest.mark.parametrize(
    "text",
    [
        line("all is well", level="I"),
        line("slow disk", level="W"),
        "2026-03-02T08:10:00Z an error occurred, said the customer\n",
        "2026-03-02T08:10:00Z I0302 08:10:00.000100 1 a.go:1] ERRORS_TOTAL is 0\n",
        f'time="2026-03-02T08:10:00Z" level=info msg="{"x" * 300}" cause="level=error"\n',
    ],
)
def test_no_error_level_is_no_error_line(text: str) -> None:
    assert scan(text * 6).errors() == ()


def test_known_lines_and_start_up_are_left_out() -> None:
    text = line('a.go:1] "Known trouble"') * 10 + line('a.go:2] "New trouble"') * 10
    assert [row.shape for row in scan(text, "Known trouble").errors()] == ['a.go:#] "New trouble"']
    scanner = Scanner(PatternSet((Pattern("never", frozenset(LogKind), "nevermind"),)), boot=START)
    late = line('a.go:2] "New trouble"', START + timedelta(minutes=30)) * 7
    scanner.feed(KUBELET, [text.encode(), late.encode()])
    (row,) = scanner.errors()
    assert (row.count, row.first_seen) == (7, START + timedelta(minutes=30))


def test_counts_by_period_and_the_time_that_a_log_covers() -> None:
    text = line("a.go:1] quiet", START - timedelta(hours=2), "I")
    for minute in range(40):
        text += line(f"b.go:7] trouble {minute}", START + timedelta(minutes=minute)) * 2
    scanner = scan(text, size=997)
    (row,) = scanner.errors()
    assert sum(count for _, count in row.periods) == row.count == 80
    assert [count for _, count in row.periods] == [2 * PERIOD_MINUTES] * 4
    (span,) = scanner.spans()
    assert (span.node, span.first) == ("n1", START - timedelta(hours=2))
    assert span.last == START + timedelta(minutes=39)


def test_rare_shapes_are_not_told_and_the_number_is_bounded() -> None:
    assert scan(line("a.go:1] once") * 4).errors() == ()
    words = ["".join(chr(97 + int(d)) for d in f"{i:04d}") for i in range(900)]
    text = "".join(line(f"a.go:1] {word}") * 6 for word in words)
    assert len(scan(text).errors()) == 40


def test_a_flood_is_weighed_in_bounded_memory() -> None:
    block = (line('a.go:1] "Flood" n=17') * 4000).encode()
    scanner = Scanner(PatternSet((Pattern("never", frozenset(LogKind), "nevermind"),)))
    tracemalloc.start()
    scanner.feed(KUBELET, (block for _ in range(20)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (row,) = scanner.errors()
    assert row.count == pytest.approx(80_000, rel=0.02)
    assert peak < 8 * 1024 * 1024


def test_the_same_bytes_in_other_chunks_give_the_same_rows() -> None:
    text = "".join(
        line(f"a.go:{i % 7}] trouble {i}", START + timedelta(seconds=i)) for i in range(900)
    )
    assert scan(text, size=64).errors() == scan(text, size=1 << 20).errors()


def test_changing_parts_are_left_out() -> None:
    one = shape_of(b'pods.go:7] "Sync failed" pod="shop/web-6d5f7-x2x" err="dial 10.0.0.1:443: no"')
    two = shape_of(b'pods.go:9] "Sync failed" pod="bill/api-77c9-zzz" err="dial 10.9.0.8:443: no"')
    assert one == two == b'pods.go:#] "Sync failed" pod=# err="dial # no"'


@pytest.mark.parametrize(
    "text", ['"', "\\", '\\"', "a", "0", "a/", '"a/', "0:", ". ", "E0", "ERROR"]
)
def test_fast_on_hostile_lines(text: str) -> None:
    row = line(text * (60_000 // len(text)))
    bare = "E0302 08:10:00.000100 7 " + text * 3000 + "\n"
    begun = time.process_time()
    scan((row + bare) * 12)
    assert time.process_time() - begun < 1.0
