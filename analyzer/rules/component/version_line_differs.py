"""A managed component has a version that does not go with the cluster's Kubernetes version.

What it means:
  A component that AKS manages runs a version line that AKS does not ship for this Kubernetes minor.
Why it matters:
  The combination is one that nobody tested. AKS puts the right version back at some update.
How we know:
  The version lines per Kubernetes minor in the baseline; never an exact tag, which changes weekly.
  A line newer than the data is no finding, nor is one that AKS wrote itself: AKS knows better.
  While nodes are upgraded the components follow later; without a known author nothing is said then.
What to do:
  customer: Let AKS put its own version back (az aks update -g <resource group> -n <cluster>), and
    leave the image to AKS.
  microsoft: Check which version the release of this cluster brings, if nobody changed the image.
References:
  - Supported Kubernetes versions: https://learn.microsoft.com/azure/aks/supported-kubernetes-versions
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.attribution import Change, author_of, changes
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.drift import with_authors
from analyzer.baselines.projections import version_rows
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Deployments, Nodes
from analyzer.facts.objects import Workload
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.component._managed import managed_workloads, require_system
from analyzer.rules.component._written import sentence

RULE = Rule(
    id="AKS-CMP-007",
    title="A managed component has a version that does not go with the Kubernetes version",
    component="managed-component",
    clauses=("MGD-06", "MGD-05"),
    signals=frozenset({Signal.MANAGED_COMPONENT}),
)

_WOULD = "The managed fields of the object, which name who wrote the image."


def check(
    deployments: Deployments,
    daemonsets: DaemonSets,
    baseline: Baseline,
    identity: Identity,
    nodes: Nodes | None,
) -> Iterator[Hit]:
    if identity.minor is None:
        raise NotApplicable("the Kubernetes version is not known")
    upgrading = _upgrading(nodes, identity)
    for component, workload in managed_workloads(deployments, daemonsets, baseline, identity):
        rows = tuple(version_rows(component, workload, identity))
        if rows:
            yield from _of(component, workload, rows, upgrading)
    require_system(deployments, daemonsets)


def _of(
    component: Component, workload: Workload, rows: tuple[DriftRow, ...], upgrading: bool
) -> Iterator[Hit]:
    try:
        found = changes(workload)
    except NotCollected:
        if not upgrading:
            yield _hit(component, workload, rows, (), "unattributed")
        return
    by_others = tuple(row for row in rows if _by_others(author_of(row.path, found)))
    if by_others:
        writers = {author_of(row.path, found) for row in by_others}
        known = any(writer is not None and writer.kind == "customer" for writer in writers)
        told = with_authors(by_others, found)
        yield _hit(component, workload, told, found, "default" if known else "unknown-author")


def _by_others(author: Change | None) -> bool:
    return author is not None and author.kind in ("customer", "unknown")


def _upgrading(nodes: Nodes | None, identity: Identity) -> bool:
    """True where some nodes have another minor than the control plane, or none is shown."""
    shown = [node.status.node_info.kubelet_version or "" for node in nodes.items] if nodes else []
    return not shown or any(not v.startswith(f"v{identity.minor}.") for v in shown)


_SIGNALS = {
    "default": frozenset({Signal.CHANGED_BY_CUSTOMER}),
    "unknown-author": frozenset({Signal.CHANGED_BY_UNKNOWN}),
    "unattributed": frozenset({Signal.CHANGE_NOT_CHECKED}),
}


def _hit(
    component: Component,
    workload: Workload,
    rows: tuple[DriftRow, ...],
    found: tuple[Change, ...],
    variant: str,
) -> Hit:
    return Hit(
        subject=workload.subject,
        title=f"{workload.name} has a version that does not go with this Kubernetes version",
        component=component.id,
        saw=sentence(rows, found),
        expected=rows[0].expected,
        evidence=(workload.where("template", f"image: {rows[0].actual}"),),
        variant=variant,
        signals=_SIGNALS[variant],
        drift=rows,
        first_seen=min((row.changed_at for row in rows if row.changed_at), default=None),
        would_change=(_WOULD,) if variant == "unattributed" else (),
        produces=None if variant == "default" else frozenset(),
    )
