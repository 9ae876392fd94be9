"""How many pods of a workload are not ready, which ones, since when and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node, Pod, Workload
from analyzer.model.evidence import EvidenceRef
from analyzer.rules.component._egress import pulls_fail

#: Unready for less than this may be a start or a roll-out.
SETTLING = timedelta(minutes=10)
#: Where no pod at all is ready, patience is shorter.
SETTLING_ALL = timedelta(minutes=5)
#: Conditions written so soon were written when the object was made.
_AT_CREATION = timedelta(minutes=1)
#: Taints under which a node goes away on purpose.
LEAVING = frozenset(
    {
        "ToBeDeletedByClusterAutoscaler",
        "node.cloudprovider.kubernetes.io/shutdown",
        "karpenter.sh/disrupted",
    }
)
#: What any unready pod may be a symptom of.
_ANY = frozenset(
    {"component-changed", "component-down", "pods-not-running", "pods-evicted", "runtime-down",
     "kubelet-down", "kernel-stalls", "node-overloaded", "api-unreachable", "api-server-unhealthy"}
)  # fmt: skip
_MESSAGE = 200


@dataclass(frozen=True)
class Unready:
    """The pods that are not ready; ``pods`` are those that are shown."""

    desired: int
    ready: int
    pods: tuple[Pod, ...] = ()
    onset: datetime | None = None
    sentence: str = ""
    anchor: str = ""
    evidence: tuple[EvidenceRef, ...] = ()
    instance_of: frozenset[str] = field(default=_ANY)
    #: Pods that are wanted and do not exist.
    absent: int = 0


def look(
    workload: Workload, pods: list[Pod] | None, nodes: Nodes | None, now: datetime | None
) -> Unready | None:
    """What is not ready of a workload for longer than a start takes; None where nothing is.

    ``pods`` are its pods, None where the listing is not there: then its own status tells alone.
    """
    desired, ready = workload.desired, workload.ready_count
    if desired is None or ready is None:
        return None
    if desired == 0:
        text = f"{workload.kind} {workload.name} wants no pods at all: 0 are desired"
        return Unready(0, 0, sentence=text, anchor=_anchor(workload))
    if ready >= desired:
        return None
    bad = [pod for pod in pods or () if _counts(pod)]
    excused = _excused(bad, nodes, now)
    bad = [pod for pod in bad if pod.metadata.uid not in excused]
    live = [pod for pod in pods or () if _lives(pod)]
    absent = max(desired - len(live), 0) if pods is not None else 0
    if pods is not None and not bad and not absent:
        return None  # the status is older than the pods, or all are on nodes that come and go
    onset = _onset(workload, bad)
    patience = SETTLING_ALL if ready == 0 else SETTLING
    if onset is not None and now is not None and now - onset < patience:
        return None
    return Unready(
        desired,
        ready,
        tuple(bad),
        onset,
        _sentence(workload, bad, absent, onset),
        _anchor(workload),
        tuple(pod.where(*_pod_anchors(pod)) for pod in bad[:2]),
        _effects(bad, absent),
        absent,
    )


def _lives(pod: Pod) -> bool:
    ended = pod.status.phase in ("Succeeded", "Failed")
    return pod.metadata.deletion_timestamp is None and not ended


def _counts(pod: Pod) -> bool:
    return _lives(pod) and pod.ready is not True


def _excused(pods: Iterable[Pod], nodes: Nodes | None, now: datetime | None) -> set[str]:
    """Pods on nodes that have just joined, or that leave on purpose."""
    shown = nodes.items if nodes is not None else ()
    passing = {node.name for node in shown if _passes(node, now)}
    return {pod.metadata.uid for pod in pods if pod.spec.node_name in passing}


def _passes(node: Node, now: datetime | None) -> bool:
    created = node.metadata.creation_timestamp
    young = created is not None and now is not None and now - created < SETTLING
    leaving = node.metadata.deletion_timestamp is not None
    return young or leaving or any(taint.key in LEAVING for taint in node.spec.taints)


def _onset(workload: Workload, pods: list[Pod]) -> datetime | None:
    times = [*(_since(pod) for pod in pods), _unavailable_since(workload)]
    return min((time for time in times if time is not None), default=None)


def _unavailable_since(workload: Workload) -> datetime | None:
    """Since when a Deployment says that it lacks pods; what is as old as itself tells nothing."""
    made = workload.metadata.creation_timestamp
    for condition in workload.status.conditions if workload.status else ():
        bad = {"Available": "False", "ReplicaFailure": "True"}.get(condition.type)
        since = condition.last_transition_time
        if bad == condition.status and since and (made is None or since - made > _AT_CREATION):
            return since
    return None


def _since(pod: Pod) -> datetime | None:
    """Since when a pod is not ready; one that never was, since it was made."""
    for name in ("Ready", "PodScheduled"):
        condition = pod.condition(name)
        if condition is not None and condition.status != "True":
            return condition.last_transition_time or pod.metadata.creation_timestamp
    return pod.metadata.creation_timestamp


def _anchor(workload: Workload) -> str:
    """The count that shows it, as it stands in the object."""
    desired, ready = workload.desired or 0, workload.ready_count or 0
    if workload.kind == "DaemonSet":
        return f"numberReady: {ready}" if desired else "desiredNumberScheduled: 0"
    if not desired:
        return "replicas: 0"
    # The API leaves a count of zero out.
    return f"readyReplicas: {ready}" if ready else f"unavailableReplicas: {desired}"


def _pod_anchors(pod: Pod) -> tuple[str, ...]:
    """What shows in the pod why it is not ready."""
    for status in pod.statuses:
        if status.state.waiting is not None and status.state.waiting.reason:
            return (f"reason: {status.state.waiting.reason}",)
    condition = pod.condition("Ready") or pod.condition("PodScheduled")
    return (f"reason: {condition.reason}",) if condition is not None else ()


def _sentence(workload: Workload, pods: list[Pod], absent: int, onset: datetime | None) -> str:
    since = f" since {onset:%Y-%m-%d %H:%M} UTC" if onset else ""
    text = f"{workload.ready_count} of {workload.desired} pods are ready{since}"
    if pods:
        first = pods[0]
        where = f" on {first.spec.node_name}" if first.spec.node_name else ""
        more = f", and {len(pods) - 1} more" if len(pods) > 1 else ""
        text += f"; {first.name}{where}: {why(first)}{more}"
    if absent:
        text += "; 1 pod does not exist" if absent == 1 else f"; {absent} pods do not exist"
    return text


def why(pod: Pod) -> str:
    """The reason that the pod itself gives for not being ready."""
    for status in pod.statuses:
        waiting = status.state.waiting
        if waiting is not None and waiting.reason != "PodInitializing":
            return _cut(f"container {status.name} waits: {waiting.reason}", waiting.message)
    for name in ("PodScheduled", "Ready"):
        condition = pod.condition(name)
        if condition is not None and condition.status != "True":
            return _cut(condition.reason or f"{name} is {condition.status}", condition.message)
    return f"phase {pod.status.phase or 'not shown'}"


def _cut(head: str, message: str) -> str:
    text = f"{head}: {message}" if message else head
    return text if len(text) <= _MESSAGE else f"{text[:_MESSAGE]}…"


def _effects(pods: list[Pod], absent: int) -> frozenset[str]:
    """The effects of which these pods can be symptoms; an image that runs was pulled."""
    effects = set(_ANY)
    if pulls_fail(pods):
        effects |= {"image-pull-fails", "no-egress"}
    if any(pod.spec.node_name is None for pod in pods):
        effects.add("no-capacity")
    if any(not pod.spec.host_network for pod in pods):
        effects |= {"no-pod-network", "no-pod-ips", "no-service-routing", "packets-dropped"}
    if absent:
        effects.add("admission-blocked")
    if any(pod.name.startswith("konnectivity-agent") for pod in pods):
        effects.add("no-egress")
    return frozenset(effects)
