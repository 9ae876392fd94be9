"""Pods are stuck while they start.

What it means:
  The pod has a node, but its containers do not come up: the sandbox cannot be made (network,
  runtime), a volume cannot be attached or mounted, or the runtime cannot make or start a container.
Why it matters:
  The workload has fewer pods than it should; new pods on that node will most often hang as well.
How we know:
  Containers that wait with ContainerCreating, PodInitializing or an error of their creation, in
  pods made more than ten minutes before the collection, with the newest warning about the pod or
  the container's own state as the reason. A pod without any warning gets half an hour: large images
  take that long. The cause is looked for in the node's network, its runtime, its addresses and its
  volumes; where one is found, this is a symptom of it. A driver of the secrets store that is not
  on the node is held against the registered CSI drivers and the add-ons of the exported cluster.
What to do:
  customer: See the pod's events (kubectl -n <namespace> describe pod <pod>); they name the volume,
    secret, ConfigMap or network step that fails. Where they miss the driver
    secrets-store.csi.k8s.io, enable its add-on (az aks enable-addons -g <resource group> -n
    <cluster> --addons azure-keyvault-secrets-provider).
  microsoft: Look at the CNI and the runtime of the node named here.
  cni-vendor: Look at the log of the CNI's agent on the node named here, at the time of the pod's
    events.
References:
  - Debug pods: https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from analyzer.baselines.workload_owners import Key, WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Events, Namespaces, Pods
from analyzer.facts.more_listings import CsiDrivers
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import ContainerStateDetail, Event, Pod
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._node_network import egress_was_probed, pod_network
from analyzer.rules.workload._pod_events import PodName, events_by_pod
from analyzer.rules.workload._secrets_store import secrets_store
from analyzer.rules.workload._start_obstacles import (
    CONTAINER_REASONS,
    SUMMARY,
    Obstacle,
    obstacle_of,
)
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
    id="AKS-WL-006",
    title="Pods are stuck while they start",
    component="workload",
    clauses=("UNS-01", "UNS-14", "SUP-05"),
    signals=frozenset({Signal.UNHEALTHY}),
)

PATIENCE = timedelta(minutes=10)
#: Windows and GPU images need this long on a new node, and no warning is written meanwhile.
PATIENCE_WITHOUT_WARNING = timedelta(minutes=30)
STARTING = frozenset({"ContainerCreating", "PodInitializing"})
#: Warnings of the time before the pod had a node, and of containers that have started.
NOT_ABOUT_START = frozenset({"FailedScheduling", "Unhealthy", "BackOff", "NotTriggerScaleUp"})
_EVENTS = (
    "The events of the pod's namespace (kubectl get events -n NAMESPACE): they name the volume or "
    "the network step that is waited for, and with it whose part it is."
)
Warnings = Mapping[PodName, Sequence[Event]]


def check(
    pods: Pods,
    identity: Identity,
    owners: WorkloadOwners,
    events: Events | None,
    daemonsets: DaemonSets | None,
    namespaces: Namespaces | None,
    archives: NodeArchives | None,
    drivers: CsiDrivers | None,
) -> Iterator[Hit]:
    slow = {id(p): w for p in pods.items if (w := _waits(p, identity.collected_at)) is not None}
    if not slow:
        return
    warnings = events_by_pod(
        events, lambda e: e.type == "Warning" and e.reason not in NOT_ABOUT_START
    )
    network = pod_network(identity, daemonsets, namespaces)
    store = secrets_store(identity, drivers, daemonsets)
    stuck = [
        p for p in pods.items if id(p) in slow and _is_stuck(p, slow[id(p)], warnings, identity)
    ]
    for key, group in by_workload(owners.own(stuck)).items():
        first = next((p for p in group if (p.namespace, p.name) in warnings), group[0])
        reason, text, places = _why(first, slow[id(first)], warnings)
        obstacle = obstacle_of(reason, text, network, store)
        yield Hit(
            subject=subject_of(key),
            title=f"Pods of {named(key)} are stuck while they start",
            saw=f"{counted(len(group), 'has a node and does', 'have a node and do')} not start; "
            f"{f'{reason}: {text}' if reason else 'no event says why'}"
            f"{f'. Besides, {obstacle.seen}' if obstacle.seen else ''}",
            evidence=(*places, *((obstacle.where,) if obstacle.where else ())),
            signals=_signals(key, obstacle, owners)
            | _way_out(group, obstacle, archives)
            | _unseen(group, obstacle, archives)
            if reason or _events_shown(events, first)
            else frozenset(),
            would_change=() if reason or _events_shown(events, first) else (_EVENTS,),
            affects=(*pod_subjects(group), *_claims(group, obstacle)),
            first_seen=earliest(unready_since(p) for p in group),
            last_seen=identity.collected_at,
            count=len(group),
            instance_of=obstacle.effects | (CNI_EFFECTS if owners.is_cni(key) else frozenset()),
        )


def _events_shown(events: Events | None, pod: Pod) -> bool:
    """True where the silence of the pod's events says something: they were collected."""
    try:
        (events or Events()).of(pod.namespace or "")
    except NotCollected:
        return False
    return True


