"""A node is not ready.

What it means:
  The kubelet reports NotReady, or the control plane has not heard from it (Unknown). Pods on the
  node get no traffic, and after some minutes they are moved or stay in limbo.
Why it matters:
  Capacity is gone, and DaemonSets of the platform do not work there. A cluster without any ready
  node for 30 days is stopped.
How we know:
  The Ready condition of the node object. A node that has just joined, or that is being deleted or
  drained by the autoscaler, is left out. The cause is looked for in the kubelet, the runtime, the
  kernel and the network of that node; if one is found, this is a symptom of it.
What to do:
  customer: See the reason in the node's Ready condition, then restart or reimage the node (az aks
    nodepool upgrade --node-image-only replaces all of a pool), and open a support request if it returns.
  microsoft: Look at the node's auto-repair history and at the host of its virtual machine.
References:
  - AKS node auto-repair: https://learn.microsoft.com/azure/aks/node-auto-repair
  - Node status: https://kubernetes.io/docs/reference/node/node-status/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Condition, Node
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-NODE-001",
    title="A node is not ready",
    component="node",
    clauses=("NODE-03", "STOP-03"),
    signals=frozenset({Signal.NODE_HOST, Signal.UNHEALTHY}),
)

#: A node that joined so recently may still be starting its network.
START_UP = timedelta(minutes=10)
#: Taints under which a node goes away on purpose (cluster autoscaler, shutdown, scale-down).
LEAVING = {
    "ToBeDeletedByClusterAutoscaler",
    "DeletionCandidateOfClusterAutoscaler",
    "node.cloudprovider.kubernetes.io/shutdown",
    "karpenter.sh/disrupted",
}


def check(nodes: Nodes, identity: Identity) -> Iterator[Hit]:
    whole_pool_down = not any(node.ready for node in nodes.items)
    for node in nodes.items:
        condition = node.condition("Ready")
        if condition is None or condition.status == "True" or _is_normal(node, identity.collected_at):
            continue
        yield Hit(
            subject=node.subject,
            title=f"Node {node.name} is not ready",
            saw=_sentence(condition),
            evidence=(node.where("type: Ready", f"reason: {condition.reason}"),),
            variant="all-nodes" if whole_pool_down else "default",
            first_seen=condition.last_transition_time,
            last_seen=identity.collected_at,
        )


def _is_normal(node: Node, now: datetime | None) -> bool:
    created = node.metadata.creation_timestamp
    young = created is not None and now is not None and now - created < START_UP
    leaving = node.metadata.deletion_timestamp is not None or any(
        taint.key in LEAVING for taint in node.spec.taints
    )
    return young or leaving


def _sentence(condition: Condition) -> str:
    since = condition.last_transition_time
    when = f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""
    silent = condition.status == "Unknown"
    said = "The control plane does not hear from its kubelet" if silent else "Its kubelet reports not ready"
    return f"{said}{when}: {condition.reason}: {condition.message}"
