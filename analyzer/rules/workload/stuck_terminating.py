"""Pods hang while they are deleted.

What it means:
  A pod was told to end, its grace period is over for long, and it is still there: a finalizer keeps
  it, or the kubelet cannot end its containers or take its volumes away.
Why it matters:
  Its name and volumes stay in use, so that the next pod of a StatefulSet cannot start; drains and
  upgrades of its node wait for it.
How we know:
  The pod's deletion time (the end of its grace period) is more than half an hour before the
  collection. A node that is lost, or whose kubelet or runtime is in trouble, explains it. Where
  nothing does, no owner is guessed, unless a finalizer of its own keeps the pod.
What to do:
  customer: See the pod's finalizers and the events on it (kubectl -n <namespace> describe pod
    <pod>). A controller that is gone leaves its finalizer behind; remove that one. Otherwise look
    at the node's kubelet log for the pod, and replace the node if its runtime hangs.
References:
  - Pod lifecycle, end of pods: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
  - Finalizers: https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.workload_owners import WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Pods
from analyzer.facts.objects import Pod
from analyzer.rules.api import Hit, Rule
from analyzer.rules.workload._workloads import (
    by_workload,
    counted,
    earliest,
    named,
    pod_subjects,
    subject_of,
)

RULE = Rule(
    id="AKS-WL-011",
    title="Pods hang while they are deleted",
    component="workload",
    clauses=("UNS-01", "UNS-14", "NODE-03"),
)

PATIENCE = timedelta(minutes=30)
#: Those of Kubernetes' own controllers; they go by themselves once the pod has ended.
_OF_KUBERNETES = ("batch.kubernetes.io/job-tracking", "foregroundDeletion", "orphan")


def check(pods: Pods, identity: Identity, owners: WorkloadOwners) -> Iterator[Hit]:
    now = identity.collected_at
    late = [pod for pod in pods.items if _late(pod, now)]
    for key, group in by_workload(owners.own(late)).items():
        kept = sorted({name for pod in group for name in _finalizers(pod)})
        since = earliest(pod.metadata.deletion_timestamp for pod in group)
        why = f" Finalizers keep them: {', '.join(kept)}." if kept else ""
        yield Hit(
            subject=subject_of(key),
            title=f"Pods of {named(key)} hang while they are deleted",
            saw=f"{counted(len(group), 'should', 'should')} have ended at {since:%Y-%m-%d %H:%M} "
            f"UTC and {'is' if len(group) == 1 else 'are'} still there.{why}",
            expected="A pod is gone when its grace period is over.",
            evidence=(group[0].where("deletionTimestamp"),),
            variant="finalizer" if kept else "default",
            signals=owners.signals(key) if kept else frozenset(),
            affects=pod_subjects(group),
            first_seen=since,
            last_seen=now,
            count=len(group),
            instance_of=frozenset() if kept else None,
        )


def _late(pod: Pod, now: datetime | None) -> bool:
    until = pod.metadata.deletion_timestamp
    return until is not None and now is not None and now - until > PATIENCE


def _finalizers(pod: Pod) -> list[str]:
    return [name for name in pod.metadata.finalizers if name not in _OF_KUBERNETES]
