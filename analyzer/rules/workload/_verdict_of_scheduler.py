"""What the scheduler's message about a pod comes to: nodes, claims or room as the cause."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Pod
from analyzer.facts.parse.scheduler import Obstacle, SchedulerMessage, read_scheduler
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
_OF_VOLUMES = (Obstacle.VOLUME_PLACE, Obstacle.VOLUME_COUNT)


@dataclass(frozen=True, slots=True)
class SchedulerVerdict:
    """What holds the pod back: objects that cause it, effects it can be an instance of, or room."""

    causes: tuple[Subject, ...] = ()
    effects: frozenset[str] = frozenset()
    full: bool = False


def read_verdict(message: str, pod: Pod, nodes: Nodes | None) -> SchedulerVerdict:
    """Take the reason that holds for most nodes; a claim without a volume holds for all."""
    read = read_scheduler(message)
    if read.claim:
        return SchedulerVerdict(_claims(pod), frozenset({"disk-not-attached"}))
    if read.no_nodes:
        return SchedulerVerdict((), frozenset({"no-capacity", "pods-not-running"}))
    full, cordoned = read.count(Obstacle.ROOM), read.count(Obstacle.CORDONED)
    taints = {r.taint for r in read.reasons if r.taint in NODE_TROUBLE}
    troubled = sum(r.count for r in read.reasons if r.taint in taints)
    if troubled and troubled >= max(full, cordoned):
        return SchedulerVerdict(_nodes_with(taints, nodes), _TAINT_EFFECTS)
    if cordoned and cordoned >= full:
        return SchedulerVerdict((), frozenset({"no-capacity"}))
    if held_by_volume(read):
        return SchedulerVerdict(_claims(pod), frozenset({"disk-not-attached"}))
    # Cordoned nodes are room that is missing, even where they are fewer than the full ones.
    return SchedulerVerdict((), frozenset({"no-capacity"} if cordoned else ()), full=full > 0)


def held_by_volume(read: SchedulerMessage) -> bool:
    """True where the place or the number of the pod's volumes holds it back, and not the room.

    Nodes of other zones are told of too where those of the volume's zone are full.
    """
    kinds = {reason.obstacle for reason in read.reasons}
    return bool(kinds.intersection(_OF_VOLUMES)) and Obstacle.ROOM not in kinds


def _nodes_with(taints: set[str], nodes: Nodes | None) -> tuple[Subject, ...]:
    found = nodes.items if nodes is not None else ()
    return tuple(n.subject for n in found if {t.key for t in n.spec.taints} & taints)


def _claims(pod: Pod) -> tuple[Subject, ...]:
    names = [v.persistent_volume_claim for v in pod.spec.volumes if v.persistent_volume_claim]
    kind = "PersistentVolumeClaim"
    return tuple(Subject(kind=kind, namespace=pod.namespace, name=n.claim_name) for n in names)
