"""Rules that take too long, documents too deep or too many: told, and everything else is judged."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from analyzer.bundle import Limits
from analyzer.bundle.items import part_of
from analyzer.bundle.limits import NAMES
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.hit import Hit, Outcome
from analyzer.options import Options
from analyzer.pipeline import analyze
from analyzer.render.markdown import render_markdown
from analyzer.render.view import build_view
from analyzer.rules.engine import run_rule
from analyzer.rules.registry import all_rules
from analyzer.rules.stopwatch import OutOfTime, stopped_after
from fixtures.build import scenario, tree
from tests.rules.harness import bundle_of
from tests.unit.bundle.tarballs import gz, tar_of

WORLD = {
    "name": "limits",
    "base": "overlay",
    "seed": 3,
    "pools": {"system": 1},
    "faults": [{"name": "pod-crash-looping", "workload": "cart", "namespace": "shop"}],
}
CONFIG_MAPS = "cluster/resources/core/configmaps/kube-system.json"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return tree(scenario(WORLD))


def diagnose(files: dict[str, bytes], limits: Limits) -> Diagnosis:
    return analyze(bundle_of(files), options=Options(jobs=1, limits=limits, bundle_name="x.tar"))


def rules_of(diagnosis: Diagnosis) -> set[str]:
    return {finding.rule for finding in diagnosis.findings}


def test_a_loop_is_stopped_and_nothing_arrives_later() -> None:
    before = time.monotonic()
    with pytest.raises(OutOfTime), stopped_after(0.2):
        while True:
            pass
    assert 0.1 < time.monotonic() - before < 5
    with stopped_after(0.15):
        time.sleep(0.05)
    time.sleep(0.3)
    with stopped_after(0):
        time.sleep(0.01)


def test_a_rule_that_never_ends_keeps_its_hits_and_is_unknown() -> None:
    registered = all_rules()[0]

    def endless(hits: int) -> Iterator[Hit]:
        for _ in range(hits):
            yield object()  # type: ignore[misc]
        while True:
            try:
                time.sleep(0.001)
            except Exception:  # a careless rule: it must not hold up the end
                continue

    for hits, outcome in ((0, Outcome.UNKNOWN), (2, Outcome.HIT)):
        slow = replace(registered, check=lambda hits=hits: endless(hits), needs=())
        result = run_rule(slow, {}, aks=True, seconds=0.2)
        assert result.outcome is outcome and len(result.hits) == hits
        assert "stopped after 0.2 seconds (limit rule-seconds)" in result.gaps[0].detail


def test_rules_out_of_time_are_told_in_the_report(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    import analyzer.pipeline

    def endless(**_: object) -> Iterator[Hit]:
        while True:
            time.sleep(0.001)
        yield

    first, *others = all_rules()
    slow = replace(first, check=endless, needs=())
    monkeypatch.setattr(analyzer.pipeline, "all_rules", lambda: (slow, *others))
    diagnosis = diagnose(files, Limits(max_rule_seconds=1.0))
    assert first.rule.id in {check.rule for check in diagnosis.unknown}
    assert any("rule-seconds" in notice for notice in diagnosis.notices)
    assert "AKS-WL-001" in rules_of(diagnosis)


@pytest.mark.parametrize("depth", [150, 250, 900, 5_000])
def test_deep_documents(files: dict[str, bytes], depth: int) -> None:
    document = json.loads(files[CONFIG_MAPS])
    text = json.dumps(document)
    deep = '{"metadata":{"name":"deep","annotations":' + '{"a":' * depth + "1" + "}" * depth + "}}"
    text = text.replace('"items": [', f'"items": [{deep},', 1)
    assert "deep" in text
    azure = b"[" * depth + b"]" * depth
    broken = files | {CONFIG_MAPS: text.encode(), "azure/lock.json": azure}
    diagnosis = diagnose(broken, Limits())
    assert not diagnosis.crashed
    assert "AKS-WL-001" in rules_of(diagnosis)
    if depth > 200:
        told = [
            gap for gap in diagnosis.bundle.missing if gap.path in (CONFIG_MAPS, "azure/lock.json")
        ]
        assert {gap.path for gap in told} == {CONFIG_MAPS, "azure/lock.json"}


def test_a_lower_depth_is_held(files: dict[str, bytes]) -> None:
    diagnosis = diagnose(files, Limits(max_json_depth=2))
    assert any("(limit json-depth)" in gap.detail for gap in diagnosis.bundle.missing)
    assert any("json-depth" in notice for notice in diagnosis.notices)
    assert not diagnosis.crashed


def test_objects_beyond_the_memory_are_not_read(files: dict[str, bytes]) -> None:
    diagnosis = diagnose(files, Limits(max_memory_bytes=200_000))
    told = [gap for gap in diagnosis.bundle.missing if "(limit memory)" in gap.detail]
    assert told and all(gap.path.startswith(("cluster/", "azure/")) for gap in told)
    assert any("memory" in notice for notice in diagnosis.notices)
    assert diagnosis.unknown and not diagnosis.crashed


@pytest.fixture(scope="module")
def packed(files: dict[str, bytes]) -> bytes:
    """The bundle in parts, with a node that has one of everything that a limit is about."""
    parts: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        part, rel = part_of(path)
        parts.setdefault(part, {})[rel] = content
    node = next(part for part in parts if part.startswith("nodes/"))
    parts[node] |= {
        "kubelet/journal.log": b"x" * 70_000 + b"\n" + parts[node]["kubelet/journal.log"],
        "host/dmesg": bytes(2 << 20),
        f"host/{'long-' * 40}name": b"text\n",
    }
    whole = parts.pop("")
    return tar_of(whole | {f"{name}.tar.gz": gz(tar_of(held)) for name, held in parts.items()})


LIMITS = {
    "total-bytes": Limits(max_total_bytes=200_000),
    "member-bytes": Limits(max_member_bytes=20_000),
    "members": Limits(max_members=20),
    "ratio": Limits(max_ratio=10, ratio_floor=1 << 20),
    "nesting": Limits(max_nesting=1),
    "name-length": Limits(max_name_length=150),
    "line-bytes": Limits(max_line_bytes=60_000),
    "json-depth": Limits(max_json_depth=2),
    "memory": Limits(max_memory_bytes=200_000),
}


def analysed(packed: bytes, limits: Limits) -> Diagnosis:
    options = Options(jobs=1, limits=limits, bundle_name="x.tar")
    return analyze(io.BytesIO(packed), options=options)


@pytest.mark.parametrize("name", [*LIMITS])
def test_a_limit_that_is_hit_is_a_line_in_the_report(name: str, packed: bytes) -> None:
    diagnosis = analysed(packed, LIMITS[name])
    assert not diagnosis.crashed
    (line,) = (line for line in diagnosis.notices if "Limits were reached" in line)
    assert name in line.partition("(")[2].partition(")")[0].split(", ")
    assert line in render_markdown(build_view(diagnosis))


def test_no_limit_is_hit_without_need_and_each_has_its_case(packed: bytes) -> None:
    assert not [line for line in analysed(packed, Limits()).notices if "Limits" in line]
    # One rule's time is tried above; the other two concern single inputs, tried where those are.
    assert {*LIMITS, "rule-seconds", "stdin-bytes", "zip-bytes"} == {*NAMES}
