"""The scanner: counts, line numbers, times; size, chunk borders and hostile lines."""

from __future__ import annotations

import pickle
import time
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.facts.landmarks import landmarks, patterns
from analyzer.facts.scan import (
    LogKind,
    Match,
    Pattern,
    PatternSet,
    Scanner,
    TextItem,
    log_kind,
    match_texts,
    merge,
)
from analyzer.model.evidence import EvidenceRef

KUBELET = "nodes/n1/kubelet/journal.log"
HEAD = "2026-03-02T08:10:00.000000+00:00 n1 kubelet[1]: "


def a_pattern(
    regex: str, name: str = "p", kind: LogKind = LogKind.KUBELET, **more: bool
) -> Pattern:
    return Pattern(name, frozenset({kind}), regex, **more)


def scan(pattern_set: PatternSet, data: bytes, size: int = 1 << 20) -> tuple[Match, ...]:
    scanner = Scanner(pattern_set)
    scanner.feed(KUBELET, (data[at : at + size] for at in range(0, len(data), size)))
    return scanner.results()


# --- counting ------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["needle one", "other", "", "NEEDLE", "x" * 300]), max_size=60),
    st.integers(1, 97),
    st.booleans(),
)
def test_line_numbers_do_not_depend_on_chunk_borders(
    lines: list[str], size: int, ended: bool
) -> None:
    data = "\n".join(lines).encode() + (b"\n" if ended and lines else b"")
    wanted = [n for n, line in enumerate(lines, start=1) if line == "needle one"]
    found = scan(PatternSet((a_pattern("needle one"),)), data, size)
    assert sum(m.count for m in found) == len(wanted)
    if wanted:
        assert found[0].samples[0].line == wanted[0]


def test_line_numbers_over_many_blocks() -> None:
    filler = b"an ordinary line of a journal that matches nothing at all\n" * 30_000
    data = filler + b"needle 1 here\n" + filler + b"a needle too\n" + filler
    (found,) = scan(PatternSet((a_pattern("needle"),)), data, 4096)
    assert [ref.line for ref in found.samples] == [30_001, 60_002]


def test_windows_line_ends_and_a_last_line_without_end() -> None:
    found = scan(PatternSet((a_pattern("needle$"),)), b"x\r\na needle\r\nb needle")
    assert [(m.count, m.samples[0].line, m.samples[0].excerpt) for m in found] == [
        (2, 2, "a needle")
    ]


def test_a_million_equal_lines_are_one_row() -> None:
    line = (HEAD + "needle: the very same text again and again\n").encode()
    block = line * 10_000
    scanner = Scanner(PatternSet((a_pattern("needle"),)))
    scanner.feed(KUBELET, (block for _ in range(100)))
    (row,) = scanner.results()
    assert row.count == 1_000_000
    assert len(row.samples) == 1
    assert len(row.bursts) == 1


def test_memory_does_not_grow_with_the_log() -> None:
    chunk = "".join(f"{HEAD}needle value={i:06d}\n" for i in range(5000)).encode()

    def peak(repeats: int) -> int:
        scanner = Scanner(PatternSet((a_pattern(r"needle value=(?P<value>\d+)"),)))
        tracemalloc.start()
        scanner.feed(KUBELET, (chunk for _ in range(repeats)))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(40) < peak(8) * 1.3


def test_samples_are_of_distinct_shapes_and_cut() -> None:
    texts = [
        *("needle pod 1" for _ in range(5)),
        "needle node 7",
        "needle " + "y" * 900,
        "needle z",
    ]
    (row,) = scan(PatternSet((a_pattern("needle"),)), "\n".join(texts).encode())
    assert [ref.line for ref in row.samples] == [1, 6, 7]
    assert [len(ref.excerpt or "") for ref in row.samples] == [12, 13, 400]


def test_named_groups_are_kept_up_to_twenty() -> None:
    lines = "".join(f"needle v={i % 30} \n" for i in range(90)).encode()
    (row,) = scan(PatternSet((a_pattern(r"needle v=(?P<v>\d+)"),)), lines)
    assert row.captures["v"] == tuple(str(i) for i in range(20))


def test_every_literal_counts_even_where_they_overlap() -> None:
    texts = ["abcde", "bcdef", "cde", "abcdefgh", "efgh"]
    found = scan(
        PatternSet(tuple(a_pattern(text, text) for text in texts if len(text) > 3)), b"xabcdefghx\n"
    )
    assert {m.pattern for m in found} == {"abcde", "bcdef", "abcdefgh", "efgh"}


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.text("ab", min_size=4, max_size=7), min_size=1, max_size=90, unique=True),
    st.text("ab\n", max_size=120),
)
def test_finds_what_a_plain_search_finds(literals: list[str], text: str) -> None:
    found = scan(PatternSet(tuple(a_pattern(one, one) for one in literals)), text.encode())
    lines = text.split("\n")
    wanted = {one: sum(one in line for line in lines) for one in literals}
    assert {m.pattern: m.count for m in found} == {k: v for k, v in wanted.items() if v}


