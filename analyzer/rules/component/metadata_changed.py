"""Labels or annotations that AKS puts on its own objects were changed.

What it means:
  Somebody other than AKS wrote a label or annotation by which AKS knows its own objects, or which
  ties a component's parts together.
Why it matters:
  Anyone may add metadata, but a change of what the system made makes the cluster unsupported.
  AKS may no longer find the object, and another tool may take it for its own.
How we know:
  The managed fields of Deployments, DaemonSets and ConfigMaps that AKS manages. Own keys of the
  customer, general keys such as app.kubernetes.io/part-of, documented override annotations, and
  values that are as AKS sets them are no change. A key that was removed leaves no trace.
What to do:
  customer: Put the value back, and let AKS reconcile the object: az aks update -g <resource group>
    -n <cluster>. Keep own tools (Helm, Argo CD, Flux) from adopting objects of AKS.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Managed fields: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.attribution import Change
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.frames import as_written, marks, value_at
from analyzer.baselines.markers import component_of, is_managed_namespace, whose
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import ConfigMaps, DaemonSets, Deployments
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.component._managed import (
    SYSTEM,
    customers_of,
    managed_workloads,
    require_system,
    strangers_of,
)
from analyzer.rules.component._written import AS_SET, NOT_SHOWN, sentence

RULE = Rule(
    id="AKS-CMP-010",
    title="Labels or annotations that AKS puts on its own objects were changed",
    component="managed-component",
    clauses=("SHR-04", "MGD-06"),
    signals=frozenset({Signal.MANAGED_COMPONENT}),
)

_KINDS = ("metadata.labels", "metadata.annotations")


def check(
    deployments: Deployments,
    daemonsets: DaemonSets,
    config_maps: ConfigMaps | None,
    baseline: Baseline,
    identity: Identity,
) -> Iterator[Hit]:
    not_shown: NotCollected | None = None
    for component, obj in _objects(deployments, daemonsets, config_maps, baseline, identity):
        try:
            yield from _of(component, obj)
        except NotCollected as gap:
            not_shown = gap
    if not_shown is not None:
        raise not_shown
    require_system(deployments, daemonsets)
    if config_maps is not None:
        config_maps.of(SYSTEM)


def _objects(
    deployments: Deployments,
    daemonsets: DaemonSets,
    config_maps: ConfigMaps | None,
    baseline: Baseline,
    identity: Identity,
) -> Iterator[tuple[Component, KubeObject]]:
    yield from managed_workloads(deployments, daemonsets, baseline, identity)
    for config_map in config_maps.items if config_maps is not None else ():
        component = component_of(config_map, baseline.catalogue)
        if component is None or not is_managed_namespace(config_map.namespace):
            continue
        if whose(config_map, baseline.catalogue, identity).managed:
            yield component, config_map


def _of(component: Component, obj: KubeObject) -> Iterator[Hit]:
    found = customers_of(obj, component)
    rows = _rows(found, component, obj)
    strangers = () if rows else strangers_of(obj, component)
    rows = rows or _rows(strangers, component, obj)
    if rows:
        yield _hit(component, obj, rows, found or strangers, stranger=bool(strangers))


def _rows(found: tuple[Change, ...], component: Component, obj: KubeObject) -> tuple[DriftRow, ...]:
    dump = as_written(obj)
    expected = {**marks(), **component.labels}
    rows = []
    for change in found:
        for path in change.fields:
            if not path.startswith(_KINDS):
                continue
            wanted = expected.get(path.removeprefix("metadata.labels").strip(".[]"))
            actual = value_at(dump, path)
            if wanted is not None and wanted == actual:
                continue
            rows.append(
                DriftRow(
                    path=path,
                    expected=AS_SET if wanted is None else wanted,
                    actual=NOT_SHOWN if actual is None else str(actual),
                    changed_by=change.manager or change.tool,
                    changed_at=change.time,
                )
            )
    return tuple(rows)


def _hit(
    component: Component,
    obj: KubeObject,
    rows: tuple[DriftRow, ...],
    found: tuple[Change, ...],
    *,
    stranger: bool,
) -> Hit:
    by = Signal.CHANGED_BY_UNKNOWN if stranger else Signal.CHANGED_BY_CUSTOMER
    signals = {by} if stranger else {by, Signal.SYSTEM_METADATA_CHANGED}
    return Hit(
        subject=obj.subject,
        title=f"Metadata that AKS puts on {obj.subject.kind} {obj.name} was changed",
        component=component.id,
        saw=sentence(rows, found),
        expected="Labels and annotations as AKS writes them; others may be added.",
        evidence=tuple(obj.where(f"manager: {row.changed_by}") for row in rows[:3]),
        variant="unknown-author" if stranger else "default",
        signals=frozenset(signals),
        drift=rows,
        first_seen=min((row.changed_at for row in rows if row.changed_at), default=None),
    )
