"""Moments that the API objects show: events, conditions, restarts, changes, new nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta

from analyzer.baselines.managers import manager_of, provenance
from analyzer.facts.facts import Facts
from analyzer.facts.kube import KubeObject, ManagedField
from analyzer.facts.listings import (
    ConfigMaps,
    DaemonSets,
    Deployments,
    Events,
    MutatingWebhooks,
    NetworkPolicies,
    Nodes,
    Pods,
    Services,
    StatefulSets,
    ValidatingWebhooks,
)
from analyzer.facts.objects import Event, Node, Pod
from analyzer.model.subject import Subject
from analyzer.timeline.lanes import Lanes, is_system
from analyzer.timeline.moments import Moment

#: Normal events that tell of nodes that come, go or change, and of scaling.
_TELLING = frozenset(
    {"NodeNotReady", "NodeNotSchedulable", "RemovingNode", "Upgrade", "Drain", "Surge", "Cordon",
     "TriggeredScaleUp", "ScaleDown", "Rebooted", "NodeHasDiskPressure", "NodeHasInsufficientPID",
     "NodeHasInsufficientMemory", "RedeployScheduled", "RebootScheduled", "PreemptScheduled"}
)  # fmt: skip
_UPGRADES = frozenset({"Upgrade", "Drain", "Surge"})
#: Node conditions that are well when False; ``Ready`` is well when True.
_WELL = {"Ready": "True"}
_RECENT = timedelta(days=14)
#: Listings whose managed fields tell who changed what.
_CHANGED = (
    Deployments, DaemonSets, StatefulSets, ConfigMaps, Services, NetworkPolicies,
    ValidatingWebhooks, MutatingWebhooks, Nodes,
)  # fmt: skip
_MESSAGE = 140


def of_events(facts: Facts, lanes: Lanes) -> Iterator[Moment]:
    """Warnings, and the few normal events that tell of nodes and scaling."""
    for event in facts.of(Events).items:
        at = event.first
        if at is None or (event.type != "Warning" and event.reason not in _TELLING):
            continue
        kind, namespace, name = event.about
        subject = Subject(kind=kind or "Event", namespace=namespace, name=name)
        subject = subject.model_copy(update={"namespace": None}) if kind == "Node" else subject
        upgrade = event.reason in _UPGRADES
        last = event.last
        yield Moment(
            at=at,
            until=last if last is not None and last > at else None,
            kind="upgrade" if upgrade else "event",
            lane=lanes.subject(subject),
            key=f"{event.reason}/{kind}",
            what=f"{event.reason}: {_short(event.text)}",
            subject=subject,
            node=_node_of(event, subject, lanes),
            node_clock=_by_kubelet(event),
            count=event.times,
            weight=70 if upgrade else 40 if kind == "Node" else 25 + 5 * is_system(namespace),
            where=event.where(f"reason: {event.reason}", what=f"event {event.reason}"),
        )


def _node_of(event: Event, subject: Subject, lanes: Lanes) -> str | None:
    """The node where it happened."""
    if _by_kubelet(event):
        return str(event.source["host"])
    if subject.kind == "Node":
        return subject.name
    pod = lanes.pod_of(subject.namespace, subject.name) if subject.kind == "Pod" else None
    return pod.spec.node_name if pod is not None else None


def _by_kubelet(event: Event) -> bool:
    return bool(event.source.get("host")) and event.source.get("component") == "kubelet"


def of_conditions(facts: Facts, lanes: Lanes) -> Iterator[Moment]:
    """Node conditions that are not well, and system pods that are not ready, by their onset."""
    for node in facts.of(Nodes).items:
        for one in node.status.conditions or ():
            well = _WELL.get(one.type, "False")
            if one.last_transition_time is None or one.status == well:
                continue
            yield Moment(
                at=one.last_transition_time,
                kind="condition",
                lane=lanes.node(node.name),
                key=f"{one.type}={one.status}",
                what=f"{one.type} became {one.status}: {one.reason or _short(one.message)}",
                subject=node.subject,
                node=node.name,
                node_clock=one.status != "Unknown",  # the control plane says that of a lost node
                weight=55,
                where=node.where(f"type: {one.type}", what=f"condition of {node.name}"),
            )
    for pod in facts.of(Pods).items:
        ready = pod.condition("Ready") if is_system(pod.namespace) else None
        if ready is None or ready.status == "True" or ready.last_transition_time is None:
            continue
        if ready.reason == "PodCompleted":
            continue
        yield Moment(
            at=ready.last_transition_time,
            kind="condition",
            lane=lanes.pod(pod.namespace, pod.name),
            key="not ready",
            what=f"Pod not ready: {ready.reason or 'no reason given'}",
            subject=_pod_subject(pod),
            node=pod.spec.node_name,
            node_clock=True,
            weight=45,
            where=pod.where("type: Ready", what=f"readiness of {pod.name}"),
        )


def of_restarts(facts: Facts, lanes: Lanes) -> Iterator[Moment]:
    """Containers that ended last time: when, why, and how often in all."""
    for pod in facts.of(Pods).items:
        for status in pod.statuses:
            ended = status.last_state.terminated or status.state.terminated
            if ended is None or ended.finished_at is None or not status.restart_count:
                continue
            times = f", restarted {status.restart_count} times in all"
            yield Moment(
                at=ended.finished_at,
                kind="restart",
                lane=lanes.pod(pod.namespace, pod.name),
                key=f"{status.name}/{ended.reason}",
                what=f"Container {status.name} ended: {ended.reason or 'no reason'}"
                f" (exit code {ended.exit_code}){times}",
                subject=_pod_subject(pod),
                node=pod.spec.node_name,
                node_clock=True,
                weight=30 + 10 * is_system(pod.namespace) + 5 * (ended.reason == "OOMKilled"),
                where=pod.where(f"restartCount: {status.restart_count}", what=f"{pod.name} ended"),
            )


def of_changes(facts: Facts, lanes: Lanes) -> Iterator[Moment]:
    """What the customer's tools (and tools that nobody knows) wrote, by object."""
    for listing in _CHANGED:
        for obj in facts.of(listing).items:
            fields = getattr(obj.metadata, "managed_fields", None) or ()
            if fields:
                yield from _writes(obj, fields, lanes)


