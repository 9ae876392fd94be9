"""Nodes in trouble: since when, what shows it, and which pods a kill or an eviction names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from analyzer.facts.listings import Events, Nodes, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.objects import Node
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.rules.node._consumers import evicted_uses, oom_victim, pod_of_task, weighs
from analyzer.rules.node._nodes import earliest, holds, is_fresh, late, settled

PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")
#: One stall of the kubelet may be a pause of the machine.
MIN_STALLS = 2


@dataclass(frozen=True)
class Ill:
    """A node in trouble: since when, what shows it, and the DaemonSets' pods named for it."""

    node: Node
    since: datetime | None
    evidence: EvidenceRef
    named: dict[str, EvidenceRef]


def troubled(
    nodes: Nodes, pods: Pods, events: Events | None, logs: Logs | None, now: datetime | None
) -> Iterator[Ill]:
    """The nodes that are not ready, under pressure, or whose kubelet stalls again and again."""
    named = _blame(nodes, pods, events)
    stalls = _stalls(logs, now)
    for node in nodes.items:
        if not settled(node, now):
            continue
        signs: list[tuple[datetime | None, EvidenceRef]] = list(stalls.get(node.name, []))
        ready = node.condition("Ready")
        if ready is not None and ready.status != "True":
            where = node.where("type: Ready", f"reason: {ready.reason}")
            signs.append((ready.last_transition_time, where))
        for name in PRESSURES:
            if condition := holds(node, name):
                where = node.where(f"type: {name}", f"reason: {condition.reason}")
                signs.append((condition.last_transition_time, where))
        if signs:
            yield Ill(node, earliest(t for t, _ in signs), signs[0][1], named.get(node.name, {}))


def _blame(nodes: Nodes, pods: Pods, events: Events | None) -> dict[str, dict[str, EvidenceRef]]:
    """Node → uid of the pod that a kill or an eviction of the whole node names → where."""
    found: dict[str, dict[str, EvidenceRef]] = {}
    known = {node.name: node for node in nodes.items}
    for use in evicted_uses(pods, events):
        if use.owner is not None and use.node in known and weighs(use, known[use.node]):
            found.setdefault(use.node, {})[use.owner.metadata.uid] = use.evidence
    for event in events.items if events is not None else ():
        task, node = oom_victim(event), event.about[2]
        pod = pod_of_task(task, node, pods) if task else None
        if pod is not None:
            where = event.where("message", what=f"SystemOOM on {node}")
            found.setdefault(node, {})[pod.metadata.uid] = where
    return found


def _stalls(
    logs: Logs | None, now: datetime | None
) -> dict[str, list[tuple[datetime | None, EvidenceRef]]]:
    """Nodes whose kubelet could not list its containers again and again."""
    try:
        found = logs.of("kubelet-pleg-unhealthy") if logs is not None else ()
    except NotCollected:
        return {}
    stalls: dict[str, list[tuple[datetime | None, EvidenceRef]]] = {}
    for match in found:
        if match.node and late(match) >= MIN_STALLS and is_fresh(match, now):
            stalls.setdefault(match.node, []).append((match.first_seen, match.samples[0]))
    return stalls
