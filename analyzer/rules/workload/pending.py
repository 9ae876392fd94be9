"""Pods find no node.

What it means:
  The scheduler looked at every node and found none that may or can take the pod.
Why it matters:
  The workload has fewer pods than it should, or none.
How we know:
  The PodScheduled condition is False for more than five minutes, and its message says for how many
  nodes which reason holds. Nodes that are not ready, under pressure or cordoned make this a symptom
  of those nodes, and a claim without a volume a symptom of that claim. Pods for which the
  autoscaler is just making room, and placeholders that wait on purpose, are left out.
What to do:
  customer: Compare the pod's requests, node selector, tolerations and volumes with the node pools;
    add or enlarge a pool, or lower the requests. The message names what is missing.
References:
  - Assigning pods to nodes: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
  - Cluster autoscaler on AKS: https://learn.microsoft.com/azure/aks/cluster-autoscaler-overview
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.images import parse_image
from analyzer.baselines.workload_owners import Key, WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Nodes, Pods
from analyzer.facts.objects import Condition, Event, Pod
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._pod_events import PodName, events_by_pod
from analyzer.rules.workload._verdict_of_scheduler import read_verdict
from analyzer.rules.workload._workloads import (
    by_workload,
    counted,
    earliest,
    lives,
    named,
    pod_subjects,
    subject_of,
)

RULE = Rule(
    id="AKS-WL-002",
    title="Pods find no node",
    component="workload",
    clauses=("UNS-01", "UNS-14"),
)

PATIENCE = timedelta(minutes=5)
#: A new node is there within this time after the autoscaler has asked for it.
SCALE_UP = timedelta(minutes=15)
#: What the cluster autoscaler and Karpenter (node auto-provisioning) say when they make room.
MAKES_ROOM = ("TriggeredScaleUp", "Nominated")
#: What they say when they do not.
NO_ROOM = ("NotTriggerScaleUp",)
#: That no pool may or can grow has a finding of its own (kubernetes/autoscaler, skippedreasons.go).
_GROWS_NOT = re.compile(r"max node group size reached|limits? reached|in backoff after failed")
_NO_NODES = frozenset({"no-capacity"})
#: Events of the autoscalers about each pod.
Autoscaler = dict[PodName, list[Event]]


def check(
    pods: Pods,
    identity: Identity,
    owners: WorkloadOwners,
    nodes: Nodes | None,
    events: Events | None,
) -> Iterator[Hit]:
    now = identity.collected_at
    waiting = [pod for pod in pods.items if _waits(pod, now)]
    if not waiting:
        return
    told = events_by_pod(events, lambda event: event.reason in (*MAKES_ROOM, *NO_ROOM))
    own = owners.own(pod for pod in waiting if not _room_is_made(pod, told, now))
    for key, group in by_workload(own).items():
        yield _hit(key, group, owners, nodes, told, now)


def _hit(
    key: Key,
    group: list[Pod],
    owners: WorkloadOwners,
    nodes: Nodes | None,
    told: Autoscaler,
    now: datetime | None,
) -> Hit:
    condition = group[0].condition("PodScheduled")
    message = condition.message if condition else ""
    verdict = read_verdict(message, group[0], nodes)
    full = {Signal.CAPACITY_EXHAUSTED} if verdict.full and owners.signals(key) else set()
    says = _autoscaler_says(group, told)
    return Hit(
        subject=subject_of(key),
        title=f"Pods of {named(key)} find no node",
        saw=f"{counted(len(group), 'waits', 'wait')} for a node. The scheduler says: {message}"
        f"{says}",
        evidence=(group[0].where("type: PodScheduled", "reason: Unschedulable"),),
        signals=owners.signals(key) | full,
        affects=(*pod_subjects(group), *verdict.causes),
        first_seen=earliest(_since(p) for p in group),
        last_seen=now,
        count=len(group),
        instance_of=verdict.effects | (_NO_NODES if _GROWS_NOT.search(says) else frozenset()),
    )


def _waits(pod: Pod, now: datetime | None) -> bool:
    condition = _unschedulable(pod)
    if condition is None or not lives(pod) or _holds_room(pod):
        return False
    since = _since(pod)
    return since is None or now is None or now - since > PATIENCE


def _holds_room(pod: Pod) -> bool:
    """True for a placeholder, which waits so that the autoscaler has a node ready for others.

    Source: kubernetes/autoscaler, cluster-autoscaler FAQ, "overprovisioning".
    """
    images = [parse_image(container.image).repository for container in pod.spec.containers]
    return bool(images) and all(image.rpartition("/")[2] == "pause" for image in images)


def _unschedulable(pod: Pod) -> Condition | None:
    """Gated pods (reason SchedulingGated) wait on purpose."""
    condition = pod.condition("PodScheduled")
    if condition is None or condition.status != "False" or condition.reason != "Unschedulable":
        return None
    return condition


def _since(pod: Pod) -> datetime | None:
    condition = pod.condition("PodScheduled")
    since = condition.last_transition_time if condition else None
    return since or pod.metadata.creation_timestamp


def _room_is_made(pod: Pod, told: Autoscaler, now: datetime | None) -> bool:
    last = next(iter(reversed(told.get((pod.namespace, pod.name), []))), None)
    if last is None or last.reason not in MAKES_ROOM or last.last is None or now is None:
        return False
    return now - last.last < SCALE_UP


def _autoscaler_says(group: list[Pod], told: Autoscaler) -> str:
    for pod in group:
        for event in reversed(told.get((pod.namespace, pod.name), [])):
            if event.reason in NO_ROOM:
                return f" The autoscaler says: {event.text}"
    return ""
