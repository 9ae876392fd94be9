"""Whose part it is that the scheduler finds no node for a managed pod.

The size of node pools and the taints on them are the customer's; nodes in trouble, or nodes that
the cloud provider has not taken up, may be anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from analyzer.facts.objects import Pod
from analyzer.facts.parse.scheduler import Obstacle, read_scheduler
from analyzer.model.signal import Signal

#: Nodes that are not meant for the pod at all (Windows, one node of a DaemonSet): no reason.
_OTHER_NODES = frozenset({Obstacle.SELECTOR, Obstacle.SPREAD})
#: Taints of pools that AKS itself keeps for other work (spot, virtual nodes, system pools).
_RESERVED = ("kubernetes.azure.com/", "virtual-kubelet.io/", "CriticalAddonsOnly")
#: Taints that Kubernetes, the cloud provider, an autoscaler or a driver puts on a node.
_SYSTEMS = re.compile(
    r"^(?:node\.kubernetes\.io/|[\w.-]*cloudprovider\.kubernetes\.io/|karpenter\.|"
    r"[\w.-]*csi\.azure\.com/|node\.cilium\.io/|startup-taint\.cluster-autoscaler\.kubernetes\.io/|"
    r"ToBeDeletedByClusterAutoscaler|DeletionCandidateOfClusterAutoscaler)"
)
#: What a message that leaves no doubt comes to.
SETTLED = frozenset({Signal.CAPACITY_EXHAUSTED, Signal.OWN_OPERATION})


def scheduling_signals(pods: Iterable[Pod]) -> frozenset[Signal]:
    """What the scheduler's messages say, where it holds back all of the pods; else nothing.

    No room is ``CAPACITY_EXHAUSTED``, a taint of the customer's on most nodes ``OWN_OPERATION``;
    whatever else holds a pod back, or a message that is not shown, is ``CHANGE_NOT_CHECKED``.
    """
    held = [_message(pod) for pod in pods]
    if not held or any(message is None for message in held):
        return frozenset()
    told = {_signal(message or "") for message in held}
    open_question = frozenset({Signal.CHANGE_NOT_CHECKED})
    return open_question if Signal.CHANGE_NOT_CHECKED in told else frozenset(told)


def _message(pod: Pod) -> str | None:
    """The scheduler's message about a pod that it cannot place; None for any other pod."""
    condition = pod.condition("PodScheduled")
    placed = pod.spec.node_name is not None or condition is None or condition.status == "True"
    if placed or condition is None or condition.reason != "Unschedulable":
        return None
    return condition.message


def _signal(message: str) -> Signal:
    room = own = other = 0
    for reason in read_scheduler(message).reasons:
        if reason.obstacle is Obstacle.ROOM:
            room = max(room, reason.count)  # a node may lack CPU and memory at once
        elif reason.taint.startswith(_RESERVED):
            continue
        elif reason.taint and not _SYSTEMS.match(reason.taint):
            own += reason.count
        elif reason.obstacle not in _OTHER_NODES:
            other += reason.count
    if other >= max(room, own):
        return Signal.CHANGE_NOT_CHECKED
    return Signal.OWN_OPERATION if own > room else Signal.CAPACITY_EXHAUSTED
