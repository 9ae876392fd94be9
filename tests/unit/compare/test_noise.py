"""What is no difference: restarts, roll-outs, counters, generated names, order, new machines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from analyzer.compare.compare import compare
from analyzer.compare.content import content_of
from analyzer.compare.lasting import lasting_name
from tests.unit.compare.states import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    EARLY,
    LATE,
    each_item,
    edit,
    files,
    snapshot,
)


@pytest.mark.parametrize(
    ("kind", "name", "lasting"),
    [
        ("Pod", "coredns-vlrj8kqkqn-5h2ln", "coredns"),
        ("Pod", "azure-cns-274ml", "azure-cns"),
        ("Pod", "report-29012345-x7zv2", "report"),
        ("Pod", "orders-db-0", "orders-db-0"),
        ("Pod", "my-api-stage", "my-api-stage"),
        ("ReplicaSet", "coredns-vlrj8kqkqn", "coredns"),
        ("Job", "report-29012345", "report"),
        ("Node", "aks-work-12810419-vmss00002a", "aks-work-12810419-"),
        ("Deployment", "coredns-vlrj8kqkqn", "coredns-vlrj8kqkqn"),
    ],
)
def test_names_without_what_is_drawn(kind: str, name: str, lasting: str) -> None:
    assert lasting_name(kind, name) == lasting


def test_a_state_does_not_differ_from_itself(tmp_path: Path) -> None:
    state = files({"name": "pod-crash-looping"})
    difference = compare(snapshot(state, tmp_path, "a"), snapshot(state, tmp_path, "b"))
    assert difference.empty
    assert difference.unchanged >= 1 and difference.objects_equal > 50
    assert difference.not_compared == ()


def test_time_alone_is_no_difference(tmp_path: Path) -> None:
    """The same fault two days later: other events, other counters, other log lines."""
    fault = {"name": "pod-crash-looping"}
    early = snapshot(files(fault, at=EARLY), tmp_path, "early")
    difference = compare(early, snapshot(files(fault, at=LATE), tmp_path, "late"))
    assert difference.empty, difference


def _restarted(path: str, item: dict[str, Any]) -> None:
    """What a day does to an object that nobody touched."""
    meta = item["metadata"]
    meta["resourceVersion"] = "99999999"
    meta["generation"] = meta.get("generation", 1) + 7
    if meta.get("annotations") is not None or "deployments" in path:
        meta.setdefault("annotations", {})["deployment.kubernetes.io/revision"] = "9"
    template = item.get("spec", {}).get("template")
    if template:
        notes = template.setdefault("metadata", {}).setdefault("annotations", {}) or {}
        notes["kubectl.kubernetes.io/restartedAt"] = "2026-03-02T10:00:00Z"
        notes["checksum/config"] = "0f" * 32
        template["metadata"]["annotations"] = notes
        for container in template["spec"]["containers"]:
            container.setdefault("env", []).reverse()
            container.setdefault("ports", []).reverse()
            container.setdefault("terminationMessagePath", "/dev/termination-log")
            container.setdefault("terminationMessagePolicy", "File")
    for webhook in item.get("webhooks", ()):
        webhook["clientConfig"]["caBundle"] = "bmV3IGNlcnRpZmljYXRl"
    for status in item.get("status", {}).get("containerStatuses", ()):
        status["restartCount"] = 0


def test_restarts_roll_outs_and_renewed_certificates_are_no_difference(tmp_path: Path) -> None:
    state = files()
    before = snapshot(state, tmp_path, "before")
    each_item(state, _restarted)
    for path, data in state.items():  # every pod has another name, every listing another order
        if path.endswith(".json") and "/resources/" in path:
            document = json.loads(
                re.sub(rb"-([bcdfghjklmnpqrstvwxz2456789]{5})\"", rb'-7v7v7"', data)
            )
            document.get("items", []).reverse()
            state[path] = json.dumps(document).encode()
    difference = compare(before, snapshot(state, tmp_path, "after"))
    assert difference.objects == ()
    assert difference.appeared == difference.gone == difference.changed == ()
    assert difference.versions == difference.pools == ()


def test_quantities_and_defaults_in_other_words_are_no_difference(tmp_path: Path) -> None:
    state = files()
    before = snapshot(state, tmp_path, "before")

    def reworded(item: dict[str, Any]) -> None:
        container = item["spec"]["template"]["spec"]["containers"][0]
        limit = container["resources"]["limits"]["memory"]
        assert limit.endswith("Mi")
        container["resources"]["limits"]["memory"] = f"{int(limit[:-2]) * 1024}Ki"
        container["imagePullPolicy"] = "IfNotPresent"

    edit(state, DEPLOYMENTS, "coredns", reworded)
    assert compare(before, snapshot(state, tmp_path, "after")).objects == ()


def test_replicas_that_an_autoscaler_moves_are_no_difference(tmp_path: Path) -> None:
    state = files()
    before = snapshot(state, tmp_path, "before")

    def scaled(replicas: int) -> Any:
        return lambda item: item["spec"].update(replicas=replicas)

    edit(state, DEPLOYMENTS, "coredns", scaled(5))
    assert compare(before, snapshot(state, tmp_path, "five")).objects == ()
    edit(state, DEPLOYMENTS, "coredns", scaled(0))
    (change,) = compare(before, snapshot(state, tmp_path, "none")).objects
    assert [(v.path, v.after) for v in change.values] == [("spec.replicas", "0")]


def test_new_machines_are_told_as_nodes_and_as_nothing_else(tmp_path: Path) -> None:
    fault = {"name": "kubernetes-out-of-support"}
    difference = compare(
        snapshot(files(fault, at=EARLY), tmp_path, "a"),
        snapshot(files(fault, at=LATE, work=4), tmp_path, "b"),
    )
    (pool,) = difference.pools
    assert (pool.pool, pool.before, pool.after, len(pool.added)) == ("work", 2, 4, 2)
    assert difference.appeared == difference.gone == difference.changed == ()
    assert difference.objects == ()


def test_trouble_on_a_replaced_machine_is_the_same_trouble(tmp_path: Path) -> None:
    """The node was replaced by another one of its pool, and that one is not ready either."""
    state = files({"name": "node-not-ready", "node": "work/1", "archive": False})
    before = snapshot(state, tmp_path, "before")
    name = next(n.name for n in before.diagnosis.cluster.node_list if n.ready is False)
    replaced = {
        path.replace(name, f"{name[:-1]}z"): data.replace(name.encode(), f"{name[:-1]}z".encode())
        for path, data in state.items()
    }
    difference = compare(before, snapshot(replaced, tmp_path, "after"))
    assert difference.appeared == difference.gone == ()
    assert difference.unchanged == len(before.diagnosis.findings)
    (pool,) = difference.pools
    assert pool.removed == (name,)


def test_trouble_on_another_machine_is_other_trouble(tmp_path: Path) -> None:
    def at(node: str) -> Any:
        return {"name": "node-not-ready", "node": node, "cause": "unknown"}

    difference = compare(
        snapshot(files(at("work/0"), at=EARLY), tmp_path, "a"),
        snapshot(files(at("work/1"), at=LATE), tmp_path, "b"),
    )
    appeared = [f for f in difference.appeared if f.subject.kind == "Node"]
    gone = [f for f in difference.gone if f.subject.kind == "Node"]
    assert appeared and gone
    assert {f.subject.name for f in appeared}.isdisjoint(f.subject.name for f in gone)


def test_rights_in_another_order_are_no_difference(tmp_path: Path) -> None:
    state = files()
    before = snapshot(state, tmp_path, "before")
    roles = "cluster/resources/rbac.authorization.k8s.io/clusterroles.json"

    def turned(item: dict[str, Any]) -> None:
        item["rules"].reverse()
        for rule in item["rules"]:
            rule["verbs"].reverse()

    edit(state, roles, "aks-service", turned)
    assert compare(before, snapshot(state, tmp_path, "turned")).objects == ()

    def widened(item: dict[str, Any]) -> None:
        item["rules"].append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]})

    edit(state, roles, "aks-service", widened)
    (change,) = compare(before, snapshot(state, tmp_path, "widened")).objects
    (value,) = change.values
    assert "secrets" in value.path and value.before == "absent"


def test_hostile_objects_cost_little_and_break_nothing(tmp_path: Path) -> None:
    state = files()
    before = snapshot(state, tmp_path, "before")
    edit(state, CONFIG_MAPS, "coredns", lambda item: item["data"].update(x="y\n" * 200_000))

    def deep(item: dict[str, Any]) -> None:
        nested: Any = {}
        for _ in range(400):
            nested = {"n": nested}
        item["spec"]["nested"] = nested

    edit(state, DEPLOYMENTS, "metrics-server", deep)
    difference = compare(before, snapshot(state, tmp_path, "after"))
    assert [change.subject.name for change in difference.objects] == ["coredns"]
    assert any("Deployment objects in kube-system" in t for t in difference.not_compared)


def test_very_long_lists_are_compared_as_a_whole() -> None:
    def content(items: list[str]) -> Any:
        spec = {"template": {"spec": {"containers": [{"name": "a", "args": items}]}}}
        return content_of("Deployment", {"metadata": {"name": "x"}, "spec": spec})

    many = [f"--flag-{number}" for number in range(50_000)]
    assert content(many) == content(many[::-1]), "their order means nothing here either"
    assert content(many) != content(many[1:])
    assert "50000 items" in str(content(many))