def test_case_of_the_expression_decides() -> None:
    both = PatternSet((a_pattern("Needle", "exact"), a_pattern("(?i)needle", "any")))
    found = {m.pattern: m.count for m in scan(both, b"NEEDLE\nNeedle\nneedle\n")}
    assert found == {"exact": 1, "any": 3}


def test_a_very_long_line_is_looked_at_around_its_literal() -> None:
    data = b"z" * 3_000_000 + b" needle here " + b"z" * 3_000_000 + b"\nneedle\n"
    (row,) = scan(PatternSet((a_pattern("needle"),)), data, 65_536)
    assert row.count == 2
    assert max(len(ref.excerpt or "") for ref in row.samples) <= 400


# --- times ---------------------------------------------------------------------------------------


def test_first_last_and_bursts() -> None:
    minutes = (0, 5, 30, 31, 59)
    lines = "".join(f"2026-03-02T08:{m:02d}:00Z needle\n" for m in minutes).encode()
    (row,) = scan(PatternSet((a_pattern("needle"),)), lines)
    at = [datetime(2026, 3, 2, 8, m, tzinfo=UTC) for m in minutes]
    assert (row.first_seen, row.last_seen) == (at[0], at[-1])
    assert row.bursts == ((at[0], at[1]), (at[2], at[3]), (at[4], at[4]))


def test_lines_after_a_start_are_start_up_noise() -> None:
    start = a_pattern("just started", "start", marks_start=True)
    lines = (
        b"2026-03-02T08:00:00Z just started\n2026-03-02T08:04:00Z needle\n"
        b"2026-03-02T08:06:00Z needle\n"
    )
    found = {m.pattern: m for m in scan(PatternSet((start, a_pattern("needle"))), lines)}
    assert (found["p"].count, found["p"].in_boot_grace) == (2, 1)
    assert found["start"].in_boot_grace == 0


def test_known_starts_and_seconds_since_boot_give_grace() -> None:
    begun = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    needle = PatternSet((a_pattern("needle", kind=LogKind.KERNEL),))
    scanner = Scanner(needle, starts=[begun])
    scanner.feed("nodes/n1/host/dmesg", [b"2026-03-02T08:01:00,000000+00:00 needle\n"])
    assert scanner.results()[0].in_boot_grace == 1
    bare = Scanner(needle)
    bare.feed("nodes/n1/host/dmesg", [b"[  12.000000] needle\n[ 900.000000] needle\n"])
    assert (bare.results()[0].count, bare.results()[0].in_boot_grace) == (2, 1)


# --- where ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("nodes/n/kubelet/journal.log", LogKind.KUBELET),
        ("nodes/n/containerd/journal.log", LogKind.CONTAINERD),
        ("nodes/n/host/dmesg", LogKind.KERNEL),
        ("nodes/n/cni/azure-vnet.log", LogKind.CNI),
        ("nodes/n/cni/azure-cns.log.1", LogKind.CNS),
        ("nodes/n/cni/net.d/10-azure.conflist", None),
        ("nodes/n/azure/waagent.log", LogKind.AZURE_AGENT),
        ("nodes/n/azure/cluster-provision.log", LogKind.PROVISIONING),
        ("nodes/n/azure/aks-log-collector.zip/var/log/syslog", LogKind.SYSLOG),
        ("nodes/n/azure/aks-log-collector.zip/var/log/kern.log", LogKind.KERNEL),
        ("nodes/n/network/resolv.conf", LogKind.RESOLV_CONF),
        ("nodes/n/host/sysctl", None),
        ("cluster/logs/kube-system/coredns-1-a/coredns.log", LogKind.COREDNS),
        ("cluster/logs/kube-system/coredns-1-a/coredns.previous.log", LogKind.COREDNS),
        ("cluster/logs/kube-system/coredns-1-a/coredns.log.previous", LogKind.COREDNS),
        ("cluster/logs/kube-system/coredns-autoscaler-1-a/autoscaler.log", LogKind.OTHER_POD),
        ("cluster/logs/kube-system/csi-azuredisk-node-a/azuredisk.log", LogKind.CSI),
        ("cluster/logs/app/web-0/web.log", LogKind.OTHER_POD),
        ("cluster/resources/core/pods/app.json", None),
        ("manifest.json", None),
    ],
)
def test_kind_by_path(path: str, kind: LogKind | None) -> None:
    assert log_kind(path) is kind


