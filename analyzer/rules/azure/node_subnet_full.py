"""The subnet of a node pool has no addresses for more nodes.

What it means:
  The subnet in which the pool's machines get their addresses is full, or too small for one more
  node with the addresses that it takes.
Why it matters:
  The pool cannot grow, and an upgrade that adds a surge node fails. Where pods take their addresses
  from the same subnet, each node takes one for every pod that it may run.
How we know:
  Azure's refusals SubnetIsFull and InsufficientSubnetSize in the activity log, in the last error
  of a pool or in events; or the addresses in use that the export of the virtual networks lists,
  against the size of the subnet and what one more node of the pool takes.
What to do:
  customer: Add a pool in a larger subnet (az aks nodepool add --vnet-subnet-id) and move the
    workloads, remove nodes, or lower max pods for new pools; Azure CNI overlay takes one address
    for each node only.
References:
  - Subnet is full: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/error-codes/subnetisfull-upgrade
  - Plan addresses: https://learn.microsoft.com/azure/aks/concepts-network-ip-address-planning
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity, NetworkMode
from analyzer.facts.listings import Events
from analyzer.model.gap import Gap
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._addresses import Subnet, size, subnet_of, subnets
from analyzer.rules.azure._codes import Kind
from analyzer.rules.azure._refusals import refusals, span, subjects, told
from analyzer.rules.azure._sets import rows_of, tell

RULE = Rule(
    id="AKS-CAP-003",
    title="The subnet of a node pool has no addresses for more nodes",
    component="node-network",
    clauses=("SUP-05", "SHR-05"),
    signals=frozenset({Signal.CAPACITY_EXHAUSTED, Signal.OWN_AZURE_NETWORK}),
)


def check(azure: AzureExports | None, events: Events | None, identity: Identity) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    found = refusals(Kind.SUBNET, exports, events, identity, missing)
    for about in subjects(found):
        own = tuple(r for r in found if r.subject == about)
        yield Hit(
            subject=about,
            saw=f"{told(own)}.",
            expected="The subnet has addresses for the pool's largest size and a surge node.",
            evidence=tuple(r.where for r in own[:3]),
            **span(own),
        )
    if not found:
        yield from _counted(exports, identity, missing)
    tell(missing)


def _counted(azure: AzureExports, identity: Identity, missing: list[Gap]) -> Iterator[Hit]:
    known = {
        (s.network.lower(), s.name.lower()): s for s in subnets(rows_of(azure, "vnets", missing))
    }
    for pool in rows_of(azure, "agent-pools", missing):
        subnet = known.get(subnet_of(str(pool.get("vnetSubnetId") or "")))
        # Without a list of the addresses in use nothing can be counted.
        if subnet is None or subnet.used is None or not subnet.ranges:
            continue
        needs = _needs(pool, identity)
        free = size(subnet) - subnet.used
        if free < needs:
            yield _hit(pool, subnet, free, needs, azure)


def _needs(pool: Mapping[str, Any], identity: Identity) -> int:
    """Addresses that one more node takes: its own, and those of its pods in node-subnet mode."""
    pods = pool.get("maxPods") if identity.network.mode is NetworkMode.NODE_SUBNET else 0
    return 1 + (pods if isinstance(pods, int) else 0)


def _hit(
    pool: Mapping[str, Any], subnet: Subnet, free: int, needs: int, azure: AzureExports
) -> Hit:
    name = str(pool.get("name") or "")
    return Hit(
        subject=Subject(kind="NodePool", name=name),
        title=f"The subnet of node pool {name} has no room for one more node",
        saw=f"Subnet {subnet.name} has {max(free, 0)} of {size(subnet)} addresses left; one more "
        f"node of pool {name} takes {needs}.",
        expected="The subnet has addresses for the pool's largest size and a surge node.",
        evidence=(
            azure.where("vnets", f"name: {subnet.name}", what=f"subnet {subnet.name}"),
            azure.where("agent-pools", f"name: {name}", "maxPods"),
        ),
        variant="counted",
        group=f"{subnet.network}/{subnet.name}",
        produces=frozenset(),
    )
