"""Pods were evicted from a node.

What it means:
  The kubelet ended pods to get memory, disk or process ids back, or because a pod used more
  ephemeral storage than it may.
Why it matters:
  The pods lost their state on that node; without a cure the next ones will be evicted too.
How we know:
  Pods in phase Failed with the reason Evicted, or the kubelet's Evicted events, within six hours of
  the collection. The message names the resource and the container that used most of it. Where the
  node was under pressure, this is a symptom of that; a pod that went over its own limit stands for
  itself. Evictions by a drain, an upgrade or an autoscaler are not meant.
What to do:
  customer: Give the container that the message names a limit (ephemeral-storage or memory), or the
    node a larger disk; write logs and caches to a volume.
References:
  - Node-pressure eviction: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from analyzer.baselines.workload_owners import Key, WorkloadOwners, key_of
from analyzer.facts.identity import Identity
from analyzer.facts.kube import Meta
from analyzer.facts.listings import Events, Pods
from analyzer.facts.objects import Event, Pod
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._pod_events import PodName, events_by_pod
from analyzer.rules.workload._workloads import (
    by_workload,
    counted,
    earliest,
    named,
    subject_of,
)

RULE = Rule(
    id="AKS-WL-005",
    title="Pods were evicted",
    component="workload",
    clauses=("UNS-01", "UNS-14"),
    signals=frozenset({Signal.UNHEALTHY}),
)

RECENT = timedelta(hours=6)
#: The kubelet's words where the pod went over its own limit (pkg/kubelet/eviction/helpers.go).
OWN_LIMIT = (
    "exceeds the total limit",
    "exceeded its local ephemeral storage limit",
    "Usage of EmptyDir",
)
#: The newest Evicted event of each pod.
Told = Mapping[PodName, Event]


def check(
    pods: Pods, identity: Identity, owners: WorkloadOwners, events: Events | None
) -> Iterator[Hit]:
    now = identity.collected_at
    found = events_by_pod(events, lambda event: _is_eviction(event) and _recent(event.last, now))
    told = {name: listed[-1] for name, listed in found.items()}
    for key, group in _groups(owners.own(_evicted(pods, told, now)), pods).items():
        first = next((pod for pod in group if (pod.namespace, pod.name) in told), group[0])
        event = told.get((first.namespace, first.name))
        message = event.text if event else first.status.message
        own_limit = any(words in message for words in OWN_LIMIT)
        shown = (
            event.where("reason: Evicted")
            if event
            else first.where("phase: Failed", "reason: Evicted")
        )
        yield Hit(
            subject=subject_of(key),
            title=f"Pods of {named(key)} were evicted",
            saw=f"{counted(len(group), 'was', 'were')} evicted. The kubelet says: {message}",
            evidence=(shown,),
            signals=owners.signals(key),
            affects=tuple(_subject(pod, told) for pod in group),
            first_seen=earliest(_when(pod, told) for pod in group),
            last_seen=now,
            count=len(group),
            instance_of=frozenset() if own_limit else None,
        )


def _is_eviction(event: Event) -> bool:
    """Only the kubelet evicts under pressure; Karpenter uses the word as well."""
    writer = event.reporting_component or str(event.source.get("component") or "")
    return event.reason == "Evicted" and writer in ("kubelet", "") and event.type != "Normal"


def _evicted(pods: Pods, told: Told, now: datetime | None) -> list[Pod]:
    """Pods that still show it, and pods that events speak of; these are often gone by now."""
    known = {(pod.namespace, pod.name): pod for pod in pods.items}
    found = {
        key: pod
        for key, pod in known.items()
        if pod.status.reason == "Evicted" and _recent(_when(pod, told), now)
    }
    for key in told:
        meta = Meta(namespace=key[0], name=key[1])
        found[key] = known.get(key) or Pod(kind="Pod", metadata=meta)
    return [found[key] for key in sorted(found, key=lambda k: (k[0] or "", k[1]))]


def _groups(evicted: Iterable[Pod], pods: Pods) -> dict[Key, list[Pod]]:
    """By workload; a pod that is gone belongs to what made the pods of the same generated name."""
    siblings = {
        (pod.namespace, pod.name.rpartition("-")[0]): key_of(pod)
        for pod in pods.items
        if pod.controller is not None
    }
    groups: dict[Key, list[Pod]] = {}
    for key, group in by_workload(evicted).items():
        for pod in group:
            gone = pod.controller is None and not pod.metadata.uid
            sibling = siblings.get((pod.namespace, pod.name.rpartition("-")[0])) if gone else None
            groups.setdefault(sibling or key, []).append(pod)
    return dict(sorted(groups.items()))


def _when(pod: Pod, told: Told) -> datetime | None:
    event = told.get((pod.namespace, pod.name))
    if event is not None:
        return event.first
    times = [c.last_transition_time for c in pod.status.conditions if c.last_transition_time]
    return max(times, default=pod.status.start_time)


def _recent(when: datetime | None, now: datetime | None) -> bool:
    return when is None or now is None or now - when < RECENT


def _subject(pod: Pod, told: Told) -> Subject:
    event = told.get((pod.namespace, pod.name))
    host = str(event.source.get("host") or "") if event else ""
    node = host or pod.spec.node_name or None
    return Subject(kind="Pod", namespace=pod.namespace, name=pod.name, node=node)
