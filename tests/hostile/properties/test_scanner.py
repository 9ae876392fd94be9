"""The log scanner over any bytes, with the real patterns: how they arrive changes nothing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from analyzer.facts.landmarks import patterns
from analyzer.facts.scan import LogKind, Pattern, PatternSet, Scanner
from tests.hostile.effort import examples

PATHS = st.sampled_from(
    ["nodes/n1/kubelet/journal.log", "nodes/n1/containerd/journal.log", "nodes/n1/host/dmesg",
     "cluster/logs/kube-system/coredns-1/coredns.log", "nodes/n1/azure/waagent.log"]
)  # fmt: skip
HEADS = st.sampled_from(
    [b"", b"2026-03-02T08:10:00.000000+00:00 n1 kubelet[1]: ", b"[    5.123456] ", b"\0", b"\xff",
     b"2026-13-99T99:99:99Z ", b"E0302 08:10:00.000000 1 x.go:1] ", b"\r", b"\x1b[31m"]
)  # fmt: skip
BODIES = st.sampled_from(
    [b"", b"Out of memory: Killed process 1 (java)", b"PLEG is not healthy", b"x" * 9_000,
     b"nf_conntrack: table full, dropping packet", b"i/o timeout", b"no space left on device",
     b"Failed to create pod sandbox", b"panic: runtime error", "é\u202e".encode(), b"\xc3\x28"]
)  # fmt: skip
LINES = st.builds(lambda head, body: head + body, HEADS, BODIES | st.binary(max_size=60))
#: A literal that is in no other line.
PLANTED = b"kubelet lost needle-7f3a"


def scanned(path: str, data: bytes, cuts: list[int], known: PatternSet) -> Scanner:
    scanner = Scanner(known)
    ends = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    scanner.feed(path, [data[start:end] for start, end in pairwise(ends)])
    return scanner


@examples(60)
@given(PATHS, st.lists(LINES, max_size=12), st.lists(st.integers(0, 20_000), max_size=6))
def test_the_real_patterns_see_the_same_however_the_bytes_arrive(
    path: str, lines: list[bytes], cuts: list[int]
) -> None:
    data = b"\n".join(lines)
    whole = scanned(path, data, [], patterns())
    pieces = scanned(path, data, cuts, patterns())
    assert whole.results() == pieces.results()
    assert whole.errors() == pieces.errors()
    assert whole.spans() == pieces.spans()


@examples(60)
@given(st.lists(LINES, max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_a_line_is_found_at_its_number_whatever_stands_around_it(
    lines: list[bytes], places: list[int]
) -> None:
    lines = [line.replace(b"\n", b"").replace(b"needle-7f3a", b"") for line in lines]
    for place in places:
        lines.insert(place, PLANTED)
    known = PatternSet((Pattern("planted", frozenset({LogKind.KUBELET}), "needle-7f3a"),))
    found = scanned("nodes/n1/kubelet/journal.log", b"\n".join(lines), [], known).results()
    wanted = [number for number, line in enumerate(lines, 1) if line == PLANTED]
    assert sum(match.count for match in found) == len(wanted)
    cited = [ref.line for match in found for ref in match.samples]
    assert set(cited) <= set(wanted) and (bool(cited) == bool(wanted))
