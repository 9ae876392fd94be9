"""Signatures that are states of API objects: what the listings show, as texts to match."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache, cached_property

import yaml

from analyzer.bugs.places import OBJECT_PLACES
from analyzer.bugs.schema import Bug, PodState, Signature
from analyzer.facts.facts import Facts
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import ConfigMaps, NetworkPolicies, Nodes, Pods
from analyzer.facts.objects import ConfigMap, Pod
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject


@dataclass(frozen=True, slots=True)
class StateText:
    """A text of an object, and where it stands."""

    text: str
    obj: KubeObject
    #: The place in the object; looked up only for the few texts that match.
    anchor: str
    what: str
    node: str | None = None
    since: datetime | None = None

    @property
    def subject(self) -> Subject:
        """The object as a subject."""
        return self.obj.subject

    @property
    def where(self) -> EvidenceRef:
        """The place as evidence."""
        return self.obj.where(*((self.anchor,) if self.anchor else ()), what=self.what)


class States:
    """The texts of one bundle's objects, gathered once for all signatures.

    Thousands of nodes and pods have few distinct texts, so each is looked at once.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._places: dict[str, dict[str, list[StateText]]] = {}

    @cached_property
    def _pods(self) -> dict[str, list[Pod]]:
        found: dict[str, list[Pod]] = {}
        for pod in self._facts.of(Pods).items:
            found.setdefault(pod.namespace or "", []).append(pod)
        return found

    def _at(self, place: str) -> dict[str, list[StateText]]:
        if place not in self._places:
            found: dict[str, list[StateText]] = {}
            for one in _SOURCES[place](self._facts):
                found.setdefault(one.text, []).append(one)
            self._places[place] = found
        return self._places[place]

    def of(self, signature: Signature) -> Iterator[StateText]:
        """The texts that satisfy a signature, from the places that it names."""
        oldest = timedelta(minutes=signature.min_age_minutes)
        if signature.pod is not None:
            pods = _pods_in(signature.pod, self._pods)
            yield from (one for one in pods if _old_enough(one.since, oldest, self._facts))
        if signature.regex is None:
            return
        expression = re.compile(signature.regex)
        for place in signature.where:
            if place not in OBJECT_PLACES or place not in _SOURCES:
                continue
            for text, found in self._at(place).items():
                if expression.search(text):
                    yield from (one for one in found if _old_enough(one.since, oldest, self._facts))


def can_be_seen(bug: Bug) -> bool:
    """True where a bundle can show the state that the bug needs, beside versions."""
    places = {place for one in bug.signatures if one.regex for place in one.where}
    return bool(places & _CONFIGURATION)


def _old_enough(since: datetime | None, oldest: timedelta, facts: Facts) -> bool:
    now = facts.identity.collected_at
    return not oldest or (since is not None and now is not None and now - since >= oldest)


def _kernels(facts: Facts) -> Iterator[StateText]:
    for node in facts.of(Nodes).items:
        version = node.status.node_info.kernel_version
        if version:
            anchor = f"kernelVersion: {version}"
            yield StateText(version, node, anchor, f"kernel of {node.name}", node.name)


def _node_labels(facts: Facts) -> Iterator[StateText]:
    for node in facts.of(Nodes).items:
        for key, value in sorted(node.metadata.labels.items()):
            anchor = f"{key}: {value}"
            yield StateText(f"{key}={value}", node, anchor, f"label of {node.name}", node.name)


def _node_images(facts: Facts) -> Iterator[StateText]:
    for one in _node_labels(facts):
        key, _, value = one.text.partition("=")
        if key == "kubernetes.azure.com/node-image-version":
            yield replace(one, text=value)


def _taints(facts: Facts) -> Iterator[StateText]:
    for node in facts.of(Nodes).items:
        for taint in node.spec.taints:
            text = f"{taint.key}={taint.value}:{taint.effect}"
            since = taint.time_added or _unix(taint.value) or node.metadata.creation_timestamp
            what = f"taint of {node.name}"
            yield StateText(text, node, f"key: {taint.key}", what, node.name, since)


def _unix(value: str) -> datetime | None:
    """The cluster autoscaler writes the time of its taint as its value, in Unix seconds."""
    return datetime.fromtimestamp(int(value), UTC) if re.fullmatch(r"\d{10}", value) else None


def _conditions(facts: Facts) -> Iterator[StateText]:
    for node in facts.of(Nodes).items:
        for one in node.status.conditions or ():
            text = f"{one.type}={one.status} Reason:{one.reason} Message:{one.message}"
            what, since = f"condition of {node.name}", one.last_transition_time
            yield StateText(text, node, f"type: {one.type}", what, node.name, since)


def _pod_images(facts: Facts) -> Iterator[StateText]:
    for pod in facts.of(Pods).items:
        for container in pod.spec.containers:
            anchor, what = f"image: {container.image}", f"image of {pod.name}"
            yield StateText(container.image, pod, anchor, what, pod.spec.node_name)


