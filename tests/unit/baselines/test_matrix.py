"""Every mode and minor healthy without drift; every component changed in every way, by anyone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from baseline_builders import cluster, managed

from analyzer.baselines.attribution import changes, customer_changes, unknown_changes
from analyzer.baselines.catalogue import Catalogue, load
from analyzer.baselines.drift import differences, with_authors
from analyzer.baselines.markers import whose
from analyzer.baselines.projections import expected_lines, workload_rows
from analyzer.baselines.schema import Component, Scope
from analyzer.baselines.select import expectation, expected
from analyzer.facts.identity import Dataplane, Identity, NetworkMode, PolicyEngine
from analyzer.facts.objects import Workload

MINORS = ("1.33", "1.34", "1.35", "1.36")
NETWORKS: dict[str, dict[str, Any]] = {
    "overlay": {"mode": NetworkMode.OVERLAY},
    "overlay-npm": {"mode": NetworkMode.OVERLAY, "policy": PolicyEngine.AZURE},
    "overlay-calico": {"mode": NetworkMode.OVERLAY, "policy": PolicyEngine.CALICO},
    "overlay-cilium": {
        "mode": NetworkMode.OVERLAY,
        "dataplane": Dataplane.CILIUM,
        "policy": PolicyEngine.CILIUM,
        "proxy": "none",
    },
    "pod-subnet": {"mode": NetworkMode.POD_SUBNET},
    "node-subnet": {"mode": NetworkMode.NODE_SUBNET},
    "kubenet": {"mode": NetworkMode.KUBENET},
    "kubenet-calico": {"mode": NetworkMode.KUBENET, "policy": PolicyEngine.CALICO},
    "byocni": {"mode": NetworkMode.BYOCNI},
    "byocni-own-proxy": {"mode": NetworkMode.BYOCNI, "proxy": "none"},
}
ADD_ONS = frozenset({"monitoring", "azure-policy", "keda", "azure-keyvault-secrets-provider"})
ENO = {"kubernetes.azure.com/managedby": "aks", "app.kubernetes.io/managed-by": "Eno"}


def built(component: Component, minor: str, *entries: Any, image: str = "") -> Workload:
    """A workload of a component as AKS would install it on that minor."""
    lines = expected_lines(component, minor)
    tag = f"v{lines[-1]}.3-4" if lines else "v0.1.15-6"
    name = component.name.replace("*", "x")
    spec = {
        "containers": [
            {
                "name": "main",
                "image": image or f"mcr.microsoft.com/{component.images[0]}:{tag}",
                "resources": {"limits": {"memory": "500Mi"}},
            }
        ]
    }
    return Workload.model_validate(
        {
            "kind": component.kind,
            "metadata": {
                "name": name,
                "namespace": component.namespaces[0],
                "labels": {} if component.unlabelled else ENO,
                "managedFields": [
                    managed("eno", {"f:spec": {"f:selector": {}}}, "Apply"),
                    *entries,
                ],
            },
            "spec": {"template": {"metadata": {"labels": component.labels}, "spec": spec}},
        }
    )


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("network", sorted(NETWORKS))
def test_a_healthy_cluster_has_no_drift(catalogue: Catalogue, network: str, minor: str) -> None:
    identity = cluster(
        **NETWORKS[network], version=f"{minor}.4", add_ons=ADD_ONS, add_ons_known=True
    )
    found = [e for e in expected(catalogue, identity) if e.component.os == "linux"]
    assert len(found) >= 8 + 10
    for item in found:
        thing = built(item.component, minor)
        assert workload_rows(item.component, thing, identity) == (), item.component.id
        verdict = whose(thing, catalogue, identity)
        assert verdict.owner == "aks", (item.component.id, verdict)
        assert customer_changes(thing, item.component) == ()
        assert item.certain, item.why


FIELDS: dict[str, Any] = {
    "f:spec": {
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"main"}': {
                        "f:image": {},
                        "f:resources": {"f:limits": {"f:memory": {}}},
                    }
                }
            }
        }
    }
}
AUTHORS = {
    "kubectl-edit": "customer",
    "argocd-controller": "customer",
    "eno": "aks",
    "own-robot": "unknown",
}
MUTATIONS = ("foreign image", "memory", "label", "old line")


def mutations() -> Iterator[tuple[str, str, str]]:
    identity = cluster(add_ons=ADD_ONS, policy=PolicyEngine.CALICO)
    for component in load().components:
        if component.in_cluster and component.images and expectation(component, identity):
            for what in MUTATIONS:
                if what == "old line" and not expected_lines(component, "1.33"):
                    continue
                if what == "label" and not component.labels:
                    continue
                for author in AUTHORS:
                    yield component.id, what, author


CASES = sorted(mutations())


def test_there_are_enough_mutations() -> None:
    assert len(CASES) >= 150
    assert len({name for name, _, _ in CASES}) >= 25


@pytest.mark.parametrize(("name", "what", "author"), CASES)
def test_one_mutation_is_one_row_with_its_author(
    catalogue: Catalogue, name: str, what: str, author: str
) -> None:
    identity = cluster(add_ons=ADD_ONS, policy=PolicyEngine.CALICO)
    component = catalogue.get(name)
    entry = managed(author, FIELDS, subresource="")
    thing, path = _mutated(component, what, entry, identity)
    if what == "memory":
        healthy = built(component, "1.33").model_dump(by_alias=True)
        rows = differences(healthy["spec"], thing.model_dump(by_alias=True)["spec"])
        rows = tuple(row.model_copy(update={"path": f"spec.{row.path}"}) for row in rows)
    else:
        rows = workload_rows(component, thing, identity)
    assert [row.path for row in rows] == [path]
    if what != "label":
        assert with_authors(rows, changes(thing))[0].changed_by == author
    assert bool(customer_changes(thing, component)) is (AUTHORS[author] == "customer")
    assert bool(unknown_changes(thing, component)) is (AUTHORS[author] == "unknown")
    assert whose(thing, catalogue, identity).owner == "aks"


def _mutated(
    component: Component, what: str, entry: Any, identity: Identity
) -> tuple[Workload, str]:
    main = "spec.template.spec.containers[main]"
    if what == "foreign image":
        image = f"docker.io/{component.images[0].rsplit('/', 1)[-1]}:1"
        return built(component, "1.33", entry, image=image), f"{main}.image"
    if what == "old line":
        image = f"mcr.microsoft.com/{component.images[0]}:v0.0.1"
        return built(component, "1.33", entry, image=image), f"{main}.image"
    raw = built(component, "1.33", entry).model_dump(by_alias=True)
    template = raw["spec"]["template"]
    if what == "memory":
        template["spec"]["containers"][0]["resources"]["limits"]["memory"] = "170Mi"
        return Workload.model_validate(raw), f"{main}.resources.limits.memory"
    key = sorted(component.labels)[0]
    template["metadata"]["labels"] = {**component.labels, key: "other"}
    shown = f"[{key}]"
    return Workload.model_validate(raw), f"spec.template.metadata.labels{shown}"


def test_customer_parts_are_never_expected(catalogue: Catalogue) -> None:
    for component in catalogue.components:
        if component.when.scope is Scope.CUSTOMER:
            assert expectation(component, cluster(add_ons=ADD_ONS)) is None
