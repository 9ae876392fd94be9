"""A baseline of one's own cluster: captured, checked, carried, compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from baseline_builders import cluster, managed, obj, sample_objects, workload

from analyzer.baselines.capture import capture, captured_rows, load_captured, state_of
from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.show import show
from analyzer.baselines.user_data import SUMS, check, verify_sums, write_sums
from analyzer.facts.kube import KubeObject

ENO = {"app.kubernetes.io/managed-by": "Eno", "kubernetes.azure.com/managedby": "aks"}
IMAGE = "mcr.microsoft.com/oss/v2/kubernetes/coredns"


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
