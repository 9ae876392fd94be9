"""A workload's init container does not come to its end.

What it means:
  An init container runs on and on, so that the pod's own containers never start. Such containers
  often wait for a database, a queue or another service.
Why it matters:
  The workload has fewer pods than it should, without any error in its state.
How we know:
  An init container of a pending pod that has run for an hour or more without an end. Sidecars
  (init containers that are meant to run on) are ready and are left out.
What to do:
  customer: Read the init container's log (kubectl logs <pod> -c CONTAINER -n <namespace>): it
    tells what it waits for.
References:
  - Init containers: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.workload_owners import WorkloadOwners
from analyzer.facts.command_words import plain
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Pods
from analyzer.facts.objects import ContainerStatus, Pod
from analyzer.rules.api import Hit, Rule, Signal
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
    id="AKS-WL-010",
    title="A workload's init container does not come to its end",
    component="workload",
    clauses=("UNS-01", "UNS-14"),
    signals=frozenset({Signal.UNHEALTHY}),
)

PATIENCE = timedelta(hours=1)


def check(pods: Pods, identity: Identity, owners: WorkloadOwners) -> Iterator[Hit]:
    now = identity.collected_at
    slow = {id(p): s for p in pods.items if (s := _endless(p, now)) is not None}
    own = owners.own(pod for pod in pods.items if id(pod) in slow)
    for key, group in by_workload(own).items():
        status = slow[id(group[0])]
        started = earliest(_started(slow[id(pod)]) for pod in group)
        since = f" since {started:%Y-%m-%d %H:%M} UTC" if started else ""
        yield Hit(
            subject=subject_of(key),
            title=f"An init container of {named(key)} does not come to its end",
            saw=f"{counted(len(group), 'waits', 'wait')} for init container {status.name}, which "
            f"runs{since}.",
            expected="An init container ends before the pod's own containers start.",
            evidence=(group[0].where("initContainerStatuses", f"name: {status.name}"),),
            signals=owners.signals(key),
            affects=pod_subjects(group),
            first_seen=started,
            last_seen=now,
            count=len(group),
            do_next=_read_log(group[0], status.name),
        )


def _read_log(pod: Pod, container: str) -> str | None:
    if not plain(pod.name, container, pod.namespace):
        return None
    return (
        f"Read the init container's log (kubectl logs {pod.name} -c {container} "
        f"-n {pod.namespace}): it tells what it waits for."
    )


def _endless(pod: Pod, now: datetime | None) -> ContainerStatus | None:
    if not lives(pod) or pod.status.phase != "Pending":
        return None
    for status in pod.status.init_container_statuses:
        started = _started(status)
        if started is not None and now is not None and now - started > PATIENCE:
            return None if status.ready else status
    return None


def _started(status: ContainerStatus) -> datetime | None:
    return status.state.running.started_at if status.state.running is not None else None
