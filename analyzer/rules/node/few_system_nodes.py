"""The cluster has a single system node.

What it means:
  All system pools together have one node, so the platform's own pods (CoreDNS, metrics-server,
  the tunnel) share it, and often the customer's pods too.
Why it matters:
  When that node is upgraded, repaired or full, name resolution and the tunnel are gone for all.
How we know:
  The label kubernetes.azure.com/mode of the nodes. This is advice, not a fault.
What to do:
  customer: Give the system pool two nodes or more (az aks nodepool scale), and keep own pods off
    it with the taint CriticalAddonsOnly=true:NoSchedule.
References:
  - System node pools: https://learn.microsoft.com/azure/aks/use-system-pools
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.baseline import Baseline
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes, Pods
from analyzer.facts.objects import Node
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.node._consumers import is_customers
from analyzer.rules.node._nodes import require_conditions, virtual

RULE = Rule(
    id="AKS-NODE-010",
    title="The cluster has a single system node",
    component="node",
    clauses=("PSY-01", "SUP-05"),
    signals=frozenset({Signal.CAPACITY_EXHAUSTED}),
)

MODE = "kubernetes.azure.com/mode"
#: Nodes that AKS runs for itself: the customer does not size them.
HOSTED = ("kubernetes.azure.com/hobovm", "kubernetes.azure.com/hostedvm")


def check(nodes: Nodes, identity: Identity, baseline: Baseline, pods: Pods | None) -> Iterator[Hit]:
    require_conditions(nodes)
    real = [node for node in nodes.items if not virtual(node)]
    if any(key in node.metadata.labels for node in real for key in HOSTED):
        raise NotApplicable("AKS runs the system nodes of this cluster itself")
    system = [node for node in real if node.metadata.labels.get(MODE) == "system"]
    if not system:
        raise NotApplicable("no node carries the label of a system pool")
    if len(system) == 1:
        yield _hit(system[0], _own_pods(system[0], pods, baseline, identity), len(real))


def _own_pods(node: Node, pods: Pods | None, baseline: Baseline, identity: Identity) -> int:
    return sum(
        is_customers(pod, pod.namespace or "", baseline, identity)
        for pod in (pods.items if pods is not None else ())
        if pod.spec.node_name == node.name and pod.status.phase in ("Running", "Pending")
    )


def _hit(node: Node, own: int, total: int) -> Hit:
    shared = f" {own} pods of the customer share it." if own else ""
    return Hit(
        subject=Subject(kind="NodePool", name=node.pool or "system"),
        saw=f"{node.name} is the only system node of {total} nodes.{shared}",
        expected="Two system nodes at least; three are advised.",
        evidence=(node.where("labels", f"{MODE}: system"),),
        variant="shared" if own and total > 1 else "default",
        affects=(node.subject,),
    )