def test_the_place_and_the_cited_path_are_kept() -> None:
    scanner = Scanner(PatternSet((a_pattern("needle", kind=LogKind.COREDNS),)))
    path = "cluster/logs/kube-system/coredns-1-a/coredns.log"
    scanner.feed(path, [b"needle\n"], found_at="dump/coredns.txt")
    (row,) = scanner.results()
    assert (row.namespace, row.pod, row.container) == ("kube-system", "coredns-1-a", "coredns")
    assert row.path == row.samples[0].path == "dump/coredns.txt"


def test_members_that_are_no_logs_are_not_read() -> None:
    scanner = Scanner(PatternSet((a_pattern("needle"),)))
    scanner.feed("nodes/n/host/sysctl", (_ for _ in [pytest.fail] if _()))  # raises when read
    assert scanner.results() == ()


def test_a_mixed_journal_takes_the_patterns_of_its_parts() -> None:
    both = PatternSet((a_pattern("needle", kind=LogKind.KERNEL), a_pattern("thread", "q")))
    scanner = Scanner(both)
    scanner.feed("nodes/n/azure/x.zip/syslog", [b"needle\nthread\n"])
    assert {m.pattern for m in scanner.results()} == {"p", "q"}


# --- sets, pickling, merging ---------------------------------------------------------------------


def test_sets_and_rows_can_be_pickled() -> None:
    whole = patterns()
    whole.matcher(LogKind.KUBELET)
    again = pickle.loads(pickle.dumps(whole))
    assert again == whole
    line = (HEAD + 'I0302 1 server.go:1] "Kubelet version" kubeletVersion="v1.32.4"\n').encode()
    assert pickle.loads(pickle.dumps(scan(again, line))) == scan(whole, line)


def test_merge_adds_up() -> None:
    at = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    later = at + timedelta(hours=1)
    one = Match("p", "x", LogKind.KUBELET, "n", count=2, first_seen=at, last_seen=at)
    two = Match("p", "x", LogKind.KUBELET, "n", count=3, first_seen=later, last_seen=later)
    other = Match("p", "y", LogKind.KUBELET, "n", count=1)
    merged = merge([two, other, one])
    assert [(m.path, m.count, m.first_seen, m.last_seen) for m in merged] == [
        ("x", 5, at, later),
        ("y", 1, None, None),
    ]


def test_texts_are_matched_by_object() -> None:
    ref = EvidenceRef(path="events.json", what="event")
    items = [
        TextItem("FailedMount: needle", LogKind.EVENT, ref, pod=pod, namespace="app", count=2)
        for pod in ("a", "b", "a")
    ]
    found = match_texts(PatternSet((a_pattern("needle", kind=LogKind.EVENT),)), items)
    assert [(m.pod, m.count) for m in found] == [("a", 4), ("b", 2)]


@pytest.mark.parametrize(
    ("regex", "literals", "complaint"),
    [
        (r"\d+", (), "no literal"),
        (r"(?:a+b)+needle", (), "repeat inside"),
        (r"needle(", (), "missing"),
        (r"needle|thread", ("needle",), "need not contain"),
    ],
)
def test_bad_patterns_are_refused(regex: str, literals: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Pattern("p", frozenset({LogKind.KUBELET}), regex, literals)


def test_the_same_id_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        PatternSet((a_pattern("needle"), a_pattern("thread")))


# --- landmarks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("landmark", landmarks(), ids=lambda one: one.id)
def test_a_landmark_is_found_in_its_example_and_not_in_near_misses(landmark) -> None:  # type: ignore[no-untyped-def]
    kind = sorted(landmark.where)[0]
    alone = PatternSet((landmark.pattern(),))
    ref = EvidenceRef(path="x")
    items = [TextItem(text, kind, ref) for text in (landmark.example, *landmark.near_misses)]
    assert [len(match_texts(alone, [item])) for item in items] == [1, 0, 0]


HOSTILE = [
    b"a" * 60_000,
    b'"' * 60_000,
    b"\\" * 60_000,
    b" " * 60_000,
    b"0" * 60_000,
    b"0123456789abcdef-" * 3_500,
    b"failed failed to reserve container name name is reserved for " * 900,
    b"i/o timeout dial tcp 10.0.0.1:53 -> " * 1_500,
    b"plugin/errors: 2 a. A: read udp 1:53 " * 1_500,
]


@pytest.mark.parametrize("landmark", landmarks(), ids=lambda one: one.id)
def test_landmarks_are_fast_on_hostile_lines(landmark) -> None:  # type: ignore[no-untyped-def]
    stem = landmark.example.encode()
    lines = [*HOSTILE, stem[: len(stem) // 2] * 200, stem * 100]
    kind = sorted(landmark.where)[0]
    matcher = PatternSet((landmark.pattern(),)).matcher(kind)
    assert matcher is not None
    begun = time.process_time()
    for line in lines:
        matcher.expressions[0].search(line[:16_384])
    assert time.process_time() - begun < 1.0
