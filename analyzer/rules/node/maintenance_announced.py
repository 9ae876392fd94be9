"""Azure announced maintenance of a node's machine.

What it means:
  Azure said that it will restart, move or freeze the virtual machine of a node, for maintenance of
  the host or because the host fails.
Why it matters:
  A freeze lasts seconds, a restart or a move minutes in which the node is away. AKS drains the node
  before it is redeployed. It is the platform at work, and explains what happened on the node then.
How we know:
  The condition VMEventScheduled and the events of node-problem-detector, which asks the machine's
  metadata service for scheduled events. Evictions of Spot machines are told by their own rule, and
  what a user asked for does not count.
What to do:
  customer: Nothing; run more than one replica, with a disruption budget that lets one go.
  microsoft: See the host's maintenance if such events pile up on the same node.
References:
  - Node auto-drain: https://learn.microsoft.com/azure/aks/node-auto-drain
  - Scheduled events: https://learn.microsoft.com/azure/virtual-machines/linux/scheduled-events
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Nodes
from analyzer.facts.objects import Condition, Event, Node
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-REP-002",
    title="Azure announced maintenance of a node's machine",
    component="node",
    clauses=("REP-02", "NODE-04"),
    signals=frozenset({Signal.PLATFORM_EVENT}),
)

_KINDS = ("Freeze", "Reboot", "Redeploy")
_ANNOUNCED = re.compile(r"\b(?P<kind>Freeze|Reboot|Redeploy) ?Scheduled\b")
_NO_ANSWER = "IMDS query failed"
_BY_USER = re.compile(r"event ?source\W+user\b", re.IGNORECASE)


def check(nodes: Nodes, events: Events | None, identity: Identity) -> Iterator[Hit]:
    listed = events.items if events is not None else ()
    for node in nodes.require().items:
        condition = node.condition("VMEventScheduled")
        stands = condition if condition is not None and condition.status == "True" else None
        own = [event for event in listed if _announces(event, node)]
        kind = _kind(stands, own)
        if kind:
            yield _hit(node, kind, stands, own)


def _announces(event: Event, node: Node) -> bool:
    return (
        event.about[0] == "Node"
        and event.about[2] == node.name
        and event.reason.removesuffix("Scheduled") in _KINDS
        and _NO_ANSWER not in event.text
        and not _BY_USER.search(event.text)
    )


def _kind(condition: Condition | None, own: list[Event]) -> str:
    """What was announced: by the condition's message, else by the newest event."""
    match = _ANNOUNCED.search(condition.message) if condition is not None else None
    if match:
        return match["kind"]
    reasons = sorted({event.reason.removesuffix("Scheduled") for event in own})
    return reasons[-1] if reasons else ""


def _hit(node: Node, kind: str, condition: Condition | None, own: list[Event]) -> Hit:
    said = condition.message if condition is not None else own[-1].text
    where = (
        (node.where("type: VMEventScheduled", f"message: {condition.message}"),)
        if condition is not None
        else ()
    )
    return Hit(
        subject=node.subject,
        title=f"Azure announced a {kind.lower()} of node {node.name}",
        saw=f"{said.rstrip('.')}.",
        expected="No maintenance is announced.",
        evidence=(*where, *(event.where("message") for event in own[:2])),
        variant="away" if kind != "Freeze" else "default",
        group=kind,
        first_seen=min((event.first for event in own if event.first), default=None)
        or (condition.last_transition_time if condition is not None else None),
        last_seen=max((event.last for event in own if event.last), default=None),
    )
