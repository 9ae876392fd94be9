"""Who used a node up: containers that evictions name, and victims of the node's OOM killer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import is_managed_namespace, whose
from analyzer.facts.identity import Identity
from analyzer.facts.kube import quantity
from analyzer.facts.listings import Events, Pods
from analyzer.facts.objects import Event, Node, Pod
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject

#: Source: pkg/kubelet/eviction/helpers.go of kubernetes/kubernetes (evictionMessage).
_LOW = re.compile(r"node was low on resource: (?P<resource>[\w-]+)")
_USED = re.compile(
    r"Container (?P<container>[\w.-]+) was using (?P<used>\w+)"
    r"(?:, (?:request is|which exceeds its request of) (?P<request>\w+))?"
)
#: Source: pkg/kubelet/oom/oom_watcher_linux.go.
_VICTIM = re.compile(r"victim process: (?P<task>[^,]{1,64}), pid: \d+")
#: The kernel keeps this many characters of a process name (TASK_COMM_LEN without the last byte).
_COMM = 15
#: Share of a node that one container must take to be blamed for its shortage.
SHARE = 0.1
MANY_PROCESSES = 1000
#: Resources of eviction messages by what the node is short of.
KIND_OF = {
    "ephemeral-storage": "disk", "nodefs": "disk", "imagefs": "disk", "inodes": "disk",
    "memory": "memory", "pids": "pid", "pid": "pid",
}  # fmt: skip


@dataclass(frozen=True)
class Use:
    """One container that took much of a node: ``amount`` is in bytes (or processes)."""

    kind: str
    node: str
    namespace: str
    pod: str
    container: str
    amount: float
    said: str
    at: datetime | None
    evidence: EvidenceRef
    owner: Pod | None = None

    @property
    def workload(self) -> Subject:
        """What people call it: the controller of the pod, else the pod."""
        if self.owner is not None and self.owner.controller is not None:
            kind, name = self.owner.controller
            return Subject(kind=kind, name=name, namespace=self.namespace)
        return Subject(kind="Pod", name=self.pod, namespace=self.namespace, node=self.node)


def evicted_uses(pods: Pods | None, events: Events | None) -> Iterator[Use]:
    """The containers that the kubelet named when it evicted pods for lack of a resource."""
    known = {(pod.namespace, pod.name): pod for pod in pods.items} if pods is not None else {}
    for pod in known.values():
        if pod.status.reason == "Evicted" and pod.spec.node_name:
            where = pod.where("reason: Evicted", what=f"eviction of {pod.namespace}/{pod.name}")
            ended = pod.condition("DisruptionTarget")
            at = ended.last_transition_time if ended is not None else None
            yield from _uses(
                pod.status.message, pod.spec.node_name, (pod.namespace, pod.name), at, where, pod
            )
    for event in events.items if events is not None else ():
        kind, namespace, name = event.about
        if kind != "Pod" or event.reason != "Evicted":
            continue
        owner = known.get((namespace, name))
        node = str(event.source.get("host") or "") or (owner.spec.node_name if owner else None)
        if node:
            where = event.where("message", what=f"eviction of {namespace}/{name}")
            yield from _uses(event.text, node, (namespace, name), event.last, where, owner)


def _uses(
    message: str, node: str, pod: tuple[str | None, str], at: datetime | None,
    where: EvidenceRef, owner: Pod | None,
) -> Iterator[Use]:  # fmt: skip
    low = _LOW.search(message)
    kind = KIND_OF.get(low["resource"]) if low else None
    if low is None or kind is None:
        return
    for match in _USED.finditer(message):
        amount = quantity(match["used"])
        if amount is None:
            continue
        said = f"{_readable(amount, kind)} of {low['resource']}"
        if match["request"]:
            said += f" (request {match['request']}{_limit(owner, match['container'], kind)})"
        yield Use(
            kind, node, pod[0] or "", pod[1], match["container"], amount, said, at, where, owner
        )


def _limit(pod: Pod | None, container: str, kind: str) -> str:
    resource = {"disk": "ephemeral-storage", "memory": "memory"}.get(kind)
    found = next((c for c in pod.spec.containers if c.name == container), None) if pod else None
    if found is None or resource is None:
        return ""
    return f", limit {found.resources.limits.get(resource, 'none')}"


def _readable(amount: float, kind: str) -> str:
    if kind == "pid":
        return f"{amount:.0f}"
    return f"{amount / 1024**3:.1f} GiB" if amount >= 1024**3 else f"{amount / 1024**2:.0f} MiB"


def weighs(use: Use, node: Node) -> bool:
    """True where a container took enough of a node to be what filled it.

    An evicted pod need not be: the kubelet takes those first that use more than they asked for.
    """
    if use.kind == "pid" or not use.amount:
        return use.kind == "memory" or use.amount >= MANY_PROCESSES
    resource = {"disk": "ephemeral-storage", "memory": "memory"}[use.kind]
    whole = quantity(node.status.capacity.get(resource))
    return whole is None or use.amount >= SHARE * whole


def oom_victim(event: Event) -> str | None:
    """The process that the node's own OOM killer took, by the kubelet's event; None for others."""
    match = _VICTIM.search(event.text) if event.reason == "SystemOOM" else None
    return match["task"] if match else None


def pod_of_task(task: str, node: str, pods: Pods | None) -> Pod | None:
    """The pod on a node with a container of a process's name; None where it is not clear."""
    found = [
        pod
        for pod in (pods.items if pods is not None else ())
        if pod.spec.node_name == node
        and any(c.name[:_COMM] == task[:_COMM] for c in pod.spec.containers)
    ]
    makers = {(pod.namespace, pod.controller) for pod in found}
    return found[0] if len(makers) == 1 else None


def is_customers(pod: Pod | None, namespace: str, baseline: Baseline, identity: Identity) -> bool:
    """True for a pod of the customer; a pod that is gone is judged by its namespace."""
    if pod is None:
        return not is_managed_namespace(namespace)
    verdict = whose(pod, baseline.catalogue, identity).owner
    return verdict == "customer" or (verdict == "unknown" and not is_managed_namespace(namespace))
