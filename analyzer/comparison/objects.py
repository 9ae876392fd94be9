"""Every managed object against its baseline: values compared, values that match, the rest named."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.attribution import author_of, changes
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.freshness import data_age
from analyzer.baselines.markers import component_of, whose
from analyzer.baselines.projections import binding_rows, corefile_rows, corefile_values
from analyzer.baselines.schema import Component
from analyzer.baselines.select import Expectation
from analyzer.comparison.values import compared, customised, newer_images
from analyzer.facts.facts import Facts
from analyzer.facts.identity import Aks, Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import (
    ClusterRoleBindings,
    ConfigMaps,
    DaemonSets,
    Deployments,
    StatefulSets,
)
from analyzer.facts.objects import Workload
from analyzer.model.diagnosis import ComparedObject, Comparison
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow

#: A role and its users: the values of a binding that are compared.
_BINDING_VALUES = 2


def compare(facts: Facts, baseline: Baseline) -> Comparison | None:
    """Compare all that the baseline says something about; None for a cluster that is not AKS.

    A value that AKS itself wrote and the data does not know is counted as newer than the data.
    Expected components that are not there, or whose listing is missing, are named with the reason.
    """
    identity = facts.identity
    if identity.aks is Aks.NO:
        return None
    objects = [
        *_workloads(facts, baseline),
        *_config_maps(facts, baseline),
        *_bindings(facts, baseline),
    ]
    objects.sort(key=lambda item: (item.component, item.subject.key))
    age = data_age(baseline.catalogue.as_of, identity.collected_at)
    return Comparison(
        as_of=age.as_of,
        days_apart=age.days,
        objects=tuple(objects),
        not_compared=tuple(_missing(facts, baseline, {item.component for item in objects})),
    )


def _workloads(facts: Facts, baseline: Baseline) -> Iterator[ComparedObject]:
    listings = (facts.of(DaemonSets), facts.of(Deployments), facts.of(StatefulSets))
    for listing in listings:
        for workload in listing.items:
            component = _managed(workload, baseline, facts.identity)
            if component is not None:
                yield _workload(component, workload, facts.identity)


def _managed(obj: KubeObject, baseline: Baseline, identity: Identity) -> Component | None:
    component = component_of(obj, baseline.catalogue)
    if component is None or not whose(obj, baseline.catalogue, identity).managed:
        return None
    return component


def _workload(component: Component, workload: Workload, identity: Identity) -> ComparedObject:
    values, rows = compared(component, workload, identity)
    by_aks = tuple(row for row in rows if _by_aks(row, workload))
    newer = (*newer_images(component, workload, identity), *(_text(row) for row in by_aks))
    return ComparedObject(
        component=component.id,
        subject=workload.subject,
        values=values,
        matched=max(0, values - len(rows)),
        allowed=customised(workload, component),
        newer=tuple(dict.fromkeys(newer)),
    )


def _by_aks(row: DriftRow, obj: KubeObject) -> bool:
    try:
        author = author_of(row.path, changes(obj))
    except NotCollected:
        return False
    return author is not None and author.kind in ("aks", "kubernetes")


def _text(row: DriftRow) -> str:
    return f"{row.path}: {row.actual}"


def _config_maps(facts: Facts, baseline: Baseline) -> Iterator[ComparedObject]:
    """The Corefile by its frame; others for what a customer has set in them where that is meant."""
    for config_map in facts.of(ConfigMaps).items:
        component = component_of(config_map, baseline.catalogue)
        if component is None:
            continue
        values, rows = 0, 0
        if config_map.name == "coredns" and component.id == "coredns":
            values, rows = corefile_values(config_map), len(corefile_rows(config_map))
        allowed = customised(config_map, component)
        if values or allowed:
            yield ComparedObject(
                component=component.id,
                subject=config_map.subject,
                values=values,
                matched=max(0, values - rows),
                allowed=allowed,
            )


def _bindings(facts: Facts, baseline: Baseline) -> Iterator[ComparedObject]:
    for binding in facts.of(ClusterRoleBindings).items:
        component = component_of(binding, baseline.catalogue)
        if component is not None and binding.name == "aks-service-rolebinding":
            yield ComparedObject(
                component=component.id,
                subject=binding.subject,
                values=_BINDING_VALUES,
                matched=_BINDING_VALUES - len(binding_rows(binding)),
            )


def _missing(facts: Facts, baseline: Baseline, seen: set[str]) -> Iterator[str]:
    for expectation in baseline.expected:
        if expectation.component.id not in seen and expectation.certain:
            yield f"{expectation.component.id}: {_why(facts, expectation)}"


def _why(facts: Facts, expectation: Expectation) -> str:
    """Why an expected component has nothing that could be compared."""
    component = expectation.component
    listings = {
        "Deployment": facts.of(Deployments),
        "DaemonSet": facts.of(DaemonSets),
        "StatefulSet": facts.of(StatefulSets),
    }
    listing = listings.get(component.kind)
    if listing is None:
        return f"objects of kind {component.kind} are not compared"
    try:
        listing.of(component.namespaces[0] if component.namespaces else "")
    except NotCollected as missing:
        return str(missing.gaps[0])
    return f"no {component.kind} of that name was found that is AKS's"