def _writes(obj: KubeObject, fields: Iterable[ManagedField], lanes: Lanes) -> Iterator[Moment]:
    meta, entries = obj.metadata, tuple(fields)
    by = provenance(meta.labels, meta.annotations, [entry.manager for entry in entries])
    for entry in entries:
        if entry.time is None or entry.subresource == "status":
            continue
        kind, tool = manager_of(entry.manager, entry.operation, entry.subresource, by)
        if kind != "customer":
            continue
        made = meta.creation_timestamp == entry.time
        wide = is_system(obj.namespace) or obj.namespace is None
        yield Moment(
            at=entry.time,
            kind="change",
            lane=lanes.subject(obj.subject),
            key=f"{entry.manager}/{obj.subject.kind}/{'made' if made else 'changed'}",
            what=f"{obj.subject} {'made' if made else 'changed'} by {tool} ({entry.manager})",
            subject=obj.subject,
            weight=75 if wide else 45,
            where=obj.where(f"manager: {entry.manager}", what=f"who wrote {obj.subject}"),
        )


def of_new_nodes(facts: Facts, lanes: Lanes) -> Iterator[Moment]:
    """Nodes that joined within two weeks, with the image and version that they brought."""
    now = facts.identity.collected_at
    by_age: dict[tuple[str, str, str], list[Node]] = defaultdict(list)
    for node in facts.of(Nodes).items:
        image = node.metadata.labels.get("kubernetes.azure.com/node-image-version", "")
        version = node.status.node_info.kubelet_version or ""
        by_age[(lanes.node(node.name), image, version)].append(node)
    for (lane, image, version), nodes in sorted(by_age.items()):
        for node in nodes:
            born = node.metadata.creation_timestamp
            if born is None or now is None or now - born > _RECENT:
                continue
            yield Moment(
                at=born,
                kind="upgrade",
                lane=lane,
                key=f"{image}/{version}",
                what=f"Node joined with image {image or 'not told'}, kubelet {version or '?'}",
                subject=node.subject,
                node=node.name,
                weight=60,
                where=node.where("creationTimestamp", what=f"when {node.name} was made"),
            )


def _pod_subject(pod: Pod) -> Subject:
    return Subject(
        kind="Pod", namespace=pod.namespace, name=pod.name, node=pod.spec.node_name or None
    )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MESSAGE else f"{text[: _MESSAGE - 1]}…"
