"""A managed object differs from what was captured while the cluster was healthy.

What it means:
  A baseline was captured from a cluster in good order, and this object has other values now. Who
  wrote them is not shown: where it is, the finding about that change has the captured value.
Why it matters:
  What changed since the cluster was last known to be well is the first place to look.
How we know:
  Each value of the captured object against the present one: repositories without tags, arguments,
  resources, labels of the system, tolerations, contents of ConfigMaps. What AKS itself wrote since
  then is left out where the managed fields show it.
What to do:
  customer: Compare the object with the time of the capture, and capture again after an upgrade of
    the cluster: demarc baseline capture BUNDLE -o FILE
  microsoft: Check whether a release since the capture changed this object.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.baselines.attribution import author_of, changes
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.capture import captured_rows
from analyzer.baselines.drift_rows import ABSENT
from analyzer.baselines.images import foreign_image
from analyzer.baselines.markers import component_of
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import ConfigMaps, DaemonSets, Deployments, StatefulSets
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.component._written import sentence

RULE = Rule(
    id="AKS-CMP-009",
    title="A managed object differs from what was captured while the cluster was healthy",
    component="managed-component",
    clauses=("MGD-06",),
    signals=frozenset({Signal.MANAGED_COMPONENT, Signal.CHANGE_NOT_CHECKED}),
)

_WOULD = "The managed fields of the object (or the audit log) would name who wrote this."


def check(
    deployments: Deployments,
    daemonsets: DaemonSets,
    stateful_sets: StatefulSets | None,
    config_maps: ConfigMaps | None,
    baseline: Baseline,
) -> Iterator[Hit]:
    if not baseline.captured:
        raise NotApplicable("no captured baseline was given (--data)")
    optional = [listing for listing in (stateful_sets, config_maps) if listing is not None]
    present = {}
    for listing in (deployments, daemonsets, *optional):
        for obj in listing.items:
            present[(listing.kind, obj.namespace or "", obj.name)] = obj
    for key in sorted(baseline.captured):
        if key in present and (rows := _open_rows(present[key], baseline)):
            yield _hit(present[key], rows)
    for kind, namespace, _ in sorted(baseline.captured):
        for listing in (deployments, daemonsets, *optional):
            if listing.kind == kind:
                listing.of(namespace)


def _open_rows(obj: KubeObject, baseline: Baseline) -> tuple[DriftRow, ...]:
    """Differences whose author nothing shows, and which no other rule tells."""
    rows = captured_rows(obj, baseline.captured)
    try:
        known = changes(obj) if rows else ()
    except NotCollected:
        known = ()
    component = component_of(obj, baseline.catalogue)
    return tuple(
        row
        for row in rows
        if author_of(row.path, known) is None
        and not (row.path.endswith(".image") and foreign_image(row.actual, component))
        and not _only_more(row)
    )


def _only_more(row: DriftRow) -> bool:
    """True for a label or annotation that came on top: anyone may add those."""
    return row.expected == ABSENT and row.path.startswith("metadata.")


def _hit(obj: KubeObject, rows: tuple[DriftRow, ...]) -> Hit:
    return Hit(
        subject=obj.subject,
        title=f"{obj.subject.kind} {obj.name} differs from the captured baseline",
        component=obj.name,
        saw=sentence(rows, ()),
        expected="The values that were captured.",
        evidence=tuple(_places(obj, rows[:2])),
        signals=frozenset(),
        drift=rows[:20],
        would_change=(_WOULD,),
        produces=frozenset(),
    )


def _places(obj: KubeObject, rows: Iterable[DriftRow]) -> Iterator[EvidenceRef]:
    for row in rows:
        leaf = row.path.rsplit(".", 1)[-1].split("[", 1)[0]
        yield obj.where(leaf if row.actual == ABSENT else f"{leaf}: {row.actual}")
