"""The GPUs of a node are not well.

What it means:
  The monitoring of a GPU node reports that GPUs are missing, that the driver logs errors (XID), or
  that links between GPUs are down.
Why it matters:
  Pods that ask for GPUs find none, fail or are slow.
How we know:
  The conditions that node-problem-detector sets on nodes with GPUs. A condition that has stood for
  less than ten minutes does not count.
What to do:
  customer: See which error it is (kubectl describe node; dmesg for the XID number); an XID of the
    application's own making (13, 31, 43, 45) is the application's. Drain the node and restart or
    redeploy the machine.
  microsoft: Look at the hardware of the host for missing GPUs and inactive links.
References:
  - GPU health monitoring: https://learn.microsoft.com/azure/aks/gpu-health-monitoring
  - Node problem detector in AKS: https://learn.microsoft.com/azure/aks/node-problem-detector
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Condition, Node
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.node._nodes import holds, require_conditions, settled
from analyzer.rules.node._reach import unseen_signals

RULE = Rule(
    id="AKS-NODE-021",
    title="The GPUs of a node are not well",
    component="node-gpu",
    clauses=("NODE-03", "NODE-01"),
    signals=frozenset({Signal.NODE_HOST, Signal.UNHEALTHY}),
)

#: Source: learn.microsoft.com/azure/aks/node-problem-detector, "GPU only".
CONDITIONS = {
    "GPUMissing": "fewer GPUs are seen than the machine has",
    "NVLinkStatusInactive": "links between GPUs are down",
    "XIDErrors": "the driver logs errors of the GPUs",
    "IBLinkFlapping": "the InfiniBand device loses its connection again and again",
    "UnhealthyNvidiaDevicePlugin": "the device plugin does not run",
}
_LASTING = timedelta(minutes=10)
_WOULD = (
    "The numbers of the XID errors (dmesg of the node): those that an application causes would "
    "make it the customer's."
)


def check(nodes: Nodes, identity: Identity, archives: NodeArchives | None) -> Iterator[Hit]:
    now = identity.collected_at
    watched = [n for n in nodes.items if any(n.condition(c) is not None for c in CONDITIONS)]
    if nodes.readable and nodes.items and not watched:
        raise NotApplicable("no node reports on GPUs")
    for node in watched:
        for type_, said in CONDITIONS.items():
            condition = holds(node, type_)
            if condition is not None and settled(node, now) and _lasts(condition, now):
                yield _hit(node, condition, said, archives)
    require_conditions(nodes)


def _lasts(condition: Condition, now: datetime | None) -> bool:
    since = condition.last_transition_time
    return since is None or now is None or now - since >= _LASTING


def _hit(node: Node, condition: Condition, said: str, archives: NodeArchives | None) -> Hit:
    xid = condition.type == "XIDErrors"
    open_ = {Signal.CHANGE_NOT_CHECKED} if xid else set(unseen_signals(node, archives))
    return Hit(
        subject=node.subject,
        title=f"GPUs of node {node.name}: {said}",
        saw=f"{condition.type} on {node.name}: {condition.message or said}.",
        expected="All GPUs of the machine work.",
        evidence=(node.where(f"type: {condition.type}", 'status: "True"'),),
        group=f"{node.name}|{condition.type}",
        signals=frozenset(open_),
        first_seen=condition.last_transition_time,
        would_change=(_WOULD,) if xid else (),
    )
