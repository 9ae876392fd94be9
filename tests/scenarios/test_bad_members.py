"""Bad members in a good bundle: each is one clear line, and everything else is still reported."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from analyzer.diagnose import build_diagnosis
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.gap import Presence
from analyzer.options import Options
from analyzer.pipeline import run_stages
from fixtures.build import scenario, tree
from tests.rules.harness import bundle_of

PODS = "cluster/resources/core/pods/kube-system.json"
NODES = "cluster/resources/core/nodes.json"
WORLD = {
    "name": "bad",
    "base": "overlay",
    "noise": True,
    "seed": 3,
    "faults": [{"name": "pod-crash-looping", "workload": "cart", "namespace": "shop"}],
}


def _diagnose(change: Callable[[dict[str, bytes]], None]) -> Diagnosis:
    files = tree(scenario(WORLD))
    change(files)
    return build_diagnosis(run_stages(bundle_of(files), Options(jobs=1, bundle_name="bad.tar")))


def _with(path: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        assert path in files
        files[path] = content

    return change


BROKEN = {
    "an empty file": (b"", Presence.FAILED),
    "random bytes": (bytes(range(256)) * 20, Presence.FAILED),
    "half a list": (b'{"kind":"PodList","items":[{"metadata":{"name":"x"', Presence.FAILED),
    "kubectl's error text": (b"Error from server (Forbidden): forbidden", Presence.FORBIDDEN),
    "an API status": (
        b'{"kind":"Status","reason":"Forbidden","code":403,"message":"no"}',
        Presence.FORBIDDEN,
    ),
    "a time-out of kubectl": (b"Unable to connect to the server: net/http", Presence.FAILED),
    "deep nesting": (b'{"items":' + b"[" * 50_000, Presence.FAILED),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_listing_is_told_and_costs_only_itself(name: str) -> None:
    content, reason = BROKEN[name]
    diagnosis = _diagnose(_with(PODS, content))
    assert not diagnosis.crashed, diagnosis.crashed[0].reason
    assert [f.subject.name for f in diagnosis.findings if f.rule == "AKS-WL-001"] == ["cart"]
    gaps = [gap for gap in diagnosis.bundle.missing if gap.path == PODS]
    assert gaps and gaps[0].reason is reason and "\n" not in str(gaps[0])
    unknown = {check.rule for check in diagnosis.unknown}
    assert "AKS-CMP-003" in unknown, "what was not read is not taken for healthy"


def test_yaml_where_json_was_expected_is_read() -> None:
    import yaml

    def change(files: dict[str, bytes]) -> None:
        files[PODS] = yaml.safe_dump(json.loads(files[PODS])).encode()

    plain = _diagnose(lambda files: None)
    as_yaml = _diagnose(change)
    assert [f.id for f in as_yaml.findings] == [f.id for f in plain.findings]
    assert not [c for c in as_yaml.unknown if c.rule == "AKS-CMP-003"]


def _edit(path: str, edit: Callable[[list[dict[str, object]]], None]) -> Callable[..., None]:
    def change(files: dict[str, bytes]) -> None:
        document = json.loads(files[path])
        edit(document["items"])
        files[path] = json.dumps(document).encode()

    return change


def test_a_pod_without_status_is_unknown_not_unhealthy() -> None:
    def strip(items: list[dict[str, object]]) -> None:
        for item in items:
            item.pop("status", None)

    diagnosis = _diagnose(_edit(PODS, strip))
    assert not diagnosis.crashed
    assert {f.rule for f in diagnosis.findings} == {"AKS-WL-001"}


def test_an_unknown_api_version_and_unknown_fields_are_read() -> None:
    def rename(items: list[dict[str, object]]) -> None:
        for item in items:
            item["apiVersion"] = "v9alpha1"
            item["novel"] = {"a": [1, {"b": None}]}

    diagnosis = _diagnose(_edit(PODS, rename))
    assert not diagnosis.crashed and not diagnosis.bundle.missing


def test_one_bad_object_is_named_and_the_others_are_read() -> None:
    def spoil(items: list[dict[str, object]]) -> None:
        items[0]["status"] = "running"

    diagnosis = _diagnose(_edit(PODS, spoil))
    gaps = [gap for gap in diagnosis.bundle.missing if gap.path == PODS]
    assert any("item 0" in gap.detail for gap in gaps)
    assert "AKS-WL-001" in {f.rule for f in diagnosis.findings}


def test_what_shows_no_mark_of_aks_gives_no_verdict() -> None:
    gone = ("nodes/", "azure/", NODES, "cluster/resources/apps/", PODS)

    def drop(files: dict[str, bytes]) -> None:
        for path in [p for p in files if p.startswith(gone)]:
            del files[path]

    diagnosis = _diagnose(drop)
    assert diagnosis.cluster.aks == "unknown" and not diagnosis.findings


def test_without_nodes_the_other_objects_are_still_judged() -> None:
    def drop(files: dict[str, bytes]) -> None:
        for path in [p for p in files if p == NODES or p.startswith(("nodes/", "azure/"))]:
            del files[path]

    diagnosis = _diagnose(drop)
    assert diagnosis.cluster.aks == "yes", "AKS's own components tell"
    assert {f.rule for f in diagnosis.findings} == {"AKS-WL-001"}
    assert "AKS-NODE-001" in {check.rule for check in diagnosis.unknown}


def test_strange_times_and_numbers() -> None:
    def spoil(items: list[dict[str, object]]) -> None:
        meta = items[0]["metadata"]
        assert isinstance(meta, dict)
        meta["creationTimestamp"] = "the day before yesterday"
        meta = items[1]["metadata"]
        assert isinstance(meta, dict)
        meta["generation"] = 10**40

    diagnosis = _diagnose(_edit(PODS, spoil))
    assert not diagnosis.crashed
