"""A managed component was changed by someone other than AKS.

What it means:
  Somebody other than AKS wrote fields of a Deployment or DaemonSet that AKS manages, outside of
  what AKS leaves to customers.
Why it matters:
  The component runs in a way that Microsoft does not test and does not support, and AKS overwrites
  the change at some update.
How we know:
  The managed fields of the object say which field belongs to which tool since when; the baseline
  and the kept revisions of earlier roll-outs say what the value was. AKS's own and Kubernetes' own
  writers, status, own labels, documented customisations, and values that were put back are no
  change. Where the managed fields are not shown, only what every AKS cluster has alike is compared,
  and the author is not known.
What to do:
  customer: Undo the change, and use the documented way to customise the component. AKS puts its own
    state back with: az aks update -g <resource group> -n <cluster>
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Managed fields: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.attribution import Change, changes
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.history import Revision
from analyzer.baselines.projections import image_rows, version_rows
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Deployments, ReplicaSets
from analyzer.facts.more_listings import ControllerRevisions
from analyzer.facts.objects import Workload
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.component._managed import (
    customers_of,
    managed_workloads,
    require_system,
    strangers_of,
)
from analyzer.rules.component._unattributed import unattributed_rows
from analyzer.rules.component._written import (
    NOT_SHOWN,
    Before,
    before,
    content_only,
    rows_of,
    sentence,
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
_WOULD = "The managed fields of the object (or the audit log) would name who wrote this."


def check(
    deployments: Deployments,
    daemonsets: DaemonSets,
    baseline: Baseline,
    identity: Identity,
    replica_sets: ReplicaSets | None,
    controller_revisions: ControllerRevisions | None,
) -> Iterator[Hit]:
    not_shown: NotCollected | None = None
    older: tuple[Revision, ...] = (
        *(replica_sets.items if replica_sets is not None else ()),
        *(controller_revisions.items if controller_revisions is not None else ()),
    )
    for component, workload in managed_workloads(deployments, daemonsets, baseline, identity):
        known = before(component, workload, identity, older, baseline)
        try:
            yield from _of(component, known, identity)
        except NotCollected as gap:
            not_shown = gap
            rows = unattributed_rows(component, workload, identity, known.revisions)
            if rows:
                yield _unattributed(component, workload, rows)
    if not_shown is not None:
        raise not_shown
    require_system(deployments, daemonsets)


def _of(component: Component, known: Before, identity: Identity) -> Iterator[Hit]:
    workload = known.workload
    told = {row.path for row in image_rows(component, workload)}  # AKS-CMP-004
    told |= {row.path for row in version_rows(component, workload, identity)}  # AKS-CMP-007
    found = content_only(customers_of(workload, component))
    strangers = content_only(strangers_of(workload, component))
    restarts = [c for c in changes(workload) if c.kind == "customer" and _RESTARTED in c.fields]
    if rows := rows_of(found, known, told):
        off = workload.desired == 0 and component.os != "windows"
        yield _hit(component, workload, found, rows, "switched-off" if off else "default")
    elif rows := rows_of(strangers, known, told):
        yield _hit(component, workload, strangers, rows, "unknown-author")
    elif removed := unattributed_rows(component, workload, identity, known.revisions):
        yield _unattributed(component, workload, removed)
    elif restarts:
        yield _restart(component, workload, restarts[-1])


def _hit(
    component: Component,
    workload: Workload,
    found: tuple[Change, ...],
    rows: list[DriftRow],
    variant: str,
) -> Hit:
    stranger = variant == "unknown-author"
    produces = {"component-changed"} | ({"component-down"} if variant == "switched-off" else set())
    who = "an unknown writer" if stranger else "the customer"
    off = "; it now wants no pods" if variant == "switched-off" else ""
    return Hit(
        subject=workload.subject,
        title=f"{workload.name} was changed by {who}",
        component=component.id,
        saw=sentence(rows, found) + off,
        expected=f"{workload.name} as AKS installs it. {component.what}",
        evidence=_evidence(workload, rows),
        variant=variant,
        signals=frozenset({Signal.CHANGED_BY_UNKNOWN if stranger else Signal.CHANGED_BY_CUSTOMER}),
        drift=tuple(rows[:_MAX_ROWS]),
        first_seen=min((row.changed_at for row in rows if row.changed_at), default=None),
        produces=frozenset() if stranger else frozenset(produces),
    )


def _evidence(workload: Workload, rows: list[DriftRow]) -> tuple[EvidenceRef, ...]:
    """Who wrote it, and the first value that differs."""
    managers = dict.fromkeys(row.changed_by for row in rows if row.changed_by)
    written = tuple(workload.where(f"manager: {name}") for name in list(managers)[:3])
    first = rows[0]
    leaf = first.path.rsplit(".", 1)[-1].split("[", 1)[0]
    anchor = leaf if first.actual == NOT_SHOWN else f"{leaf}: {first.actual}"
    return (*written, workload.where("spec", anchor))


def _unattributed(component: Component, workload: Workload, rows: tuple[DriftRow, ...]) -> Hit:
    return Hit(
        subject=workload.subject,
        title=f"{workload.name} is not as AKS installs it",
        component=component.id,
        saw=sentence(rows, ()),
        expected=f"{workload.name} as AKS installs it. {component.what}",
        evidence=_evidence(workload, list(rows)),
        variant="unattributed",
        signals=frozenset({Signal.CHANGED_BY_UNKNOWN, Signal.CHANGE_NOT_CHECKED}),
        drift=rows[:_MAX_ROWS],
        first_seen=min((row.changed_at for row in rows if row.changed_at), default=None),
        would_change=(_WOULD,),
        produces=frozenset(),
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
