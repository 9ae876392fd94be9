"""A network security group of the customer cuts off what nodes need.

What it means:
  A group on a subnet of the nodes has a rule that denies the nodes their way out, the control
  plane's way to the kubelets, or the nodes' way to each other.
Why it matters:
  Images are not pulled, logs and metrics are missing, pods on different nodes do not reach each
  other. Own rules on own subnets are allowed; what AKS needs has to stay open.
How we know:
  The rules of exported groups that are not AKS's own and that a subnet of the nodes names. Only
  rules count that deny widely: everything on port 443 to the outside, port 10250 or all ports from
  the virtual network. A group in a resource group that was not exported is not seen.
What to do:
  customer: Allow what the rule denies, with a smaller priority number (az network nsg rule create),
    or narrow the rule; use network policies to restrict pods.
References:
  - Outbound rules: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
  - Network security groups: https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.listings import Nodes
from analyzer.model.gap import Gap
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._rules_of_nsg import blocks, describe, managed
from analyzer.rules.azure._sets import rows_of, tell

RULE = Rule(
    id="AKS-NSG-001",
    title="A network security group of the customer cuts off what nodes need",
    component="node-network",
    clauses=("NET-03", "NET-02", "NET-06"),
    signals=frozenset({Signal.OWN_AZURE_NETWORK, Signal.UNHEALTHY}),
)


def check(azure: AzureExports | None, nodes: Nodes | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    wanted = {
        str(pool.get(key) or "").lower()
        for pool in rows_of(exports, "agent-pools", missing)
        for key in ("vnetSubnetId", "podSubnetId")
    } - {""}
    for row in rows_of(exports, "nsg", missing):
        if not managed(row) and _on_nodes(row, wanted):
            yield from _hits(row, nodes, exports)
    tell(missing)


def _on_nodes(row: Mapping[str, Any], wanted: set[str]) -> bool:
    listed = [s for s in row.get("subnets") or () if isinstance(s, dict)]
    return any(str(subnet.get("id") or "").lower() in wanted for subnet in listed)


def _hits(row: Mapping[str, Any], nodes: Nodes | None, azure: AzureExports) -> Iterator[Hit]:
    rules = [rule for rule in row.get("securityRules") or () if isinstance(rule, dict)]
    # An allow with a smaller number may take the edge off a deny: only the first of a side counts.
    ordered = sorted(rules, key=lambda rule: int(rule.get("priority") or 0))
    for position, rule in enumerate(ordered):
        effects = blocks(rule)
        side = str(rule.get("direction") or "").lower()
        before = [r for r in ordered[:position] if str(r.get("direction") or "").lower() == side]
        if effects and not before:
            name = str(row.get("name") or "")
            yield Hit(
                subject=Subject(kind="NetworkSecurityGroup", name=name),
                title=f"Network security group {name} cuts off what nodes need",
                saw=f"On the nodes' subnet, {name} has {describe(rule)}.",
                expected="The groups on the nodes' subnets let through what AKS needs.",
                evidence=(azure.where("nsg", f"name: {name}", f"name: {rule.get('name')}"),),
                group=f"{name}|{rule.get('name')}",
                signals=frozenset({Signal.EGRESS_BLOCKED} if "no-egress" in effects else ()),
                affects=tuple(n.subject for n in (nodes.items if nodes is not None else ())),
                produces=effects,
            )
