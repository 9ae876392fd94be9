"""What a workload's failing pods have in common, as the rules of the family tell it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from analyzer.baselines.workload_owners import Key, key_of
from analyzer.facts.objects import Pod
from analyzer.model.subject import Subject

#: The customer's own CNI: what its own findings produce explains its pods as well.
CNI_EFFECTS = frozenset({"no-pod-network", "component-changed"})


def lives(pod: Pod) -> bool:
    """True for a pod that is meant to run: neither ended nor on its way out."""
    return pod.metadata.deletion_timestamp is None and pod.status.phase not in (
        "Succeeded",
        "Failed",
    )


def by_workload(pods: Iterable[Pod]) -> dict[Key, list[Pod]]:
    """Group pods by what made them; a bare pod is its own group."""
    groups: dict[Key, list[Pod]] = defaultdict(list)
    for pod in pods:
        groups[key_of(pod)].append(pod)
    return dict(sorted(groups.items()))


def subject_of(key: Key) -> Subject:
    """The workload as a subject."""
    kind, namespace, name = key
    return Subject(kind=kind, namespace=namespace or None, name=name)


def named(key: Key) -> str:
    """The workload as a title says it: ``Deployment shop/cart``."""
    return f"{key[0]} {key[1]}/{key[2]}"


def pod_subjects(pods: Iterable[Pod]) -> tuple[Subject, ...]:
    """The pods with their nodes, so that a cause on a node reaches them."""
    return tuple(
        Subject(kind="Pod", namespace=pod.namespace, name=pod.name, node=pod.spec.node_name)
        for pod in pods
    )


def counted(pods: int, one: str, many: str) -> str:
    """``One pod waits`` or ``3 pods wait``."""
    return f"One pod {one}" if pods == 1 else f"{pods} pods {many}"


def unready_since(pod: Pod) -> datetime | None:
    """When the pod was last ready, or made: the latest time at which its trouble can have begun.

    A pod can be old and its trouble young; a cause must not be taken for the later of the two.
    """
    ready = pod.condition("Ready") or pod.condition("ContainersReady")
    if ready is not None and ready.last_transition_time is not None:
        return ready.last_transition_time
    return pod.status.start_time or pod.metadata.creation_timestamp


def earliest(times: Iterable[datetime | None]) -> datetime | None:
    """The first of the times that are known."""
    return min((time for time in times if time is not None), default=None)