def _waits(pod: Pod, now: datetime | None) -> ContainerStateDetail | None:
    """The state of the container that does not come up; init containers at work are fine."""
    if not pod.spec.node_name or not lives(pod):
        return None
    created = pod.metadata.creation_timestamp
    if created is not None and now is not None and now - created < PATIENCE:
        return None
    waiting = [s.state.waiting for s in pod.statuses if s.state.waiting is not None]
    failing = next((w for w in waiting if w.reason in CONTAINER_REASONS), None)
    if failing is not None:
        return failing
    init = pod.status.init_container_statuses
    at_work = any(s.state.running is not None for s in init) or any(
        s.state.waiting is not None and s.state.waiting.reason not in STARTING for s in init
    )
    return None if at_work else next((w for w in waiting if w.reason in STARTING), None)


def _is_stuck(
    pod: Pod, state: ContainerStateDetail, warnings: Warnings, identity: Identity
) -> bool:
    if state.reason in CONTAINER_REASONS or (pod.namespace, pod.name) in warnings:
        return True
    since, now = unready_since(pod), identity.collected_at
    return since is None or now is None or now - since > PATIENCE_WITHOUT_WARNING


def _why(
    pod: Pod, state: ContainerStateDetail, warnings: Warnings
) -> tuple[str, str, tuple[EvidenceRef, ...]]:
    """Reason, text and where they stand: the container's own state, else the newest warning."""
    here = pod.where(f"reason: {state.reason}")
    if state.reason in CONTAINER_REASONS:
        return state.reason, state.message, (here,)
    listed = warnings.get((pod.namespace, pod.name), ())
    if not listed:
        return "", "", (here,)
    event = next((e for e in reversed(listed) if not SUMMARY.search(e.text)), listed[-1])
    return event.reason, event.text, (event.where(f"reason: {event.reason}"), here)


def _signals(key: Key, obstacle: Obstacle, owners: WorkloadOwners) -> frozenset[Signal]:
    """A sandbox that cannot be made is the node's part, whoever's pod it is for."""
    return owners.signals(key) if obstacle.signals is None else obstacle.signals


def _way_out(
    group: Sequence[Pod], obstacle: Obstacle, archives: NodeArchives | None
) -> frozenset[Signal]:
    """Without a probe of its nodes, a blocked way out is not ruled out."""
    if not obstacle.outside or egress_was_probed((p.spec.node_name for p in group), archives):
        return frozenset()
    return frozenset({Signal.EGRESS_NOT_CHECKED})


def _unseen(
    group: Sequence[Pod], obstacle: Obstacle, archives: NodeArchives | None
) -> frozenset[Signal]:
    """A fault of the node's part is not Microsoft's before the nodes' own files were looked at."""
    there = archives.nodes if archives is not None else {}
    seen = all(pod.spec.node_name in there for pod in group)
    of_node = obstacle.signals is not None and Signal.NODE_AGENT in obstacle.signals
    return frozenset({Signal.CHANGE_NOT_CHECKED} if of_node and not seen else ())


def _claims(group: Sequence[Pod], obstacle: Obstacle) -> tuple[Subject, ...]:
    """The pods' claims, so that a cause on a volume reaches them."""
    if not obstacle.volume:
        return ()
    names = {
        (pod.namespace, volume.persistent_volume_claim.claim_name)
        for pod in group
        for volume in pod.spec.volumes
        if volume.persistent_volume_claim is not None
    }
    return tuple(
        Subject(kind="PersistentVolumeClaim", namespace=namespace, name=name)
        for namespace, name in sorted(names, key=lambda pair: (pair[0] or "", pair[1]))
    )
