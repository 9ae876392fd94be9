"""Pods that wait for their volumes: held back by the scheduler, or by mounts that fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.facts.listings import Events, Pods
from analyzer.facts.objects import Event, Pod
from analyzer.facts.parse.scheduler import Obstacle, SchedulerMessage, read_scheduler
from analyzer.model.subject import Subject

PATIENCE = timedelta(minutes=5)
RECENT = timedelta(hours=1)
#: One or two failed tries are no more than a slow start.
MIN_TIMES = 3


@dataclass(frozen=True, slots=True)
class Mount:
    """A workload whose pods' volumes cannot be mounted, with the newest of the kubelet's words."""

    workload: Subject
    pods: tuple[Pod, ...]
    event: Event
    first: datetime | None
    count: int

    @property
    def affects(self) -> tuple[Subject, ...]:
        """The pods with their nodes, and their claims."""
        named = {
            (pod.namespace, volume.persistent_volume_claim.claim_name)
            for pod in self.pods
            for volume in pod.spec.volumes
            if volume.persistent_volume_claim is not None
        }
        claims = sorted(named, key=lambda pair: (pair[0] or "", pair[1]))
        return (*(subject_of(pod) for pod in self.pods), *(claim(*pair) for pair in claims))


def subject_of(pod: Pod) -> Subject:
    """The pod with its node."""
    return Subject(kind="Pod", namespace=pod.namespace, name=pod.name, node=pod.spec.node_name)


def claim(namespace: str | None, name: str) -> Subject:
    """A claim as a subject."""
    return Subject(kind="PersistentVolumeClaim", namespace=namespace, name=name)


def workload_of(pod: Pod) -> Subject:
    """What made the pod; the pod itself where nothing did."""
    kind, name = pod.controller or ("Pod", pod.name)
    return Subject(kind=kind, namespace=pod.namespace, name=name)


def claims_of(pod: Pod) -> tuple[Subject, ...]:
    """The pod's claims, in its order."""
    own = [v.persistent_volume_claim for v in pod.spec.volumes if v.persistent_volume_claim]
    return tuple(claim(pod.namespace, one.claim_name) for one in own)


def held_back(
    pods: Pods, obstacle: Obstacle, now: datetime | None
) -> Iterator[tuple[Pod, SchedulerMessage, datetime | None]]:
    """Pods with claims that this obstacle keeps from every node, and not a lack of room."""
    for pod in pods.items:
        condition = pod.condition("PodScheduled") if pod.status.phase == "Pending" else None
        if condition is None or condition.reason != "Unschedulable" or not claims_of(pod):
            continue
        since = condition.last_transition_time or pod.metadata.creation_timestamp
        young = since is not None and now is not None and now - since < PATIENCE
        read = read_scheduler(condition.message)
        if not young and read.count(obstacle) and not read.count(Obstacle.ROOM):
            yield pod, read, since


def failed_mounts(
    events: Events, pods: Pods, looks: re.Pattern[str], now: datetime | None
) -> list[Mount]:
    """Workloads with pods that still wait for a mount which fails in the given form, by name."""
    failing = [e for e in events.items if _counts(e, now) and looks.search(e.text)]
    if not failing:
        return []
    known = {(pod.namespace, pod.name): pod for pod in pods.items}
    groups: dict[str, list[tuple[Pod, Event]]] = {}
    for event in failing:
        kind, namespace, name = event.about
        pod = known.get((namespace, name)) if kind == "Pod" else None
        if pod is not None and _waits(pod):
            groups.setdefault(workload_of(pod).key, []).append((pod, event))
    found = []
    for _, rows in sorted(groups.items()):
        told = sorted((event for _, event in rows), key=lambda e: (str(e.last), e.metadata.uid))
        own = {pod.name: pod for pod, _ in rows}
        starts = [p.status.start_time or p.metadata.creation_timestamp for p in own.values()]
        first = min((time for time in starts if time is not None), default=told[0].first)
        count = sum(event.times for event in told)
        found.append(Mount(workload_of(rows[0][0]), tuple(own.values()), told[-1], first, count))
    return [mount for mount in found if mount.count >= MIN_TIMES]


def _counts(event: Event, now: datetime | None) -> bool:
    if event.reason not in ("FailedMount", "FailedMapVolume"):
        return False
    return now is None or event.last is None or now - event.last <= RECENT


def _waits(pod: Pod) -> bool:
    """True while none of the pod's own containers has started."""
    if pod.status.phase in ("Succeeded", "Failed") or pod.metadata.deletion_timestamp is not None:
        return False
    states = [status.state for status in pod.statuses]
    return not any(s.running is not None or s.terminated is not None for s in states)
