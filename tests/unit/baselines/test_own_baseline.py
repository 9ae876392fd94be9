"""A baseline of one's own cluster: captured, checked, carried, compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from baseline_builders import cluster, managed, obj, sample_objects, workload

from analyzer.baselines.capture import (
    capture,
    captured_files,
    captured_for,
    captured_rows,
    load_captured,
    not_used,
    state_of,
    take,
)
from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.show import show
from analyzer.baselines.user_data import SUMS, check, verify_sums, write_sums
from analyzer.facts.identity import NetworkMode
from analyzer.facts.kube import KubeObject

ENO = {"app.kubernetes.io/managed-by": "Eno", "kubernetes.azure.com/managedby": "aks"}
IMAGE = "mcr.microsoft.com/oss/v2/kubernetes/coredns"
SERVER = "mcr.microsoft.com/oss/v2/kubernetes/metrics-server"
AGENT = "mcr.microsoft.com/oss/v2/kubernetes/apiserver-network-proxy/agent"
PROXY = "mcr.microsoft.com/oss/v2/kubernetes/kube-proxy:v1.33.5-1"


def things() -> list[KubeObject]:
    corefile: dict[str, Any] = {
        "kind": "ConfigMap",
        "metadata": {"name": "coredns", "namespace": "kube-system", "labels": ENO},
        "data": {"Corefile": ".:53 {\n  errors\n}\n"},
    }
    own = {**corefile, "metadata": {"name": "coredns-custom", "namespace": "kube-system"}}
    by = [managed("eno", {"f:spec": {}}, "Apply")]
    return [
        workload("coredns", f"{IMAGE}:v1.12.1-7", labels={**ENO, "team": "x"}, managedFields=by),
        workload("web", "corp.azurecr.io/web:1", namespace="shop"),
        obj(corefile),
        obj(own),
    ]


def saved(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "baselines" / "mine.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_capture_holds_what_is_managed_and_nothing_of_the_customer(catalogue: Catalogue) -> None:
    text = capture(things(), catalogue, cluster())
    content = yaml.safe_load(text)
    assert content["as_of"] == "2026-01-15"
    assert [(o["kind"], o["name"]) for o in content["objects"]] == [
        ("ConfigMap", "coredns"),
        ("Deployment", "coredns"),
    ]
    state = content["objects"][1]["state"]
    assert state["metadata"]["labels"] == ENO
    assert state["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE
    assert capture(reversed(things()), catalogue, cluster()) == text


def test_a_captured_cluster_does_not_differ_from_itself(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    saved(tmp_path, capture(things(), catalogue, cluster()))
    baseline = load_captured((tmp_path,))
    for thing in things():
        assert captured_rows(thing, baseline) == ()
    newer = workload("coredns", f"{IMAGE}:v1.12.1-25", labels=ENO)
    assert captured_rows(newer, baseline) == ()
    other = workload("coredns", "docker.io/coredns/coredns:1", labels=ENO)
    (row,) = captured_rows(other, baseline)
    assert row.path == "spec.template.spec.containers[coredns].image"
    assert row.actual == "docker.io/coredns/coredns"


def test_a_sample_cluster_round_trips(catalogue: Catalogue, tmp_path: Path) -> None:
    found = list(sample_objects("s1"))
    saved(tmp_path, capture(found, catalogue, cluster()))
    assert check(tmp_path) == ()
    baseline = load_captured((tmp_path,))
    assert len(baseline) > 15
    for thing in found:
        assert captured_rows(thing, baseline) == (), str(thing.subject)


def test_state_of_other_kinds_is_empty() -> None:
    assert state_of(obj({"kind": "Service", "metadata": {"name": "x"}})) == {}


def test_check_names_every_bad_file(tmp_path: Path) -> None:
    first = saved(tmp_path, "schema: 1\nobjects:\n- kind: Deployment\n  name: x\n")
    second = first.with_name("other.yaml")
    second.write_text("schema: 1\nrules: []\n", encoding="utf-8")
    problems = check(tmp_path)
    assert len(problems) == 2
    assert problems[0].startswith(f"{first}:3: namespace")
    assert problems[1].startswith(f"{second}:2: unknown section rules")


def test_checksums_travel_with_the_data(tmp_path: Path, catalogue: Catalogue) -> None:
    path = saved(tmp_path, capture(things(), catalogue, cluster()))
    assert write_sums(tmp_path).name == SUMS
    assert verify_sums(tmp_path) == ()
    assert check(tmp_path) == ()
    path.write_text(path.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert check(tmp_path) == (f"{path}: does not match its checksum in {SUMS}",)
    path.rename(path.with_name("renamed.yaml"))
    assert len(verify_sums(tmp_path)) == 2


@pytest.mark.parametrize("known", [True, False])
def test_show(catalogue: Catalogue, known: bool) -> None:
    rows = {row.id: row for row in show(catalogue, cluster() if known else None)}
    assert rows["coredns"].object == "kube-system/coredns"
    assert "coredns-custom" in rows["coredns"].may_change
    assert (rows["coredns"].expected, rows["coredns"].versions) == (
        ("yes", "1.12") if known else ("always", "")
    )
    assert ("cilium" in rows) is not known
    assert rows["azure-cns"].why == ("the network mode is azure-cni-overlay" if known else "")


def test_what_is_no_model_for_later_is_left_out_and_named(catalogue: Catalogue) -> None:
    edit = {"f:spec": {"f:template": {"f:spec": {"f:containers": {
        'k:{"name":"coredns"}': {"f:resources": {"f:limits": {"f:memory": {}}}}}}}}}  # fmt: skip
    by = [managed("kubectl-edit", edit)]
    status = {"kind": "ConfigMap", "metadata": {"name": "cluster-autoscaler-status",
              "namespace": "kube-system", "labels": ENO}, "data": {"status": "x"}}  # fmt: skip
    proxy = {
        "kind": "DaemonSet",
        "metadata": {"name": "kube-proxy", "namespace": "kube-system", "labels": ENO},
        "spec": {"template": {"spec": {"containers": [{"name": "kube-proxy", "image": PROXY}]}}},
        "status": {"desiredNumberScheduled": 3, "numberReady": 2},
    }
    found = [
        workload("coredns", f"{IMAGE}:v1.12.1-7", labels=ENO, managedFields=by),
        workload("metrics-server", f"{SERVER}:v0.7.2-7", labels=ENO),
        workload("konnectivity-agent", f"{AGENT}:v0.31.4-6", labels=ENO),
        obj(proxy),
        obj(status),
    ]
    troubled = {"Deployment/kube-system/metrics-server": "AKS-CMP-003, high: it crashes"}
    taken = take(found, catalogue, cluster(), troubled)
    assert taken.objects == ("Deployment kube-system/konnectivity-agent",)
    why = {item.object: item.why for item in taken.left_out}
    assert why["DaemonSet kube-system/kube-proxy"] == "2 of 3 pods are ready"
    assert why["Deployment kube-system/metrics-server"] == "AKS-CMP-003, high: it crashes"
    assert why["ConfigMap kube-system/cluster-autoscaler-status"].endswith("changes by itself")
    assert why["Deployment kube-system/coredns"].startswith("changed by kubectl")
    assert "limits.memory" in why["Deployment kube-system/coredns"]
    assert len(taken.left_out_lines()) == 4


def test_a_capture_is_compared_with_its_own_cluster_alone(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    text = capture(things(), catalogue, cluster())
    path = saved(tmp_path, text)
    path.with_name("other.yaml").write_text(
        text.replace("cluster: c", "cluster: other").replace("errors", "any"), encoding="utf-8"
    )
    files = captured_files((tmp_path,))
    assert [file.name for file in files] == ["mine.yaml", "other.yaml"]
    own = captured_for(files, cluster())
    assert own == files[0].objects
    assert not_used(files, cluster()) == (
        "other.yaml is not compared: it was captured from cluster other, and this is c",
    )
    later = cluster(version="1.34.1")
    assert captured_for(files, later) == {}
    assert not_used(files, later)[0].endswith("captured from Kubernetes 1.33, and this is 1.34")
    unknown = cluster(NetworkMode.UNKNOWN, version=None)
    assert captured_for(files, unknown) == files[0].objects
