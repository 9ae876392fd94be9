"""A managed component was changed by someone other than AKS.

What it means:
  A tool of the customer wrote fields of a Deployment or DaemonSet that AKS manages, outside of what
  AKS leaves to customers.
Why it matters:
  The component runs in a way that Microsoft does not test and does not support, and AKS overwrites
  the change at some update.
How we know:
  The managed fields of the object: which field belongs to which tool since when. AKS's own and
  Kubernetes' own writers, status, the customer's own labels, and the documented customisations are
  no change; an object that was never AKS's is left out. Removed fields leave no trace here.
What to do:
  customer: Undo the change, and use the documented way to customise the component. AKS puts its own
    state back with: az aks update -g <resource group> -n <cluster>
  microsoft: Nothing is to be done before the change is undone.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Managed fields: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.baselines.attribution import Change, changes
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.drift_rows import text_of, written_at
from analyzer.baselines.projections import workload_rows
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Deployments
from analyzer.facts.objects import Workload
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.component._managed import (
    customers_of,
    managed_workloads,
    require_system,
    strangers_of,
)

RULE = Rule(
    id="AKS-CMP-005",
    title="A managed component was changed by someone other than AKS",
    component="managed-component",
    clauses=("MGD-06",),
    signals=frozenset({Signal.MANAGED_COMPONENT}),
)

_RESTARTED = "spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]"
_MAX_ROWS = 20


def check(
    deployments: Deployments, daemonsets: DaemonSets, baseline: Baseline, identity: Identity
) -> Iterator[Hit]:
    not_shown: NotCollected | None = None
    for component, workload in managed_workloads(deployments, daemonsets, baseline, identity):
        try:
            yield from _of(component, workload, identity)
        except NotCollected as gap:
            not_shown = gap
    if not_shown is not None:
        raise not_shown
    require_system(deployments, daemonsets)


def _of(component: Component, workload: Workload, identity: Identity) -> Iterator[Hit]:
    known = {row.path: row for row in workload_rows(component, workload, identity)}
    foreign = {path for path in known if path.endswith(".image")}  # AKS-CMP-004 tells those
    found = _without(customers_of(workload, component), foreign)
    if found:
        off = workload.desired == 0 and component.os != "windows"
        yield _hit(component, workload, found, known, "switched-off" if off else "default")
    strangers = _without(strangers_of(workload, component), foreign)
    if strangers and not found:
        yield _hit(component, workload, strangers, known, "unknown-author")
    restarts = [c for c in changes(workload) if c.kind == "customer" and _RESTARTED in c.fields]
    if restarts and not found and not strangers:
        yield _restart(component, workload, restarts[-1])


def _without(found: tuple[Change, ...], paths: set[str]) -> list[tuple[Change, tuple[str, ...]]]:
    """Changes with the fields that say something: no names of list items, no foreign images."""
    rows = []
    for change in found:
        fields = tuple(f for f in change.fields if not f.endswith("].name") and f not in paths)
        if fields:
            rows.append((change, fields))
    return rows


def _hit(
    component: Component,
    workload: Workload,
    found: list[tuple[Change, tuple[str, ...]]],
    known: dict[str, DriftRow],
    variant: str,
) -> Hit:
    dump = workload.model_dump(by_alias=True, mode="json")
    rows = [_row(path, change, dump, known) for change, fields in found for path in fields]
    authors = ", ".join(dict.fromkeys(str(change) for change, _ in found))
    paths = ", ".join(row.path for row in rows[:3]) + (" …" if len(rows) > 3 else "")
    produces = {"component-changed"} | ({"component-down"} if variant == "switched-off" else set())
    stranger = variant == "unknown-author"
    signal = Signal.CHANGED_BY_UNKNOWN if stranger else Signal.CHANGED_BY_CUSTOMER
    who = "an unknown writer" if stranger else "the customer"
    off = "; it now wants no pods" if variant == "switched-off" else ""
    return Hit(
        subject=workload.subject,
        title=f"{workload.name} was changed by {who}",
        component=component.id,
        saw=f"{authors} wrote {paths}{off}",
        expected=f"{workload.name} as AKS installs it. {component.what}",
        evidence=tuple(workload.where(f"manager: {change.manager}") for change, _ in found[:3]),
        variant=variant,
        signals=frozenset({signal}),
        drift=tuple(rows[:_MAX_ROWS]),
        first_seen=min((change.time for change, _ in found if change.time), default=None),
        produces=frozenset() if stranger else frozenset(produces),
    )


def _row(path: str, change: Change, dump: dict[str, Any], known: dict[str, DriftRow]) -> DriftRow:
    value = written_at(dump, path)
    return DriftRow(
        path=path,
        expected=known[path].expected if path in known else "as AKS set it",
        actual=text_of(value) if value is not None else "not shown",
        changed_by=change.manager or change.tool,
        changed_at=change.time,
    )


def _restart(component: Component, workload: Workload, change: Change) -> Hit:
    return Hit(
        subject=workload.subject,
        title=f"{workload.name} was restarted by hand",
        component=component.id,
        saw=f"{change} asked for new pods (kubectl rollout restart). Nothing else was changed.",
        evidence=(workload.where(f"manager: {change.manager}"),),
        variant="restart",
        signals=frozenset({Signal.ALLOWED_CUSTOMISATION}),
        first_seen=change.time,
        produces=frozenset(),
        do_next="Nothing has to be undone: a restart changes no setting of the component.",
    )
