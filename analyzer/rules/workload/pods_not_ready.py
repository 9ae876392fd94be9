"""A workload's pods run and are not ready.

What it means:
  The containers run, but their readiness or startup probe says no, or a readiness gate that
  another controller has to set is not set. Services send such pods no traffic.
Why it matters:
  The workload does not serve, or with fewer pods than it should.
How we know:
  Pods in phase Running whose containers have run for ten minutes or more, with the Ready condition
  False for more than fifteen minutes; the kubelet's Unhealthy events give the probe's answer. Pods
  of a node that is not ready keep their containers' state and are left out here, and so are pods
  that crash. Where a node, the network or name resolution explains it, this is a symptom.
What to do:
  customer: See what the probe asks and what it gets (kubectl -n <namespace> describe pod <pod>),
    correct the workload or the probe; for a readiness gate, look at the controller that sets it.
References:
  - Probes: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
  - Pod readiness: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.workload_owners import Key, WorkloadOwners, key_of
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Pods
from analyzer.facts.objects import Condition, ContainerStatus, Pod
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._pod_events import PodName, events_by_pod
from analyzer.rules.workload._probes import effects_of, is_probe_failure
from analyzer.rules.workload._workloads import (
    CNI_EFFECTS,
    by_workload,
    counted,
    earliest,
    lives,
    named,
    pod_subjects,
    subject_of,
)

RULE = Rule(
    id="AKS-WL-008",
    title="A workload's pods run and are not ready",
    component="workload",
    clauses=("UNS-01", "UNS-14"),
    signals=frozenset({Signal.UNHEALTHY}),
)

PATIENCE = timedelta(minutes=15)
RUNS_SINCE = timedelta(minutes=10)
_GATES = "ReadinessGatesNotReady"


def check(
    pods: Pods, identity: Identity, owners: WorkloadOwners, events: Events | None
) -> Iterator[Hit]:
    now = identity.collected_at
    bad = {id(p): c for p in pods.items if (c := _unready(p, now)) is not None}
    if not bad:
        return
    told = {k: v[-1].text for k, v in events_by_pod(events, is_probe_failure).items()}
    own = owners.own(pod for pod in pods.items if id(pod) in bad)
    sizes: dict[Key, int] = {}
    for pod in pods.items:
        if lives(pod):
            sizes[key_of(pod)] = sizes.get(key_of(pod), 0) + 1
    for key, group in by_workload(own).items():
        first = next((p for p in group if (p.namespace, p.name) in told), group[0])
        why = _why(first, bad[id(first)], told)
        effects = effects_of(why)
        yield Hit(
            subject=subject_of(key),
            title=f"Pods of {named(key)} run and are not ready",
            saw=f"{counted(len(group), 'runs and is', 'run and are')} not ready. {why}",
            expected="The containers answer their readiness probes.",
            evidence=(first.where("type: Ready", 'status: "False"'),),
            variant="default" if len(group) >= sizes.get(key, 0) else "some",
            signals=owners.signals(key),
            affects=pod_subjects(group),
            first_seen=earliest(bad[id(p)].last_transition_time for p in group),
            last_seen=now,
            count=len(group),
            instance_of=effects | (CNI_EFFECTS if owners.is_cni(key) else frozenset()),
        )


def _unready(pod: Pod, now: datetime | None) -> Condition | None:
    """The Ready condition of a pod that has run for long and is not ready by its own fault."""
    condition = pod.condition("Ready")
    if condition is None or condition.status != "False" or not lives(pod):
        return None
    since = condition.last_transition_time
    if pod.status.phase != "Running" or since is None or now is None or now - since < PATIENCE:
        return None
    statuses = pod.status.container_statuses or ()
    if not statuses or not all(_runs(status, now) for status in statuses):
        return None
    gated = condition.reason == _GATES
    return condition if gated or any(status.ready is False for status in statuses) else None


def _runs(status: ContainerStatus, now: datetime) -> bool:
    running = status.state.running
    if running is None:
        return False
    return running.started_at is None or now - running.started_at >= RUNS_SINCE


def _why(pod: Pod, condition: Condition, told: dict[PodName, str]) -> str:
    text = told.get((pod.namespace, pod.name))
    if text:
        return f"The kubelet says: {text[:400]}"
    since = condition.last_transition_time
    return f"{condition.reason} since {since:%Y-%m-%d %H:%M} UTC: {condition.message}"
