"""A node is not ready.

What it means:
  The kubelet reports NotReady, or the control plane has not heard from it (Unknown). Pods on the
  node get no traffic, and after some minutes they are moved or stay in limbo.
Why it matters:
  Capacity is gone, and DaemonSets of the platform do not work there.
How we know:
  The Ready condition of the node object. A node that has just joined, or that is being deleted or
  drained by the autoscaler, is left out. The cause is looked for in the kubelet, the runtime, the
  kernel and the network of that node; if one is found, this is a symptom of it. Where the node's
  own files were not collected, no owner is guessed. AKS's repair of the node is told and proves
  nothing: it acts because a node is not ready. A silent node of a Spot pool was probably evicted.
What to do:
  customer: See the reason in the node's Ready condition, then restart or reimage the node (az aks
    nodepool upgrade --node-image-only replaces all of a pool), and open a support request if it
    returns.
  microsoft: Look at the node's auto-repair history and at the host of its virtual machine.
References:
  - AKS node auto-repair: https://learn.microsoft.com/azure/aks/node-auto-repair
  - Spot node pools: https://learn.microsoft.com/azure/aks/spot-node-pool
  - Node status: https://kubernetes.io/docs/reference/node/node-status/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Condition, Event, Node
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.node._machine_events import taken_away, told_event
from analyzer.rules.node._nodes import require_conditions, settled, stamp
from analyzer.rules.node._reach import (
    ITS_OWN_FILES,
    looked_at,
    silent_signals,
    unseen_signals,
)
from analyzer.rules.node._spot import Eviction, eviction_of

RULE = Rule(
    id="AKS-NODE-001",
    title="A node is not ready",
    component="node",
    clauses=("NODE-03", "NODE-04", "REP-02"),
    signals=frozenset({Signal.NODE_HOST}),
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A node that is not ready, and what else is known of it."""

    node: Node
    condition: Condition
    #: Signals for what was not collected.
    open_questions: frozenset[Signal]
    #: What AKS or Azure did to the machine, and whether that explains its loss.
    event: Event | None
    taken: bool
    evicted: Eviction | None


def check(
    nodes: Nodes,
    identity: Identity,
    archives: NodeArchives | None,
    events: Events | None,
    azure: AzureExports | None,
) -> Iterator[Hit]:
    judged = [node for node in nodes.items if settled(node, identity.collected_at)]
    if judged and not any(node.ready is not False for node in nodes.items):
        raise NotApplicable("no node at all is ready: AKS-NODE-009 tells that as one finding")
    for node in judged:
        condition = node.condition("Ready")
        if condition is not None and condition.status != "True":
            asked = _questions(node, condition, nodes, archives)
            seen = _look(node, condition, asked, events)
            if condition.status == "Unknown" and not seen.taken and not looked_at(node, archives):
                seen = replace(seen, evicted=eviction_of(node, azure))
            yield _hit(seen, identity)
    require_conditions(nodes)


def _questions(
    node: Node, condition: Condition, nodes: Nodes, archives: NodeArchives | None
) -> frozenset[Signal]:
    if condition.status == "Unknown":
        return silent_signals(node, nodes, archives)
    return unseen_signals(node, archives)


def _look(
    node: Node, condition: Condition, asked: frozenset[Signal], events: Events | None
) -> _Seen:
    onset = condition.last_transition_time
    taken = taken_away(node, events, onset)
    told = taken or told_event(node, events, onset)
    return _Seen(node, condition, asked, told, taken=taken is not None, evicted=None)


def _hit(seen: _Seen, identity: Identity) -> Hit:
    node, condition, event = seen.node, seen.condition, seen.event
    told = [f" {event.reason}{_at(event)}: {event.text.rstrip('.')}."] if event else []
    if seen.evicted is not None:
        told.append(f" It is a Spot machine, and {seen.evicted.said}: {_taken(seen.evicted)}.")
    would_change, do_next = _open(seen)
    return Hit(
        subject=node.subject,
        title=f"Node {node.name} is not ready",
        saw=f"{_sentence(condition)}.{''.join(told)}",
        expected="The Ready condition is True.",
        evidence=(
            node.where("type: Ready", f"reason: {condition.reason}"),
            *((event.where("message"),) if event is not None else ()),
        ),
        variant="spot" if seen.evicted is not None else "default",
        signals=_signals(seen),
        first_seen=condition.last_transition_time,
        last_seen=identity.collected_at,
        would_change=would_change,
        do_next=do_next,
    )


def _signals(seen: _Seen) -> frozenset[Signal]:
    if seen.taken:
        return frozenset({Signal.UNHEALTHY, Signal.PLATFORM_EVENT})
    if seen.evicted is not None:
        # An eviction is no fault of the node, and no question of its network either.
        return frozenset({Signal.SPOT_EVICTION} if seen.evicted.certain else ())
    return seen.open_questions | {Signal.UNHEALTHY}


def _open(seen: _Seen) -> tuple[tuple[str, ...], str | None]:
    """What would settle the owner, and what to do for it."""
    if seen.taken:
        return (), None
    if seen.evicted is not None:
        return (() if seen.evicted.certain else (_INSTANCES,)), _SPOT
    return ((ITS_OWN_FILES,), _LOOK) if seen.open_questions else ((), None)


def _at(event: Event) -> str:
    return f" at {event.last:%Y-%m-%d %H:%M} UTC" if event.last else ""


def _taken(evicted: Eviction) -> str:
    return "Azure took it back" if evicted.certain else "it was probably evicted"


_LOOK = (
    "See the state of the machine (az vmss list-instances --expand instanceView), collect this "
    "node again once it answers, or replace it (az aks nodepool upgrade --node-image-only)."
)


_INSTANCES = (
    "The list of the scale set's instances (az vmss list-instances --expand instanceView -o json): "
    "a machine that is gone or deallocated was evicted, which is what a Spot pool means; one that "
    "runs makes this a fault of the node."
)
_SPOT = (
    "Nothing, if the pool may lose nodes: the autoscaler or a scale-up brings others. Move what "
    "must not be interrupted to a pool that is no Spot pool."
)


def _sentence(condition: Condition) -> str:
    since = stamp(condition.last_transition_time)
    silent = condition.status == "Unknown"
    said = (
        "The control plane does not hear from its kubelet"
        if silent
        else "Its kubelet reports not ready"
    )
    return f"{said}{since}: {condition.reason}: {condition.message.rstrip('.')}"
