"""Pods of AKS's own components were pushed off their node for others.

What it means:
  The scheduler ended pods of a managed component to make room for pods of a higher or equal
  system priority.
Why it matters:
  The component has fewer pods until another node takes them.
How we know:
  Events Preempted about pods of managed components within an hour of the collection. It weighs
  more while a pod of that component still waits for a node. Priority classes and the size of the
  pools are the customer's choice.
What to do:
  customer: Give workloads the priority that they need and no more (the classes system-* are for
    the cluster's own parts), and give the system pool more room.
References:
  - Pod priority and preemption: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
  - System node pools: https://learn.microsoft.com/azure/aks/use-system-pools
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import component_of, is_managed_namespace, whose
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Pods
from analyzer.facts.objects import Event, Pod
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-WL-015",
    title="Pods of AKS's own components were pushed off their node for others",
    component="workload",
    clauses=("SHR-05", "MGD-05"),
    signals=frozenset({Signal.CAPACITY_EXHAUSTED}),
)

RECENT = timedelta(hours=1)


def check(
    events: Events, identity: Identity, baseline: Baseline, pods: Pods | None
) -> Iterator[Hit]:
    now = identity.collected_at
    known = {(p.namespace, p.name): p for p in (pods.items if pods is not None else ())}
    for event in events.items:
        kind, namespace, name = event.about
        old = now is not None and event.last is not None and now - event.last > RECENT
        if event.reason != "Preempted" or kind != "Pod" or old:
            continue
        if not is_managed_namespace(namespace):
            continue
        victim = _family(known, namespace, name)
        if victim is None or not whose(victim, baseline.catalogue, identity).managed:
            continue
        waits = any(
            pod.controller == victim.controller
            and pod.namespace == namespace
            and pod.status.phase == "Pending"
            and not pod.spec.node_name
            for pod in known.values()
        )
        yield _hit(event, victim, baseline, waits=waits)


def _family(
    known: dict[tuple[str | None, str], Pod], namespace: str | None, name: str
) -> Pod | None:
    """The pod itself, or where it is gone one of the same controller, by its generated name."""
    if (namespace, name) in known:
        return known[namespace, name]
    head = name.rpartition("-")[0]
    same = (p for (space, other), p in known.items()
            if space == namespace and other.rpartition("-")[0] == head)  # fmt: skip
    return next(same, None)


def _hit(event: Event, victim: Pod, baseline: Baseline, *, waits: bool) -> Hit:
    component = component_of(victim, baseline.catalogue)
    kind, name = victim.controller or ("Pod", victim.name)
    return Hit(
        subject=Subject(kind=kind, namespace=victim.namespace, name=name),
        title=f"Pods of {victim.namespace}/{name} were pushed off their node for others",
        component=component.id if component is not None else None,
        saw=f"Pod {event.about[2]}: {event.text}",
        expected="Pods of managed components stay where they run.",
        evidence=(event.where("reason: Preempted"),),
        variant="default" if waits else "past",
        first_seen=event.first,
        last_seen=event.last,
        count=event.times,
        produces=None if waits else frozenset(),
    )
