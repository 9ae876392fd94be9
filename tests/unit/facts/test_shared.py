"""What many objects repeat is kept once, and a part of an object takes no more than its fields."""

from __future__ import annotations

import copy
import json
from dataclasses import is_dataclass
from typing import Any

import pytest

from analyzer.facts import objects, shared
from analyzer.facts.kube import Slim
from analyzer.facts.objects import Pod, Workload
from analyzer.facts.parse.kube_list import parse_listing

POD: dict[str, Any] = {
    "metadata": {
        "name": "a", "namespace": "x", "labels": {"app": "a"},
        "ownerReferences": [{"kind": "DaemonSet", "name": "d", "controller": True}],
    },
    "spec": {
        "containers": [{"name": "c", "image": "i:1", "env": [{"name": "A", "value": "b"}]}],
        "tolerations": [{"operator": "Exists"}],
        "volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "kube-api-access-1"}],
    },
    "status": {"phase": "Running", "startTime": "2026-01-01T00:00:00Z", "conditions": [
        {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
}  # fmt: skip


def two(change: str = "") -> tuple[Pod, Pod]:
    other = copy.deepcopy(POD)
    other["metadata"]["name"] = "b"
    if change:
        other["spec"]["containers"][0]["image"] = change
    text = json.dumps({"items": [POD, other]}).encode()
    first, second = parse_listing(text, "p.json", Pod).items
    assert isinstance(first, Pod) and isinstance(second, Pod)
    return first, second


def test_equal_parts_are_one_object_and_different_ones_are_not() -> None:
    first, second = two()
    assert first.spec.containers is second.spec.containers
    assert first.spec.tolerations is second.spec.tolerations
    assert first.spec.volumes[0] is second.spec.volumes[0]
    assert first.metadata.labels is second.metadata.labels
    assert first.metadata.owner_references is second.metadata.owner_references
    assert first.status.start_time is second.status.conditions[0].last_transition_time
    assert (first.name, second.name) == ("a", "b") and first != second
    first, second = two("i:2")
    assert [pod.spec.containers[0].image for pod in (first, second)] == ["i:1", "i:2"]


def test_a_memo_ends_with_the_run_and_never_grows_beyond_its_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, _ = two()
    shared.forget_shared()
    assert not any(shared._MEMOS)
    after, _ = two()
    assert before == after and before.spec.containers is not after.spec.containers
    monkeypatch.setattr(shared, "_MOST", 10)
    many = [{"metadata": {"name": f"p{i}", "labels": {"n": str(i)}}} for i in range(500)]
    items = parse_listing(json.dumps({"items": many}).encode(), "p.json", Pod).items
    assert [item.metadata.labels["n"] for item in items] == [str(i) for i in range(500)]
    assert all(len(memo) <= 10 for memo in shared._MEMOS)


def test_every_part_of_an_object_has_slots() -> None:
    kinds = [kind for name in objects.__all__ if isinstance(kind := getattr(objects, name), type)]
    assert kinds
    for kind in kinds:
        assert issubclass(kind, Slim) and is_dataclass(kind), f"{kind.__name__} lacks @slim"
        assert not hasattr(kind(), "__dict__"), f"{kind.__name__} has a mapping of its own"


def test_a_copy_knows_where_the_object_was_found_and_a_dump_reads_back() -> None:
    raw = {"kind": "Deployment", "metadata": {"name": "w", "labels": None}, "spec": {"replicas": 2}}
    workload = Workload.model_validate(raw)
    assert workload.path == ""
    workload.found_in("cluster/x.json")
    other = workload.model_copy(update={"metadata": workload.metadata.model_copy(update={})})
    assert (other, other.path) == (workload, "cluster/x.json")
    dump = workload.model_dump(by_alias=True, mode="json", exclude_none=True)
    assert dump["spec"]["template"]["spec"]["nodeSelector"] == {} and "path" not in str(dump)
    assert Workload.model_validate(dump) == workload
