"""The scheduler's message about a pod, taken apart: how many nodes failed for which reason.

Source of the forms: kubernetes/kubernetes pkg/scheduler/framework (``0/5 nodes are available: 3
Insufficient cpu, 2 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.``) and its
plugins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Pod
from analyzer.model.subject import Subject

#: Taints that the control plane puts on nodes in trouble: then the nodes are the cause.
NODE_TROUBLE = (
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/network-unavailable",
    "node.cloudprovider.kubernetes.io/uninitialized",
)
CORDONED = "node.kubernetes.io/unschedulable"
_REASON = re.compile(
    r"(?P<count>\d+) (?P<text>(?:node\(s\)|Insufficient|Too many pods)[^,.{]*(?:\{[^}]*\})?[^,.]*)"
)
_VOLUME = ("unbound immediate PersistentVolumeClaims", "persistentvolumeclaim")
_TAINT_EFFECTS = frozenset(
    {
        "pods-not-running",
        "node-overloaded",
        "kubelet-down",
        "no-pod-network",
        "api-unreachable",
        "runtime-down",
    }
)


@dataclass(frozen=True, slots=True)
class SchedulerVerdict:
    """What holds the pod back: objects that cause it, effects it can be an instance of, or room."""

    causes: tuple[Subject, ...] = ()
    effects: frozenset[str] = frozenset()
    full: bool = False


def read_verdict(message: str, pod: Pod, nodes: Nodes | None) -> SchedulerVerdict:
    """Take the reason that holds for most nodes; a claim without a volume holds for all."""
    head = message.split(" preemption:", 1)[0]
    if any(words in head for words in _VOLUME):
        return SchedulerVerdict(_claims(pod), frozenset({"disk-not-attached"}))
    if head.startswith("no nodes available"):
        return SchedulerVerdict((), frozenset({"no-capacity", "pods-not-running"}))
    full = troubled = cordoned = 0
    for match in _REASON.finditer(head):
        text, count = match["text"], int(match["count"])
        if text.startswith(("Insufficient", "Too many pods")):
            full += count
        elif any(taint in text for taint in NODE_TROUBLE):
            troubled += count
        elif CORDONED in text or "were unschedulable" in text:
            cordoned += count
    if troubled and troubled >= max(full, cordoned):
        return SchedulerVerdict(_troubled_nodes(head, nodes), _TAINT_EFFECTS)
    if cordoned and cordoned >= full:
        return SchedulerVerdict((), frozenset({"no-capacity"}))
    # Cordoned nodes are room that is missing, even where they are fewer than the full ones.
    return SchedulerVerdict((), frozenset({"no-capacity"} if cordoned else ()), full=full > 0)


def _troubled_nodes(message: str, nodes: Nodes | None) -> tuple[Subject, ...]:
    taints = {taint for taint in NODE_TROUBLE if taint in message}
    found = nodes.items if nodes is not None else ()
    return tuple(n.subject for n in found if {t.key for t in n.spec.taints} & taints)


def _claims(pod: Pod) -> tuple[Subject, ...]:
    names = [v.persistent_volume_claim for v in pod.spec.volumes if v.persistent_volume_claim]
    kind = "PersistentVolumeClaim"
    return tuple(Subject(kind=kind, namespace=pod.namespace, name=n.claim_name) for n in names)
