"""Address ranges of the cluster overlap.

What it means:
  The range for pods or for Services shares addresses with a subnet, or with the other of the two.
Why it matters:
  Packets to such addresses go astray: pods cannot reach machines of the virtual network that have
  addresses of the range, or Services answer in their place.
How we know:
  The ranges in the network profile of the cluster against each other and against the subnets
  of the exported virtual networks. Pod ranges that are subnets of the network on purpose
  (Azure CNI with pod subnets or in node-subnet mode, which have no pod range of their own) do not
  count.
What to do:
  customer: Make a cluster with ranges that nothing else uses (--pod-cidr, --service-cidr): they
    cannot be changed afterwards, save for the pod range of Azure CNI overlay, which can grow.
References:
  - Plan addresses: https://learn.microsoft.com/azure/aks/concepts-network-ip-address-planning
  - Bring your own CNI: https://learn.microsoft.com/azure/aks/use-byo-cni
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.model.gap import Gap
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._addresses import Network, networks, overlap, subnets
from analyzer.rules.azure._cluster import cluster_of, part
from analyzer.rules.azure._sets import rows_of, tell

RULE = Rule(
    id="AKS-ADR-001",
    title="Address ranges of the cluster overlap",
    component="address-ranges",
    clauses=("BYO-02", "SUP-06"),
    signals=frozenset({Signal.OWN_AZURE_NETWORK}),
)


def check(azure: AzureExports | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    profile = part(cluster_of(exports), "networkProfile")
    pods = _ranges(profile, "podCidrs", "podCidr")
    services = _ranges(profile, "serviceCidrs", "serviceCidr")
    yield from _compare("pods", pods, "Services", services, exports)
    for subnet in subnets(rows_of(exports, "vnets", missing)):
        name = f"subnet {subnet.name} of {subnet.network}"
        yield from _compare("pods", pods, name, subnet.ranges, exports)
        yield from _compare("Services", services, name, subnet.ranges, exports)
    tell(missing)


def _ranges(profile: Mapping[str, Any], many: str, one: str) -> tuple[Network, ...]:
    return networks(profile.get(many) or [profile.get(one)])


def _compare(
    one: str,
    mine: tuple[Network, ...],
    other: str,
    theirs: tuple[Network, ...],
    azure: AzureExports,
) -> Iterator[Hit]:
    both = overlap(mine, theirs)
    if both is None:
        return
    where = azure.where("managed-cluster", "networkProfile", str(both[0]), what=f"range of {one}")
    yield Hit(
        subject=CLUSTER,
        title=f"The range of {one} overlaps with {other}",
        saw=f"The range of {one}, {both[0]}, shares addresses with {both[1]} of {other}.",
        expected="The ranges of pods, of Services and of the virtual networks are apart.",
        evidence=(where,),
        group=f"{one}|{other}",
    )
