"""An image was made for another platform than its node's.

What it means:
  The image holds programs for another processor (exec format error), or for another release of
  Windows than the node runs.
Why it matters:
  The container can start on no node of that kind, whatever else is done.
How we know:
  The error of the runtime in the container's state or in the events of the pod. Where only the
  process's own log would tell, nothing is said.
What to do:
  customer: Build the image for the node's platform (docker buildx build --platform …), or send the
    pods to nodes of the image's platform by a nodeSelector on kubernetes.io/arch or on the Windows
    build.
References:
  - Arm64 node pools: https://learn.microsoft.com/azure/aks/use-arm64-vms
  - Windows containers: https://kubernetes.io/docs/concepts/windows/intro/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.baselines.workload_owners import WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Nodes, Pods
from analyzer.facts.objects import Event, Pod
from analyzer.model.evidence import EvidenceRef
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._pod_events import events_by_pod
from analyzer.rules.workload._workloads import (
    by_workload,
    earliest,
    lives,
    named,
    pod_subjects,
    subject_of,
    unready_since,
)

RULE = Rule(
    id="AKS-WL-014",
    title="An image was made for another platform than its node's",
    component="workload",
    clauses=("UNS-01", "UNS-14", "SHR-05"),
    signals=frozenset({Signal.UNHEALTHY}),
)

#: Linux execve(2) ENOEXEC by way of runc; hcsshim's HRESULT of a Windows image on another build.
_FORMS = re.compile(
    r"exec format error|"
    r"[Tt]he container operating system does not match the host operating system|0xc0370101"
)


def check(
    pods: Pods,
    identity: Identity,
    owners: WorkloadOwners,
    events: Events | None,
    nodes: Nodes | None,
) -> Iterator[Hit]:
    told = events_by_pod(events, lambda event: _FORMS.search(event.text) is not None)
    found = {id(p): f for p in pods.items if lives(p) and (f := _told(p, told)) is not None}
    known = {node.name: node for node in (nodes.items if nodes is not None else ())}
    for key, group in by_workload(owners.own(p for p in pods.items if id(p) in found)).items():
        text, where = found[id(group[0])]
        node = known.get(group[0].spec.node_name or "")
        info = node.status.node_info if node is not None else None
        on = f" Its node runs {info.os_image} ({info.architecture})." if info is not None else ""
        yield Hit(
            subject=subject_of(key),
            title=f"The image of {named(key)} was made for another platform",
            saw=f"{text[:300]}.{on}",
            expected="An image for the node's processor and operating system.",
            evidence=(where,),
            signals=owners.signals(key),
            affects=pod_subjects(group),
            first_seen=earliest(unready_since(pod) for pod in group),
            last_seen=identity.collected_at,
            count=len(group),
        )


def _told(
    pod: Pod, told: dict[tuple[str | None, str], list[Event]]
) -> tuple[str, EvidenceRef] | None:
    if pod.ready:
        return None
    for status in pod.statuses:
        for state in (status.state, status.last_state):
            for detail in (state.waiting, state.terminated):
                if detail is not None and _FORMS.search(detail.message) and not status.ready:
                    return detail.message, pod.where(f"name: {status.name}", "message")
    listed = told.get((pod.namespace, pod.name))
    if not listed:
        return None
    return listed[-1].text, listed[-1].where("message")
