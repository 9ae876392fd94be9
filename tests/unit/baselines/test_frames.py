"""What AKS sets in the pods of a component, what a field was before, and what nodes share."""

from __future__ import annotations

from typing import Any

import pytest
from baseline_builders import cluster, workload

from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.frames import frame_rows, frames, marks, needed, same_value
from analyzer.baselines.history import past_of
from analyzer.baselines.node_settings import iptables_frame, mounts, packages
from analyzer.facts.objects import ControllerRevision, Workload

POD = "spec.template.spec"
MEMORY = f"{POD}.containers[coredns].resources.limits.memory"


def coredns(memory: str = "500Mi", **more: Any) -> Workload:
    annotations = more.pop("annotations", {})
    part = {
        "name": more.pop("container", "coredns"),
        "image": "mcr.microsoft.com/oss/v2/kubernetes/coredns:v1.12.1-7",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {
            "requests": {"cpu": "100m", "memory": "70Mi"},
            "limits": {"cpu": "3", "memory": memory},
        },
    }
    spec = {
        "containers": [part],
        "serviceAccountName": "coredns",
        "priorityClassName": "system-node-critical",
        **more,
    }
    metadata = {"name": "coredns", "namespace": "kube-system", "annotations": annotations}
    raw = {"kind": "Deployment", "metadata": metadata, "spec": {"template": {"spec": spec}}}
    return Workload.model_validate(raw)


def paths(catalogue: Catalogue, thing: Workload, version: str = "1.33.5", **how: bool) -> list[str]:
    component = catalogue.get("coredns")
    return [row.path for row in frame_rows(component, thing, cluster(version=version), **how)]


def test_a_workload_as_aks_sets_it_fits_its_frame(catalogue: Catalogue) -> None:
    assert paths(catalogue, coredns()) == []
    assert paths(catalogue, coredns("512000Ki")) == []


@pytest.mark.parametrize(
    ("thing", "firm", "found"),
    [
        (coredns("170Mi"), True, [MEMORY]),
        (coredns("170Mi"), False, [MEMORY]),
        (coredns(serviceAccountName="own"), False, [f"{POD}.serviceAccountName"]),
        (coredns(serviceAccountName="own"), True, []),
        (coredns("170Mi", annotations={"kubernetes.azure.com/override-min-max": "1"}), False, []),
        (coredns("170Mi", container="other-name"), False, []),
    ],
    ids=["memory", "memory loosely", "account", "account is not firm", "override", "other name"],
)
def test_where_a_workload_leaves_its_frame(
    catalogue: Catalogue, thing: Workload, firm: bool, found: list[str]
) -> None:
    assert paths(catalogue, thing, firm=firm) == found


def test_a_minor_without_a_frame_is_not_compared(catalogue: Catalogue) -> None:
    assert paths(catalogue, coredns("170Mi"), version="1.20.9", firm=True) == []


def test_frames_belong_to_components_that_exist(catalogue: Catalogue) -> None:
    for name in frames():
        assert catalogue.get(name).in_cluster
    for item in needed():
        assert catalogue.find(item.kind, item.namespace, item.name) == catalogue.get(item.component)
    assert marks()["kubernetes.azure.com/managedby"] == "aks"


@pytest.mark.parametrize(
    ("path", "left", "right", "same"),
    [
        ("a.limits.memory", "512Mi", "0.5Gi", True),
        ("a.limits.cpu", "1000m", "1", True),
        ("a.limits.memory", "512Mi", "511Mi", False),
        ("a.args", ["x", "y"], ["y", "x"], True),
        ("a.args", ["x"], ["x", "y"], False),
        ("a.args", None, ["x"], False),
        ("spec.replicas", 2, "2", True),
    ],
)
def test_values_are_compared_by_what_they_say(path: str, left: Any, right: Any, same: bool) -> None:
    assert same_value(path, left, right) is same


