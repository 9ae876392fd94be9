"""A workload's images cannot be pulled.

What it means:
  The container runtime asked the registry for the image and got none: a wrong name or tag, missing
  rights, or no way to the registry.
Why it matters:
  The pods do not start; a roll-out stands still.
How we know:
  Containers that wait with ErrImagePull or ImagePullBackOff, with the registry's answer from the
  state or the pod's events. An answer of the registry (unauthorized, not found) is told apart from
  no answer at all (time-out), which is the way out of the node. Where a registry of Microsoft's
  does not answer and no probe shows the way blocked, two owners are left, and the verdict says so.
  Pods of the last minutes are left out.
What to do:
  customer: Correct the image's name or tag, the pull secret, or the rights of the kubelet identity
    on the registry (az aks check-acr); for time-outs, allow the registry in the firewall.
  microsoft: Check the availability of the registry for the managed image.
References:
  - Images and pull secrets: https://kubernetes.io/docs/concepts/containers/images/
  - Authenticate with ACR from AKS: https://learn.microsoft.com/azure/aks/cluster-container-registry-integration
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from analyzer.baselines.workload_owners import WorkloadOwners
from analyzer.facts.cnis import is_microsoft_image
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Pods
from analyzer.facts.objects import ContainerStatus, Event, Pod
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._pod_events import events_by_pod
from analyzer.rules.workload._pull_answers import Answer, answer_in
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
    id="AKS-WL-003",
    title="A workload's images cannot be pulled",
    component="workload",
    clauses=("UNS-01", "UNS-14", "NET-02"),
    signals=frozenset({Signal.UNHEALTHY}),
)

#: Reasons of the kubelet's image manager (pkg/kubelet/images/types.go and the CRI's error codes).
REASONS = frozenset(
    {
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
        "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed",
    }
)  # fmt: skip
PATIENCE = timedelta(minutes=3)
#: How containerd and the kubelet name the image that they could not pull.
_IMAGE_IN = re.compile(r'image \\?"(?P<image>[^"\\]+)')


def check(
    pods: Pods, identity: Identity, owners: WorkloadOwners, events: Events | None
) -> Iterator[Hit]:
    now = identity.collected_at
    failing = {id(p): s for p in pods.items if (s := _failing(p, now)) is not None}
    messages = events_by_pod(events, lambda e: e.reason == "Failed" and "pull" in e.text)
    own = owners.own(pod for pod in pods.items if id(pod) in failing)
    for key, group in by_workload(own).items():
        pod = group[0]
        status = failing[id(pod)]
        text = _text(status, messages.get((pod.namespace, pod.name), ()))
        answer = answer_in(text)
        yield Hit(
            subject=subject_of(key),
            title=f"The image of {named(key)} cannot be pulled",
            saw=f"{counted(len(group), 'waits', 'wait')} for image {status.image}: {answer.says}. "
            f"{text}",
            evidence=(pod.where(f"reason: {_reason(status)}"),),
            signals=_signals(owners.signals(key), answer, status, text),
            affects=pod_subjects(group),
            first_seen=earliest(unready_since(p) for p in group),
            last_seen=now,
            count=len(group),
            instance_of=answer.effects | (CNI_EFFECTS if owners.is_cni(key) else frozenset()),
        )


def _signals(
    own: frozenset[Signal], answer: Answer, status: ContainerStatus, text: str
) -> frozenset[Signal]:
    """Whose the registry is, and whether it answered, decides beside whose the workload is."""
    if not own or Signal.CNI_ITSELF in own:
        return own
    if not _of_microsoft(status, text):
        return own | {Signal.OWN_REGISTRY} if answer.of_registry else own
    if answer.of_registry:
        # Its own failure, or a limit that it sets, is no fault of the workload; a proxy on the way
        # can answer so too: that leaves two owners.
        return frozenset() if answer.fails_itself else own
    return own | {Signal.REGISTRY_OF_MICROSOFT} if "no-egress" in answer.effects else own


def _of_microsoft(status: ContainerStatus, text: str) -> bool:
    """True for an image of Microsoft's registry; the error names it where the status is behind."""
    named = _IMAGE_IN.search(text)
    return is_microsoft_image(named["image"] if named else status.image)


def _failing(pod: Pod, now: datetime | None) -> ContainerStatus | None:
    created = pod.metadata.creation_timestamp
    young = created is not None and now is not None and now - created < PATIENCE
    if young or not lives(pod):
        return None
    return next((status for status in pod.statuses if _reason(status) in REASONS), None)


def _reason(status: ContainerStatus) -> str:
    return status.state.waiting.reason if status.state.waiting else ""


def _text(status: ContainerStatus, events: Sequence[Event]) -> str:
    """The registry's own answer: the waiting state often repeats only that it backs off."""
    about = [e.text for e in events if status.image in e.text] or [e.text for e in events]
    state = status.state.waiting.message if status.state.waiting else ""
    if about:
        return about[-1]
    return state or _reason(status)
