"""The nodes of a system pool are too small for what AKS runs on them.

What it means:
  A system pool consists of machines with less than AKS asks for: fewer than 4 CPUs, less than 4 GB,
  room for fewer than 30 pods, burstable machines, or Spot machines.
Why it matters:
  CoreDNS, the tunnel and metrics compete for too little; they are evicted or slow, and with them
  the whole cluster.
How we know:
  Capacity, size and labels of the nodes whose label says that they belong to a system pool. Pools
  that AKS runs itself do not count.
What to do:
  customer: Add a system pool of a larger size (az aks nodepool add --mode System), and move the old
    one to user mode (az aks nodepool update --mode User).
References:
  - System node pools: https://learn.microsoft.com/azure/aks/use-system-pools
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.facts.kube import quantity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.node._nodes import virtual
from analyzer.rules.node.few_system_nodes import HOSTED, MODE

RULE = Rule(
    id="AKS-NODE-023",
    title="The nodes of a system pool are too small for what AKS runs on them",
    component="node",
    clauses=("PSY-01", "SHR-05"),
    signals=frozenset({Signal.CLUSTER_SETTING}),
)

SPOT = "kubernetes.azure.com/scalesetpriority"
SIZE = "node.kubernetes.io/instance-type"
#: Of learn.microsoft.com/azure/aks/use-system-pools. A machine of 4 GiB shows a little less, since
#: the kernel keeps some for itself.
CPUS, MEMORY, PODS = 4, 3.5 * 1024**3, 30
_BURSTABLE = re.compile(r"^Standard_B\d", re.IGNORECASE)


def check(nodes: Nodes) -> Iterator[Hit]:
    system = [
        node
        for node in nodes.require().items
        if node.metadata.labels.get(MODE) == "system" and not virtual(node)
    ]
    if any(key in node.metadata.labels for node in system for key in HOSTED):
        raise NotApplicable("AKS runs the system nodes of this cluster itself")
    for node in system:
        lacks = list(_lacks(node))
        if lacks:
            yield Hit(
                subject=Subject(kind="NodePool", name=node.pool or "system"),
                title=f"The nodes of system pool {node.pool} are too small",
                saw=f"{node.name} of system pool {node.pool} has {'; '.join(lacks)}.",
                expected="4 CPUs, 4 GB and room for 30 pods at least, not burstable, not Spot.",
                evidence=(node.where("capacity", "cpu"),),
                group=node.pool,
                affects=(node.subject,),
            )


def _lacks(node: Node) -> Iterator[str]:
    capacity = node.status.capacity
    size = node.metadata.labels.get(SIZE, "")
    cpus, memory = quantity(capacity.get("cpu")), quantity(capacity.get("memory"))
    pods = quantity(capacity.get("pods"))
    if cpus is not None and cpus < CPUS:
        yield f"{cpus:.0f} CPUs"
    if memory is not None and memory < MEMORY:
        yield f"{memory / 1024**3:.1f} GiB of memory"
    if pods is not None and pods < PODS:
        yield f"room for {pods:.0f} pods"
    if _BURSTABLE.match(size):
        yield f"a burstable size ({size})"
    if node.metadata.labels.get(SPOT) == "spot":
        yield "Spot machines"
