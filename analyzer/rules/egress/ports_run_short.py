"""There are too few source ports for the nodes' connections to the outside.

What it means:
  All nodes share the ports of the load balancer's outbound addresses. Ports that are fixed for
  each node, times the nodes, are more than the addresses have; or the share of each node is small.
Why it matters:
  With fixed ports no further node can be added. With few ports connections to the outside fail at
  random, as time-outs, once a node has used up its share.
How we know:
  Outbound addresses and allocated ports in the exported load balancer and the network profile,
  against the nodes. How many connections are open is not part of a bundle: the metric SNAT
  connection count of the load balancer shows it.
What to do:
  customer: Add outbound addresses (az aks update --load-balancer-managed-outbound-ip-count), lower
    the ports for each node, or use a NAT gateway (--outbound-type managedNATGateway).
References:
  - Standard load balancer in AKS: https://learn.microsoft.com/azure/aks/load-balancer-standard
  - Source ports: https://learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.listings import Nodes
from analyzer.model.gap import Gap
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.egress._azure_side import (
    LOAD_BALANCER,
    PORTS_PER_ADDRESS,
    outbound_type,
    profile_of,
    rows,
    tell,
)

RULE = Rule(
    id="AKS-OUT-003",
    title="There are too few source ports for the nodes' connections to the outside",
    component="egress",
    clauses=("SUP-09", "SHR-05"),
    signals=frozenset({Signal.CAPACITY_EXHAUSTED}),
)

#: What Azure gives each node by itself in a pool of 201 to 400 machines; half of it is little.
LITTLE = 128


def check(azure: AzureExports | None, nodes: Nodes | None) -> Iterator[Hit]:
    profile = profile_of(azure)
    if outbound_type(profile) != "loadbalancer":
        raise NotApplicable("the nodes do not go out through the cluster's load balancer")
    missing: list[Gap] = []
    count = len((nodes or Nodes()).require().items)
    for row in rows(azure, "load-balancers", missing):
        if str(row.get("name") or "").lower() == LOAD_BALANCER and count:
            yield from _judge(row, profile, count, azure or AzureExports())
    tell(missing)


def _judge(
    row: Mapping[str, Any], profile: Mapping[str, Any], count: int, azure: AzureExports
) -> Iterator[Hit]:
    balancer = profile.get("loadBalancerProfile")
    if isinstance(balancer, dict) and balancer.get("outboundIPPrefixes"):
        return  # how many addresses a prefix holds is not part of the export
    addresses = _addresses(row, profile)
    for rule in row.get("outboundRules") or ():
        ports = rule.get("allocatedOutboundPorts") if isinstance(rule, dict) else None
        if not isinstance(ports, int) or not addresses:
            continue
        has = addresses * PORTS_PER_ADDRESS
        if ports and ports * (count + 1) > has:
            text = (
                f"{count} nodes with {ports} ports each need {ports * count} of the {has} ports of "
                f"{addresses} addresses: there is no room for one more node."
            )
            yield _hit(rule, text, "full", azure)
        elif 0 < ports < LITTLE:
            yield _hit(rule, f"Each node has {ports} source ports.", "default", azure)


def _addresses(row: Mapping[str, Any], profile: Mapping[str, Any]) -> int:
    """Outbound addresses: those that the profile lists, else those of the rule."""
    balancer = profile.get("loadBalancerProfile")
    listed = balancer.get("effectiveOutboundIPs") if isinstance(balancer, dict) else None
    if isinstance(listed, list) and listed:
        return len(listed)
    rules = [r for r in row.get("outboundRules") or () if isinstance(r, dict)]
    return max((len(r.get("frontendIPConfigurations") or ()) for r in rules), default=0)


def _hit(rule: Mapping[str, Any], text: str, variant: str, azure: AzureExports) -> Hit:
    return Hit(
        subject=CLUSTER,
        saw=text,
        expected="Enough outbound addresses for the largest number of nodes.",
        evidence=(
            azure.where("load-balancers", f"name: {rule.get('name')}", "allocatedOutboundPorts"),
        ),
        variant=variant,
    )
