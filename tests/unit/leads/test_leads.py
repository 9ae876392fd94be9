"""Leads: a burst against the time before, a node against its pool; silence where all is well."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analyzer.facts.landmarks import landmarks, patterns
from analyzer.facts.logs import Logs
from analyzer.facts.scan import Scanner
from analyzer.leads import find_leads
from analyzer.model.diagnosis import Lead
from tests.rules.harness import diagnosis_of

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
POOL = {f"n{i}": "work" for i in range(6)}
SAMPLES = Path(__file__).parents[4] / "shared" / "samples"


def klog(at: datetime, text: str, level: str = "E") -> str:
    iso = at.isoformat(timespec="microseconds")
    return f"{iso} n kubelet[8]: {level}{at:%m%d %H:%M:%S.%f}       8 {text}\n"


def day(*errors: tuple[datetime, str]) -> str:
    """Eight hours of a quiet log, a line a minute, with error lines in it."""
    rows = [(START + timedelta(minutes=m), "ok.go:1] all is well", "I") for m in range(480)]
    rows += [(at, text, "E") for at, text in errors]
    return "".join(klog(at, text, level) for at, text, level in sorted(rows))


def burst(start: datetime, count: int, text: str, every: float = 10) -> list[tuple[datetime, str]]:
    return [(start + timedelta(seconds=every * i), f"{text} id={i}") for i in range(count)]


def scanned(logs: dict[str, str]) -> Scanner:
    scanner = Scanner(patterns(), reference=START + timedelta(days=1))
    for path, text in sorted(logs.items()):
        scanner.feed(path, [text.encode()])
    return scanner


def leads(logs: dict[str, str]) -> tuple[Lead, ...]:
    scanner = scanned(logs)
    return find_leads(Logs(errors=scanner.errors(), spans=scanner.spans()), POOL)


def journals(*texts: str) -> dict[str, str]:
    return {f"nodes/n{i}/kubelet/journal.log": text for i, text in enumerate(texts)}


def test_a_burst_is_told_with_onset_rate_and_line() -> None:
    onset = START + timedelta(hours=6)
    (lead,) = leads(journals(day(*burst(onset, 120, 'vol.go:9] "Cannot unmount"'))))
    assert (lead.component, lead.node, lead.count) == ("kubelet", "n0", 120)
    assert lead.template.startswith('vol.go:#] "Cannot unmount"')
    assert lead.onset == onset
    assert lead.rate == pytest.approx(6.0, rel=0.1)
    assert lead.usual == 0.0
    assert "120 times in 20 minutes, and not once in the 6 hours before" in lead.why
    (evidence,) = lead.evidence
    assert "Cannot unmount" in evidence.excerpt
    assert evidence.line == 361 + 1


def test_one_lead_for_a_burst_on_many_nodes() -> None:
    onset = START + timedelta(hours=5)
    text = day(*burst(onset, 60, 'x.go:9] "No route"'))
    (lead,) = leads(journals(text, text, text))
    assert (lead.node, lead.count) == (None, 180)
    assert lead.why.startswith("In 3 logs")


@pytest.mark.parametrize(
    "errors",
    [
        burst(START + timedelta(hours=6), 20, "x.go:1] too few"),
        burst(START, 2880, "x.go:1] all day long"),
        burst(START + timedelta(minutes=20), 200, "x.go:1] nothing to compare with"),
        [e for h in range(8) for e in burst(START + timedelta(hours=h), 40, "x.go:1] hourly")],
    ],
    ids=["few", "all-day", "too-early", "hourly"],
)
def test_what_is_no_burst(errors: Iterable[tuple[datetime, str]]) -> None:
    assert leads(journals(day(*errors))) == ()


def test_lines_that_a_landmark_knows_are_no_lead() -> None:
    mark = next(one for one in landmarks() if one.id == "kubelet-pleg-unhealthy")
    said = mark.example.partition("] ")[2]
    text = day(*burst(START + timedelta(hours=6), 80, f"kubelet.go:1] {said}"))
    assert mark.pattern().id in {match.pattern for match in scanned(journals(text)).results()}
    assert leads(journals(text)) == ()


@pytest.mark.parametrize(
    "text",
    [
        'pod_workers.go:1301] "Error syncing pod, skipping" err="failed to StartContainer"',
        'remote_runtime.go:193] "RunPodSandbox from runtime service failed" err="no"',
        'kubelet.go:1872] "Unable to attach or mount volumes for pod; skipping pod" err="no"',
    ],
)
def test_a_workload_that_crashes_is_no_lead(text: str) -> None:
    assert leads(journals(day(*burst(START + timedelta(hours=6), 200, text)))) == ()


def test_a_node_against_its_pool() -> None:
    steady = burst(START, 960, "x.go:1] lost a packet", every=30)
    quiet = [day() for _ in range(4)]
    (lead,) = leads(journals(day(*steady), *quiet))
    assert (lead.node, lead.count, lead.usual) == ("n0", 960, 0.0)
    assert "Of 4 other nodes of pool work none of them has it." in lead.why


def test_all_nodes_alike_are_no_lead() -> None:
    steady = day(*burst(START, 960, "x.go:1] lost a packet", every=30))
    assert leads(journals(*[steady] * 5)) == ()


def test_too_few_peers_tell_nothing() -> None:
    steady = burst(START, 960, "x.go:1] lost a packet", every=30)
    assert leads(journals(day(*steady), day(), day())) == ()


def test_bounded_and_in_a_fixed_order() -> None:
    words = ["".join(chr(97 + int(d)) for d in f"{i:03d}") for i in range(30)]
    errors = [
        e
        for i, word in enumerate(words)
        for e in burst(START + timedelta(hours=3, minutes=i), 60, f"{word}.go:1] {word}")
    ]
    found = leads(journals(day(*errors)))
    assert len(found) == 12
    assert list(found) == sorted(found, key=lambda lead: lead.onset or START)
    assert found == leads(journals(day(*errors)))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the folder of real samples is not here")
def test_real_healthy_logs_are_silent() -> None:
    texts = {}
    for number, path in enumerate(sorted(SAMPLES.rglob("*.log"))):
        name = re.sub(r"\W", "-", path.stem)
        texts[f"cluster/logs/kube-system/{name}-{number}/c.log"] = path.read_text(
            "utf-8", errors="replace"
        )
    assert texts
    assert leads(texts) == ()


def test_the_whole_way_to_the_diagnosis() -> None:
    text = '"Volume gave up" volume="pvc-7" err="the widget is jammed"'
    fault = {"log-line": {"nodes": "work/0", "count": 90, "text": text, "since": "2h"}}
    diagnosis = diagnosis_of({"noise": True, "faults": [fault]})
    (lead,) = diagnosis.leads
    assert lead.node == "aks-work-12461831-vmss000000"
    assert lead.evidence[0].path.endswith("kubelet/journal.log")
    assert "the widget is jammed" in lead.evidence[0].excerpt
    assert not any("widget" in finding.saw for finding in diagnosis.findings)


def test_a_working_days_noise_gives_no_lead() -> None:
    assert diagnosis_of({"noise": True}).leads == ()
