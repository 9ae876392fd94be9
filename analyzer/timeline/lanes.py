"""Lanes: to which node pool or component a thing belongs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from analyzer.facts.facts import Facts
from analyzer.facts.listings import Nodes, Pods
from analyzer.facts.objects import Pod
from analyzer.model.subject import Subject

CLUSTER_LANE = "cluster"


@dataclass(frozen=True)
class Lanes:
    """Looks up the lane of nodes, pods and other objects of one bundle."""

    facts: Facts

    @cached_property
    def _pools(self) -> Mapping[str, str]:
        return {node.name: node.pool for node in self.facts.of(Nodes).items}

    @cached_property
    def _pods(self) -> Mapping[tuple[str | None, str], Pod]:
        return {(pod.namespace, pod.name): pod for pod in self.facts.of(Pods).items}

    def node(self, name: str) -> str:
        """The pool of a node, ``nodes`` where it has none."""
        return self._pools.get(name) or "nodes"

    def pod_of(self, namespace: str | None, name: str) -> Pod | None:
        """The pod of that name, where it still exists."""
        return self._pods.get((namespace, name))

    def pod(self, namespace: str | None, name: str) -> str:
        """A system workload by its name; the customer's by their namespace."""
        if not is_system(namespace):
            return namespace or CLUSTER_LANE
        pod = self.pod_of(namespace, name)
        controller = pod.controller if pod is not None else None
        return controller[1] if controller is not None else name

    def subject(self, subject: Subject) -> str:
        """The lane of any subject."""
        if subject.kind == "Node":
            return self.node(subject.name)
        if subject.kind == "NodePool":
            return subject.name
        if subject.kind == "Pod":
            return self.pod(subject.namespace, subject.name)
        if subject.namespace is None:
            return CLUSTER_LANE
        if subject.kind == "ReplicaSet" and is_system(subject.namespace):
            return subject.name.rpartition("-")[0] or subject.name
        return subject.name if is_system(subject.namespace) else subject.namespace


def is_system(namespace: str | None) -> bool:
    """True for a namespace that AKS or an add-on uses (``kube-system``, ``calico-system`` …)."""
    return (namespace or "").endswith("-system")