def _git_volumes(facts: Facts) -> Iterator[StateText]:
    """The one kind of volume that a signature asks for: those that git fills."""
    for pod in facts.of(Pods).items:
        for volume in pod.spec.volumes:
            if volume.git_repo is not None:
                text = f"gitRepo:\n  repository: {volume.git_repo.repository}"
                yield StateText(text, pod, "gitRepo", f"volume of {pod.name}", pod.spec.node_name)


def _pinned_pods(facts: Facts) -> Iterator[StateText]:
    """Waiting pods that their affinity binds to a node which is not in the list of nodes."""
    nodes = facts.of(Nodes)
    known = {node.name for node in nodes.items}
    for pod in facts.of(Pods).items if nodes.readable and not nodes.gaps else ():
        gone = [name for name in pod.spec.pinned_to if name not in known]
        if not gone or pod.spec.node_name or pod.status.phase != "Pending":
            continue
        text = (
            "- matchFields:\n  - key: metadata.name\n    operator: In\n"
            f"    values: [{', '.join(gone)}]"
        )
        what = f"affinity of {pod.name}"
        yield StateText(text, pod, "matchFields", what, since=pod.metadata.creation_timestamp)


def _config_maps(*names: str) -> Callable[[Facts], Iterator[StateText]]:
    def texts(facts: Facts) -> Iterator[StateText]:
        for item in facts.of(ConfigMaps).items:
            if any(fnmatchcase(f"{item.namespace}/{item.name}", name) for name in names):
                yield from _data(item)

    return texts


def _data(item: ConfigMap) -> Iterator[StateText]:
    for key, value in sorted(item.data.items()):
        yield StateText(value, item, f"{key}:", f"{key} of {item.name}")


def _policies(facts: Facts) -> Iterator[StateText]:
    for item in facts.of(NetworkPolicies).items:
        text = yaml.safe_dump(item.spec, sort_keys=True)
        yield StateText(text, item, "", f"network policy {item.name}")


_SOURCES: dict[str, Callable[[Facts], Iterator[StateText]]] = {
    "node-status": _kernels,
    "node-image": _node_images,
    "node-label": _node_labels,
    "node-taint": _taints,
    "node-condition": _conditions,
    "pod-image": _pod_images,
    "pod-volume": _git_volumes,
    "pod-spec": _pinned_pods,
    "coredns-custom": _config_maps("kube-system/coredns-custom", "kube-system/coredns"),
    "configmap": _config_maps("kube-system/retina-*", "kube-system/cilium-config"),
    "kube-proxy-config": _config_maps("kube-system/kube-proxy*"),
    "cluster-autoscaler-status": _config_maps("kube-system/cluster-autoscaler-status"),
    "NetworkPolicy": _policies,
}
#: Configuration that an exposure may need beside a version.
_CONFIGURATION = frozenset({"coredns-custom", "kube-proxy-config", "NetworkPolicy", "pod-volume"})


def _pods_in(state: PodState, pods: Mapping[str, list[Pod]]) -> Iterator[StateText]:
    spaces = [space for space in pods if _glob(state.namespace).fullmatch(space)]
    for pod in (pod for space in spaces for pod in pods[space]):
        if not _glob(state.name).fullmatch(pod.name):
            continue
        shown = _shows(state, pod)
        if shown is not None:
            text, since = shown
            what = f"state of {pod.name}"
            yield StateText(text, pod, text, what, pod.spec.node_name, since)


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*"))


def _shows(state: PodState, pod: Pod) -> tuple[str, datetime | None] | None:
    """The text that proves the state, and since when; None where the pod is not in it."""
    if state.node_name is not None:
        node = pod.spec.node_name or ""
        return (f"nodeName: {node}", None) if _glob(state.node_name).fullmatch(node) else None
    if state.argument is not None:
        arguments = [a for c in pod.spec.containers for a in (*c.command, *c.args)]
        return (state.argument, None) if any(state.argument in a for a in arguments) else None
    if state.ready is not None:
        ready = pod.condition("Ready")
        if ready is None or (ready.status == "True") is not state.ready:
            return None
        return "type: Ready", ready.last_transition_time
    statuses = pod.status.init_container_statuses if state.init else pod.statuses
    for one in statuses:
        waiting, ended = one.state.waiting, one.last_state.terminated or one.state.terminated
        if state.waiting is not None and waiting is not None and waiting.reason == state.waiting:
            return f"reason: {waiting.reason}", None
        if state.terminated is not None and ended is not None and ended.reason == state.terminated:
            return f"reason: {ended.reason}", ended.finished_at
        if state.restarts_at_least is not None and one.restart_count >= state.restarts_at_least:
            return f"restartCount: {one.restart_count}", None
    return None
