"""The comparison says what was compared at all, and what is allowed, newer or missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from analyzer.baselines.baseline import Baseline
from analyzer.comparison import compare
from analyzer.model.diagnosis import ComparedObject, Comparison
from tests.drift.test_mutations import BASES, container, data, in_container, sign
from tests.drift.worlds import ConfigMaps, Deployments, Raw, World, world


def compared(cluster: World, changed: dict[type[Any], Any] | None = None) -> Comparison:
    facts = cluster.analysis.loaded.facts
    facts = replace(facts, listings={**facts.listings, **(changed or {})})
    found = compare(facts, cluster.analysis.supply.by_type[Baseline])
    assert found is not None
    return found


def the(comparison: Comparison, name: str) -> ComparedObject:
    (found,) = (item for item in comparison.objects if item.subject.name == name)
    return found


def test_every_value_of_a_healthy_cluster_matches() -> None:
    found = compared(world(**BASES["overlay"]))
    assert found.as_of >= "2026-08-21"
    assert found.days_apart is not None
    assert len(found.objects) >= 20
    assert sum(item.values for item in found.objects) > 100
    assert all(item.values == item.matched for item in found.objects)
    assert all(not item.newer for item in found.objects)
    assert the(found, "coredns-autoscaler").component == "coredns-autoscaler"
    assert {"aks-rbac", "coredns", "kube-proxy"} <= {item.component for item in found.objects}
    assert found.not_compared == ()


def test_a_difference_counts_as_one_value_that_does_not_match() -> None:
    def edit(obj: Raw) -> None:
        container(obj)["resources"]["limits"]["memory"] = "170Mi"
        tree = {"f:resources": {"f:limits": {"f:memory": {}}}}
        sign(obj, "", "kubectl-edit", in_container(obj, tree))

    cluster = world(**BASES["overlay"])
    item = [
        item
        for item in compared(cluster, cluster.changed(Deployments, "coredns", edit)).objects
        if item.subject.key == "Deployment/kube-system/coredns"
    ]
    assert [(one.values - one.matched) for one in item] == [1]


def test_a_version_newer_than_the_data_is_named_and_no_difference() -> None:
    def edit(obj: Raw) -> None:
        container(obj)["image"] = "mcr.microsoft.com/oss/v2/kubernetes/coredns:v1.99.0-1"
        sign(obj, "", "eno", in_container(obj, {"f:image": {}}))

    cluster = world(**BASES["overlay"])
    found = compared(cluster, cluster.changed(Deployments, "coredns", edit))
    (item,) = (i for i in found.objects if i.subject.key == "Deployment/kube-system/coredns")
    assert item.values == item.matched
    assert item.newer == (
        "spec.template.spec.containers[coredns].image: "
        "mcr.microsoft.com/oss/v2/kubernetes/coredns:v1.99.0-1",
    )


@pytest.mark.parametrize(
    ("name", "key", "value", "shown"),
    [
        (
            "coredns-custom",
            "corp.server",
            "corp:53 {\n  log\n}",
            "data[corp.server]: corp:53 { log }",
        ),
        ("coredns-autoscaler", "ladder", "{}", "data[ladder]: {}"),
    ],
)
def test_what_a_customer_may_set_is_named(name: str, key: str, value: str, shown: str) -> None:
    cluster = world(**BASES["overlay"])
    found = compared(cluster, cluster.changed(ConfigMaps, name, data(key, value)))
    (item,) = (i for i in found.objects if i.subject.key == f"ConfigMap/kube-system/{name}")
    assert shown in item.allowed


def test_what_is_not_there_is_named_with_the_reason() -> None:
    cluster = world(**BASES["overlay"])
    found = compared(cluster, cluster.changed(Deployments, "metrics-server", None))
    assert found.not_compared == (
        "metrics-server: no Deployment of that name was found that is AKS's",
    )
    missing = compared(cluster, {Deployments: Deployments()})
    assert any(text.startswith("coredns-autoscaler: cluster/resources") for text in
               missing.not_compared)  # fmt: skip


def test_a_cluster_that_is_not_aks_is_not_compared() -> None:
    cluster = World(base="foreign", kubernetes="1.33")
    assert compare(cluster.analysis.loaded.facts, cluster.analysis.supply.by_type[Baseline]) is None
