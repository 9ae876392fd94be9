"""A node is not ready.

What it means:
  The kubelet reports NotReady, or the control plane has not heard from it (Unknown). Pods on the
  node get no traffic, and after some minutes they are moved or stay in limbo.
Why it matters:
  Capacity is gone, and DaemonSets of the platform do not work there.
How we know:
  The Ready condition of the node object. A node that has just joined, or that is being deleted or
  drained by the autoscaler, is left out. The cause is looked for in the kubelet, the runtime, the
  kernel and the network of that node; if one is found, this is a symptom of it. Where the node is
  silent and its own files were not collected, no owner is guessed.
What to do:
  customer: See the reason in the node's Ready condition, then restart or reimage the node (az aks
    nodepool upgrade --node-image-only replaces all of a pool), and open a support request if it
    returns.
  microsoft: Look at the node's auto-repair history and at the host of its virtual machine.
References:
  - AKS node auto-repair: https://learn.microsoft.com/azure/aks/node-auto-repair
  - Node status: https://kubernetes.io/docs/reference/node/node-status/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Condition, Event, Node
from analyzer.model.evidence import EvidenceRef
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.node._nodes import require_conditions, settled, stamp
from analyzer.rules.node._reach import ITS_OWN_FILES, platform_event, silent_signals

RULE = Rule(
    id="AKS-NODE-001",
    title="A node is not ready",
    component="node",
    clauses=("NODE-03", "NODE-04"),
    signals=frozenset({Signal.NODE_HOST, Signal.UNHEALTHY}),
)


def check(
    nodes: Nodes, identity: Identity, archives: NodeArchives | None, events: Events | None
) -> Iterator[Hit]:
    judged = [node for node in nodes.items if settled(node, identity.collected_at)]
    if judged and not any(node.ready is not False for node in nodes.items):
        raise NotApplicable("no node at all is ready: AKS-NODE-009 tells that as one finding")
    for node in judged:
        condition = node.condition("Ready")
        if condition is not None and condition.status != "True":
            silent = condition.status == "Unknown"
            signals = silent_signals(node, nodes, archives) if silent else frozenset()
            yield _hit(node, condition, signals, platform_event(node, events), identity)
    require_conditions(nodes)


def _hit(
    node: Node,
    condition: Condition,
    open_questions: frozenset[Signal],
    repair: Event | None,
    identity: Identity,
) -> Hit:
    told = f" {repair.reason}: {repair.text}" if repair is not None else ""
    signals = frozenset({Signal.PLATFORM_EVENT}) if repair is not None else open_questions
    return Hit(
        subject=node.subject,
        title=f"Node {node.name} is not ready",
        saw=f"{_sentence(condition)}.{told}",
        expected="The Ready condition is True.",
        evidence=(
            _where(node, condition),
            *((repair.where("message"),) if repair is not None else ()),
        ),
        signals=signals,
        first_seen=condition.last_transition_time,
        last_seen=identity.collected_at,
        would_change=(ITS_OWN_FILES,) if signals and repair is None else (),
        do_next=_LOOK if signals and repair is None else None,
    )


_LOOK = (
    "See the state of the machine (az vmss list-instances --expand instanceView), collect this "
    "node again once it answers, or replace it (az aks nodepool upgrade --node-image-only)."
)


def _where(node: Node, condition: Condition) -> EvidenceRef:
    return node.where("type: Ready", f"reason: {condition.reason}")


def _sentence(condition: Condition) -> str:
    since = stamp(condition.last_transition_time)
    silent = condition.status == "Unknown"
    said = (
        "The control plane does not hear from its kubelet"
        if silent
        else "Its kubelet reports not ready"
    )
    return f"{said}{since}: {condition.reason}: {condition.message.rstrip('.')}"
