"""A disruption budget allows no eviction, so that nodes cannot be drained.

What it means:
  A PodDisruptionBudget wants as many pods as there are, or allows none to be missing, while all
  of them are healthy. No pod of it may ever be evicted.
Why it matters:
  Upgrades, node image updates, repairs and scale-down drain nodes. They wait for this budget, and
  an upgrade of the cluster or of a pool fails over it.
How we know:
  The budget's status: no disruption allowed, although every expected pod is healthy. Where pods
  are missing or not ready the budget does its work, and their own trouble is told elsewhere.
  Events of a node that cannot be drained make it more than advice. Budgets of AKS's own
  components are left out.
What to do:
  customer: Let at least one pod go (kubectl edit pdb NAME -n NAMESPACE, lower minAvailable or
    raise maxUnavailable), or run more replicas than minAvailable asks for; then start the upgrade
    again.
References:
  - Specifying a disruption budget: https://kubernetes.io/docs/tasks/run-application/configure-pdb/
  - Upgrade options for AKS: https://learn.microsoft.com/azure/aks/upgrade-options
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import is_managed_namespace, whose
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, PodDisruptionBudgets, Pods
from analyzer.facts.objects import Event, Pod, PodDisruptionBudget
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-PDB-001",
    title="A disruption budget allows no eviction, so that nodes cannot be drained",
    component="workload",
    clauses=("UNS-01", "NODE-06"),
    signals=frozenset({Signal.OWN_WORKLOAD}),
)

RECENT = timedelta(hours=24)
#: Texts of events of a drain that a budget stops: AKS's upgrader, the eviction API, Karpenter.
BLOCKED = (
    "usually a pdb",
    "violate the pod's disruption budget",
    "prevents pod evictions",
)


def check(
    budgets: PodDisruptionBudgets,
    identity: Identity,
    baseline: Baseline,
    events: Events | None,
    pods: Pods | None,
) -> Iterator[Hit]:
    stopped = [e for e in (events.items if events is not None else ()) if _blocked(e, identity)]
    for budget in budgets.items:
        if _never_allows(budget) and _customers(budget, baseline, identity):
            own = _pods_of(budget, pods)
            yield _hit(budget, own, [e for e in stopped if _about(e, budget, own)])


def _blocked(event: Event, identity: Identity) -> bool:
    now = identity.collected_at
    fresh = now is None or event.last is None or now - event.last < RECENT
    return fresh and any(text in event.text for text in BLOCKED)


def _never_allows(budget: PodDisruptionBudget) -> bool:
    """All expected pods are healthy, and still none may go; a status that lags is no answer."""
    status = budget.status
    observed, generation = status.get("observedGeneration"), budget.metadata.generation
    if observed is not None and generation is not None and observed < generation:
        return False
    expected, healthy = _number(status, "expectedPods"), _number(status, "currentHealthy")
    wanted = _number(status, "desiredHealthy")
    allowed = _number(status, "disruptionsAllowed")
    return allowed == 0 and 0 < expected <= healthy and wanted >= expected


def _number(status: dict[str, Any], key: str) -> int:
    value = status.get(key)
    return value if isinstance(value, int) else 0


def _customers(budget: PodDisruptionBudget, baseline: Baseline, identity: Identity) -> bool:
    verdict = whose(budget, baseline.catalogue, identity)
    return verdict.owner == "customer" or not (
        verdict.managed or is_managed_namespace(budget.namespace)
    )


def _pods_of(budget: PodDisruptionBudget, pods: Pods | None) -> list[Pod]:
    """Pods that its labels select; none where it selects by expressions."""
    selector = budget.spec.get("selector")
    labels = selector.get("matchLabels") if isinstance(selector, dict) else None
    if not isinstance(labels, dict) or not labels or pods is None:
        return []
    wanted = labels.items()
    same = [pod for pod in pods.items if pod.namespace == budget.namespace]
    return [pod for pod in same if wanted <= pod.metadata.labels.items()]


def _about(event: Event, budget: PodDisruptionBudget, own: list[Pod]) -> bool:
    """True where the event names the budget or a pod of it, or is about a node that holds one."""
    kind, namespace, name = event.about
    if kind == "Node":
        named = [pod.name for pod in own if pod.name in event.text]
        return bool(named) or f"{budget.namespace}/{budget.name}" in event.text
    if namespace != budget.namespace:
        return False
    return name == budget.name or any(pod.name == name for pod in own)


def _hit(budget: PodDisruptionBudget, own: list[Pod], stopped: list[Event]) -> Hit:
    asked = {k: budget.spec[k] for k in ("minAvailable", "maxUnavailable") if k in budget.spec}
    wants = ", ".join(f"{key} {value}" for key, value in sorted(asked.items())) or "no number"
    count = _number(budget.status, "expectedPods")
    last = max(stopped, key=_when, default=None)
    times = sum(event.times for event in stopped)
    told = f" A drain was refused {times} times: {last.text}" if last else ""
    return Hit(
        subject=budget.subject,
        title=f"PodDisruptionBudget {budget.namespace}/{budget.name} allows no eviction",
        saw=f"It asks for {wants} and has {count} pods, all healthy, so that none may go.{told}",
        expected="With all pods healthy, at least one may be evicted.",
        evidence=(
            budget.where("status", "disruptionsAllowed: 0"),
            *(event.where("message", what="a refused drain") for event in stopped[:2]),
        ),
        variant="default" if stopped else "advice",
        affects=tuple(_affected(own, stopped)),
        produces=None if stopped else frozenset(),
        first_seen=min((e.first for e in stopped if e.first), default=None),
        last_seen=last.last if last else None,
    )


def _when(event: Event) -> tuple[bool, datetime | None, str]:
    return event.last is not None, event.last, event.metadata.uid


def _affected(own: list[Pod], stopped: list[Event]) -> Iterator[Subject]:
    for name in sorted({e.about[2] for e in stopped if e.about[0] == "Node"}):
        yield Subject(kind="Node", name=name)
    for kind, name in sorted({pod.controller for pod in own if pod.controller is not None}):
        yield Subject(kind=kind, name=name, namespace=own[0].namespace)
