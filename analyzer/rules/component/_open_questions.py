"""What would say why pods are not made, do not start or are not ready, and was not collected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity, PolicyEngine
from analyzer.facts.listings import Events, NetworkPolicies
from analyzer.facts.more_listings import LimitRanges
from analyzer.facts.objects import ContainerStateDetail, Pod, Workload
from analyzer.model.gap import NotCollected
from analyzer.model.signal import Signal
from analyzer.rules.component._crashes import killed_for_memory
from analyzer.rules.component._egress import sends_outside
from analyzer.rules.component._managed import ChangeView
from analyzer.rules.component._readiness import Unready

#: A pod that waits so says nothing more itself: the reason stands in events alone.
_SILENT = frozenset({"ContainerCreating", "PodInitializing"})
#: Answers of admission to a controller that makes pods.
_REFUSED = re.compile(r"webhook|admission|denied|forbidden|exceeded quota", re.IGNORECASE)
_MESSAGE = 160


def open_questions(
    workload: Workload,
    unready: Unready,
    identity: Identity,
    events: Events | None,
    policies: NetworkPolicies | None,
) -> ChangeView:
    """Inputs without which a part of the customer's is not ruled out, as signals and sentences."""
    texts = (
        *_of_events(workload, unready, events),
        *_of_policies(workload, unready, identity, policies),
    )
    return ChangeView(frozenset({Signal.CHANGE_NOT_CHECKED} if texts else ()), texts)


def ended_by(
    namespace: str, ends: Iterable[ContainerStateDetail], events: Events | None
) -> ChangeView:
    """Who ended a container from outside, such as its liveness probe, stands in events alone.

    The kernel's kill at the container's own limit is told as such, and needs none.
    """
    if not any(end.killed and end.reason != "OOMKilled" for end in ends):
        return ChangeView()
    try:
        (events or Events()).of(namespace)
    except NotCollected:
        text = f"The events of {namespace}, which say who ended the container."
        return ChangeView(frozenset({Signal.CHANGE_NOT_CHECKED}), (text,))
    return ChangeView()


def told_of(pods: Iterable[Pod], events: Events | None) -> tuple[str, ...]:
    """The texts of the events about these pods, as far as there are any."""
    names = {(pod.namespace, pod.name) for pod in pods}
    shown = events.items if events is not None else ()
    return tuple(event.text for event in shown if event.about[1:] in names)


def limited_by(
    killed: Iterable[tuple[Pod, str]], workload: Workload | None, limits: LimitRanges | None
) -> ChangeView:
    """A limit that a killed container has and its workload does not give comes from elsewhere.

    ``killed`` are pods with the container that was killed for memory. A LimitRange gives such
    limits; where none is shown to be there or not, the question stays open.
    """
    made = workload.spec.template.spec.containers if workload is not None else ()
    template = {c.name: c.resources.limits.get("memory") for c in made}
    for pod, name in killed:
        own = next((c for c in pod.spec.containers if c.name == name), None)
        limit = own.resources.limits.get("memory") if own is not None else None
        if limit is None or template.get(name) == limit:
            continue
        try:
            (limits or LimitRanges()).of(pod.namespace or "")
        except NotCollected:
            space = pod.namespace
            text = (
                f"The limit ranges of {space} (kubectl get limitranges -n {space}): a memory limit "
                "that they give would make it the customer's."
            )
            return ChangeView(frozenset({Signal.CHANGE_NOT_CHECKED}), (text,))
    return ChangeView()


def carried_by(component: Component, pods: Iterable[Pod]) -> ChangeView:
    """The load of a component that was killed at its memory limit and passes on others' data.

    How much memory an agent for logs or metrics takes follows from what workloads write and expose.
    """
    if not sends_outside(component) or not killed_for_memory(pods):
        return ChangeView()
    text = (
        f"How much {component.id} is given to carry when it is killed (kubectl top pod "
        "--containers; the volume of logs and metrics by namespace): far more than usual from the "
        "customer's workloads would make it the customer's."
    )
    return ChangeView(frozenset({Signal.CHANGE_NOT_CHECKED}), (text,))


def _of_events(workload: Workload, unready: Unready, events: Events | None) -> Iterator[str]:
    waiting = any(_waits_silently(pod) or _runs(pod) for pod in unready.pods)
    if not unready.absent and not waiting:
        return
    namespace = workload.namespace or ""
    try:
        shown = (events or Events()).of(namespace)
    except NotCollected:
        yield (
            f"The events of {namespace}, which say why pods are not made, do not start or are not "
            "ready."
        )
        return
    refused = [
        event.text
        for event in shown
        if unready.absent
        and event.reason == "FailedCreate"
        and event.about[2].startswith(workload.name)
        and _REFUSED.search(event.text)
    ]
    if refused:
        text = " ".join(refused[-1].split())[:_MESSAGE]
        yield f"What refuses new pods of {workload.name}, and whose it is: {text}"


def _waits_silently(pod: Pod) -> bool:
    reasons = {s.state.waiting.reason for s in pod.statuses if s.state.waiting is not None}
    return bool(reasons) and reasons <= _SILENT


def _of_policies(
    workload: Workload, unready: Unready, identity: Identity, policies: NetworkPolicies | None
) -> Iterator[str]:
    """Policies cut a pod off from what it needs; those on the node's own network are exempt."""
    running = any(_runs(pod) for pod in unready.pods)
    enforced = identity.network.policy is not PolicyEngine.NONE
    if not running or not enforced or workload.spec.template.spec.host_network:
        return
    namespace = workload.namespace or ""
    try:
        (policies or NetworkPolicies()).of(namespace)
    except NotCollected:
        yield f"The network policies of {namespace}, which may cut off what the pods need."


def _runs(pod: Pod) -> bool:
    states = [status.state for status in pod.statuses]
    return bool(states) and all(state.running is not None for state in states)