def replica_set(revision: int, memory: str, made: str) -> Workload:
    dump = coredns(memory).model_dump(by_alias=True, mode="json", exclude_none=True)
    dump["kind"] = "ReplicaSet"
    dump["metadata"] = {
        "name": f"coredns-{revision}",
        "namespace": "kube-system",
        "creationTimestamp": made,
        "annotations": {"deployment.kubernetes.io/revision": str(revision)},
        "ownerReferences": [{"kind": "Deployment", "name": "coredns", "controller": True}],
    }
    return Workload.model_validate(dump)


def test_what_a_field_was_before_and_since_when_it_is_otherwise() -> None:
    older = [
        replica_set(3, "500Mi", "2026-01-01T00:00:00Z"),
        replica_set(4, "170Mi", "2026-01-05T00:00:00Z"),
        replica_set(5, "170Mi", "2026-01-09T00:00:00Z"),
    ]
    past = past_of(MEMORY, coredns("170Mi"), older)
    assert past is not None
    assert past.value == "500Mi"
    assert past.at is not None
    assert past.at.isoformat() == "2026-01-05T00:00:00+00:00"
    assert past_of(MEMORY, coredns("170Mi"), older[1:]) is None
    assert past_of("spec.replicas", coredns("170Mi"), older) is None
    assert past_of(MEMORY, workload("other", "x"), older) is None


def test_a_daemonset_keeps_its_past_in_controller_revisions() -> None:
    def pods(argument: str) -> dict[str, object]:
        proxy = {"name": "kube-proxy", "image": "x", "args": [argument]}
        return {"spec": {"template": {"spec": {"containers": [proxy]}}}}

    def revision(number: int, argument: str) -> ControllerRevision:
        owner = {"kind": "DaemonSet", "name": "kube-proxy", "controller": True}
        metadata = {
            "name": f"kube-proxy-{number}",
            "namespace": "kube-system",
            "creationTimestamp": f"2026-01-0{number}T00:00:00Z",
            "ownerReferences": [owner],
        }
        raw = {"metadata": metadata, "data": pods(argument), "revision": number}
        return ControllerRevision.model_validate(raw)

    metadata = {"name": "kube-proxy", "namespace": "kube-system"}
    now = Workload.model_validate({"kind": "DaemonSet", "metadata": metadata} | pods("--v=9"))
    path = "spec.template.spec.containers[kube-proxy].args"
    past = past_of(path, now, [revision(1, "--v=2"), revision(2, "--v=9")])
    assert past is not None and past.value == ["--v=2"]
    assert past.at is not None and past.at.day == 2
    other = now.model_copy(update={"metadata": now.metadata.model_copy(update={"name": "other"})})
    assert past_of(path, other, [revision(1, "--v=2")]) is None


def test_packages_without_what_updates_move() -> None:
    text = "bash 5.1\ncontainerd 1.7.29\nlinux-image-5.15.0-1099-azure 1\nnvidia-utils 5\n\n"
    assert packages(text) == {
        "bash": "installed",
        "containerd": "1.7.29",
        "linux-image-*-azure": "installed",
    }


def test_mounts_by_place_with_what_changes_behaviour() -> None:
    text = (
        "/dev/sda1 / ext4 rw,relatime 0 0\nnas:/x /srv/x nfs4 ro,nosuid,vers=4 0 0\nbroken line\n"
    )
    assert mounts(text) == {"/": "ext4", "/srv/x": "nfs4 nosuid ro"}


def test_addresses_of_single_machines_are_left_out_of_the_packet_filter() -> None:
    text = (
        "*filter\n-A FORWARD -d 168.63.129.16/32 -p tcp --dport 80 -j DROP\n"
        "-A INPUT -s 10.224.0.7/32 -j ACCEPT\n-A INPUT -s 10.0.0.0/8 -j DROP\n"
    )
    assert list(iptables_frame(text)) == [
        "filter FORWARD: -d 168.63.129.16/32 -p tcp --dport 80 -j DROP",
        "filter INPUT: -s <address> -j ACCEPT",
        "filter INPUT: -s 10.0.0.0/8 -j DROP",
    ]
