"""The kubelet restarts a workload's containers because their liveness probe fails.

What it means:
  A container does not answer its liveness (or startup) probe in time, and the kubelet ends and
  starts it again. A probe that is too strict does this to a process that is only busy.
Why it matters:
  Every restart drops what the container was doing, and under load it makes the load worse.
How we know:
  The kubelet's events: a container "failed liveness probe, will be restarted", three times or more,
  the last within half an hour of the collection, on a pod that is there. A node that is starved or
  stalls, or a broken pod network, explains it where the probe gets no answer at all.
What to do:
  customer: Give the probe a longer timeoutSeconds or failureThreshold, add a startup probe for slow
    starts, and look at what the container does meanwhile (kubectl -n <namespace> logs <pod>
    --previous).
References:
  - Probes: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.workload_owners import WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Pods
from analyzer.facts.objects import Event
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._pod_events import events_by_pod, newest
from analyzer.rules.workload._probes import effects_of, is_probe_failure, is_probe_kill
from analyzer.rules.workload._workloads import (
    by_workload,
    earliest,
    lives,
    named,
    pod_subjects,
    subject_of,
)

RULE = Rule(
    id="AKS-WL-009",
    title="The kubelet restarts a workload's containers for their liveness probe",
    component="workload",
    clauses=("UNS-01", "UNS-14"),
    signals=frozenset({Signal.UNHEALTHY}),
)

RECENT = timedelta(minutes=30)
MIN_TIMES = 3


def check(events: Events, pods: Pods, identity: Identity, owners: WorkloadOwners) -> Iterator[Hit]:
    now = identity.collected_at
    kills = {k: v for k, v in events_by_pod(events, is_probe_kill).items() if _lasting(v, now)}
    if not kills:
        return
    failures = events_by_pod(events, is_probe_failure)
    own = owners.own(p for p in pods.items if (p.namespace, p.name) in kills and lives(p))
    for key, group in by_workload(own).items():
        told = [event for pod in group for event in kills[(pod.namespace, pod.name)]]
        probes = [e for pod in group for e in failures.get((pod.namespace, pod.name), ())]
        probe = newest(probes)
        times = sum(event.times for event in told)
        says = f" {probe.text[:300]}" if probe is not None else ""
        yield Hit(
            subject=subject_of(key),
            title=f"Containers of {named(key)} are restarted for their liveness probe",
            saw=f"Restarted {times} times in the last hour or so: {told[-1].text}.{says}",
            expected="The container answers its liveness probe.",
            evidence=(
                told[-1].where("message"),
                *((probe.where("message"),) if probe is not None else ()),
            ),
            signals=owners.signals(key),
            affects=pod_subjects(group),
            first_seen=earliest(event.first for event in (*told, *probes)),
            onset_at_latest=True,
            last_seen=now,
            count=times,
            instance_of=effects_of(probe.text if probe is not None else ""),
        )


def _lasting(events: list[Event], now: datetime | None) -> bool:
    last = max((e.last for e in events if e.last is not None), default=None)
    fresh = now is None or last is None or now - last <= RECENT
    return fresh and sum(event.times for event in events) >= MIN_TIMES
