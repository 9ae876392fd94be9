"""A workload's containers crash again and again.

What it means:
  The kubelet starts a container, the process ends, and the kubelet waits ever longer before it
  tries again (CrashLoopBackOff), or it has restarted many times and did so shortly before the
  collection.
Why it matters:
  The workload does not serve, or only now and then. The reason is most often in the container's own
  log: a missing setting, an unreachable dependency, a failing probe.
How we know:
  Container states of the pod: waiting with CrashLoopBackOff after at least three restarts, or at
  least five restarts that come close together, the last of them within an hour of the collection.
  Pods that have ended, old restarts of containers that run now, and the first minutes of a new pod
  are left out; containers that were killed for memory have their own rule.
What to do:
  customer: Read the log of the container before its last end (kubectl -n <namespace> logs <pod>
    --previous), and the pod's events; correct the workload's configuration or its probes.
References:
  - Debug pods: https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/
  - Pod lifecycle, container restarts: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.workload_owners import WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Pods
from analyzer.facts.objects import ContainerStateDetail, ContainerStatus, Pod
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._names import NAMES_FAIL
from analyzer.rules.workload._workloads import (
    CNI_EFFECTS,
    by_workload,
    counted,
    earliest,
    lives,
    named,
    pod_subjects,
    subject_of,
    unready_since,
)

RULE = Rule(
    id="AKS-WL-001",
    title="A workload crashes again and again",
    component="workload",
    clauses=("UNS-01", "UNS-14", "UNS-17", "UNS-04"),
    signals=frozenset({Signal.UNHEALTHY}),
)

#: Restarts below this number are no loop; the kubelet's back-off needs about five to reach minutes.
MIN_RESTARTS = 5
#: So many are enough for a pod that is past its start.
MIN_RESTARTS_LATER = 3
START_UP = timedelta(minutes=10)
RECENT = timedelta(hours=1)
#: Restarts that are further apart on average are single crashes, not a loop.
CLOSE_TOGETHER = timedelta(hours=2)
#: The runtime could not start the process at all.
NOT_STARTED = frozenset({"StartError", "ContainerCannotRun", "RunContainerError"})


def check(pods: Pods, identity: Identity, owners: WorkloadOwners) -> Iterator[Hit]:
    now = identity.collected_at
    looping = {id(p): s for p in pods.items if lives(p) and (s := _worst_loop(p, now)) is not None}
    own = owners.own(pod for pod in pods.items if id(pod) in looping)
    for key, group in by_workload(own).items():
        worst = max(group, key=lambda p: looping[id(p)].restart_count)
        status = looping[id(worst)]
        instances = _instances(status)
        yield Hit(
            subject=subject_of(key),
            title=f"{named(key)} crashes again and again",
            saw=_sentence(worst, status, len(group)),
            evidence=(
                worst.where(f"restartCount: {status.restart_count}", f"reason: {_reason(status)}"),
            ),
            signals=owners.signals(key),
            affects=pod_subjects(group),
            first_seen=earliest(unready_since(p) for p in group),
            last_seen=now,
            count=len(group),
            instance_of=instances | CNI_EFFECTS if owners.is_cni(key) else instances,
        )


def _worst_loop(pod: Pod, now: datetime | None) -> ContainerStatus | None:
    loops = [status for status in pod.statuses if _loops(pod, status, now)]
    return max(loops, key=lambda status: status.restart_count, default=None)


def _loops(pod: Pod, status: ContainerStatus, now: datetime | None) -> bool:
    last = _last_end(status)
    if last is not None and last.reason == "OOMKilled":
        return False
    created = pod.metadata.creation_timestamp
    age = now - created if now is not None and created is not None else None
    waiting = status.state.waiting
    if waiting is not None and waiting.reason == "CrashLoopBackOff":
        enough = MIN_RESTARTS if age is not None and age < START_UP else MIN_RESTARTS_LATER
        return status.restart_count >= enough
    if status.restart_count < MIN_RESTARTS or last is None or last.finished_at is None:
        return False
    often = age is None or age / status.restart_count < CLOSE_TOGETHER
    failed = (last.exit_code or 0) != 0
    return often and failed and now is not None and now - last.finished_at < RECENT


def _last_end(status: ContainerStatus) -> ContainerStateDetail | None:
    return status.last_state.terminated or status.state.terminated


def _reason(status: ContainerStatus) -> str:
    if status.state.waiting is not None:
        return status.state.waiting.reason
    last = _last_end(status)
    return last.reason if last is not None else ""


def _sentence(pod: Pod, status: ContainerStatus, count: int) -> str:
    last = _last_end(status)
    end = f" It last ended with exit code {last.exit_code} ({last.reason})." if last else ""
    return (
        f"{counted(count, 'is', 'are')} concerned. Container {status.name} of pod {pod.name} was "
        f"restarted {status.restart_count} times.{end}"
    )


def _instances(status: ContainerStatus) -> frozenset[str]:
    """Narrow what can explain the crash by how it ended and by its last words."""
    last = _last_end(status)
    effects = {"packets-dropped", "no-service-routing", "restarted-by-probe", "wrong-platform"}
    # A stalling node makes the kubelet or the kernel end containers.
    if last is None or last.killed or last.reason in NOT_STARTED:
        effects |= {"kernel-stalls", "node-overloaded", "runtime-down", "pods-not-running"}
    if last is not None and NAMES_FAIL.search(last.message):
        effects |= {"no-dns", "no-dns-in-namespace"}
    return frozenset(effects)
