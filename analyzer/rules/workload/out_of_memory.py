"""A workload's containers are killed for memory.

What it means:
  A container used more memory than its limit, and the kernel ended it (OOMKilled).
Why it matters:
  It restarts and will be killed again: requests in flight are lost each time.
How we know:
  The container's last end has the reason OOMKilled, and it waits to be restarted, was killed within
  an hour of the collection, or three times and more with the last within six hours. A limit that is
  set makes it the workload's own; without one, or where the kernel's log shows that the node itself
  had no memory left at that time, it is a symptom of the node.
What to do:
  customer: Raise the container's memory limit, or find out what it holds (a leak, a cache without
    bound).
References:
  - Assign memory resources: https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.workload_owners import WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Pods
from analyzer.facts.logs import Logs
from analyzer.facts.objects import ContainerStateDetail, ContainerStatus, Pod
from analyzer.model.gap import NotCollected
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._workloads import (
    by_workload,
    counted,
    earliest,
    named,
    pod_subjects,
    subject_of,
)

RULE = Rule(
    id="AKS-WL-004",
    title="A workload is killed for memory",
    component="workload",
    clauses=("UNS-01", "UNS-14"),
    signals=frozenset({Signal.UNHEALTHY}),
)

RECENT = timedelta(hours=1)
#: A container that is killed again and again may rest for hours between two kills.
REPEATED, REPEATED_RECENT = 3, timedelta(hours=6)
#: The kernel's line and the kubelet's time of the end lie within seconds; clocks add a little.
SAME_TIME = timedelta(minutes=2)


def check(
    pods: Pods, identity: Identity, owners: WorkloadOwners, logs: Logs | None
) -> Iterator[Hit]:
    killed = {id(p): k for p in pods.items if (k := _killed(p, identity.collected_at)) is not None}
    own = owners.own(pod for pod in pods.items if id(pod) in killed)
    for key, group in by_workload(own).items():
        pod = max(group, key=lambda p: killed[id(p)][0].restart_count)
        status, end = killed[id(pod)]
        by_node = _limit(pod, status) is None or any(
            _node_had_none(logs, p.spec.node_name, killed[id(p)][1]) for p in group
        )
        yield Hit(
            subject=subject_of(key),
            title=f"{named(key)} is killed for memory",
            saw=_sentence(pod, status, len(group)),
            evidence=(pod.where(f"name: {status.name}", "reason: OOMKilled"),),
            variant="default" if status.restart_count >= REPEATED else "seldom",
            signals=owners.signals(key),
            affects=pod_subjects(group),
            first_seen=earliest(killed[id(p)][1].finished_at for p in group),
            last_seen=end.finished_at,
            count=len(group),
            instance_of=frozenset({"node-overloaded"}) if by_node else frozenset(),
        )


def _killed(pod: Pod, now: datetime | None) -> tuple[ContainerStatus, ContainerStateDetail] | None:
    """The container that was killed most often, and its last kill."""
    if pod.metadata.deletion_timestamp is not None:
        return None
    found = [
        (status, end)
        for status in pod.statuses
        if (end := _oom_end(status)) is not None and _counts(status, end, now)
    ]
    return max(found, key=lambda pair: pair[0].restart_count, default=None)


def _oom_end(status: ContainerStatus) -> ContainerStateDetail | None:
    for end in (status.state.terminated, status.last_state.terminated):
        if end is not None and end.reason == "OOMKilled":
            return end
    return None


def _counts(status: ContainerStatus, end: ContainerStateDetail, now: datetime | None) -> bool:
    if status.state.waiting is not None:
        return True
    recent = REPEATED_RECENT if status.restart_count >= REPEATED else RECENT
    return end.finished_at is not None and now is not None and now - end.finished_at < recent


def _node_had_none(logs: Logs | None, node: str | None, end: ContainerStateDetail) -> bool:
    """True if the kernel killed for want of memory on the node, not for a limit."""
    try:
        lines = logs.of("kernel-oom-kill") if logs is not None else ()
    except NotCollected:
        return False
    at = end.finished_at
    return at is not None and any(
        first - SAME_TIME <= at <= last + SAME_TIME
        for match in lines
        if match.node == node
        for first, last in match.bursts
    )


def _limit(pod: Pod, status: ContainerStatus) -> str | None:
    containers = (*pod.spec.init_containers, *pod.spec.containers)
    container = next((c for c in containers if c.name == status.name), None)
    return container.resources.limits.get("memory") if container else None


def _sentence(pod: Pod, status: ContainerStatus, count: int) -> str:
    limit = _limit(pod, status)
    bound = f"Its memory limit is {limit}." if limit else "It has no memory limit."
    times = (
        f"restarted {status.restart_count} times" if status.restart_count != 1 else "restarted once"
    )
    then = times if status.restart_count else "not restarted"
    return (
        f"{counted(count, 'is', 'are')} concerned. Container {status.name} of pod {pod.name} was "
        f"killed for memory and {then}. {bound}"
    )
