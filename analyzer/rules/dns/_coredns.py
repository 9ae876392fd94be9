"""The pods of CoreDNS and of no other DNS server, and how they do."""

from __future__ import annotations

from datetime import datetime

from analyzer.facts.listings import Pods
from analyzer.facts.objects import ContainerStatus, Pod
from analyzer.model.subject import Subject

#: Where AKS runs CoreDNS.
SYSTEM = "kube-system"
#: The customer's part of its configuration; own zones and their servers stand there.
CUSTOM = Subject(kind="ConfigMap", namespace=SYSTEM, name="coredns-custom")


def coredns_pods(pods: Pods) -> tuple[Pod, ...]:
    """The pods of AKS's Deployment ``coredns`` that are not being deleted."""
    return tuple(
        pod
        for pod in pods.items
        if pod.namespace == SYSTEM
        and pod.controller == ("Deployment", "coredns")
        and pod.metadata.deletion_timestamp is None
    )


def crashes(pod: Pod) -> bool:
    """True where CoreDNS ends by its own error again and again."""
    return any(_crashes(status) for status in pod.statuses)


def _crashes(status: ContainerStatus) -> bool:
    waiting, ended = status.state.waiting, status.state.terminated or status.last_state.terminated
    loops = waiting is not None and waiting.reason == "CrashLoopBackOff"
    failed = ended is not None and ended.reason == "Error" and ended.exit_code not in (0, None)
    return failed and not status.ready and (loops or status.restart_count > 1)


def not_ready_since(pod: Pod) -> datetime | None:
    """Since when the pod is not ready, where its condition says so."""
    ready = pod.condition("Ready")
    bad = ready is not None and ready.status != "True"
    return ready.last_transition_time if ready is not None and bad else None


def pod_subject(pod: Pod) -> Subject:
    """The pod with the node on which it runs."""
    return Subject(kind="Pod", name=pod.name, namespace=pod.namespace, node=pod.spec.node_name)
