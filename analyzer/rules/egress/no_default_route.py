"""The nodes' own route table has no usable way out.

What it means:
  The cluster leaves its way out to a route table of the customer (outbound type
  userDefinedRouting), and the table of the nodes' subnet has no default route, or one that leads
  nowhere.
Why it matters:
  Nodes reach neither the registry nor the API server: new nodes do not join, images are not
  pulled.
How we know:
  The outbound type of the cluster, the route table that the exported subnet of the nodes names,
  and the routes of the exported tables. A gateway may announce a default route that no table
  shows: where a node of the subnet gets out, nothing is told, and without probes it is a note. A
  table in a resource group that was not exported cannot be judged.
What to do:
  customer: Give the table a default route to the firewall or gateway (az network route-table route
    create --address-prefix 0.0.0.0/0 --next-hop-type VirtualAppliance --next-hop-ip-address <ip>),
    and see that the table is on the nodes' subnet.
References:
  - User-defined routes: https://learn.microsoft.com/azure/aks/egress-udr
  - Outbound types: https://learn.microsoft.com/azure/aks/egress-outboundtype
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Node
from analyzer.model.gap import Gap, Presence
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.egress._azure_side import (
    default_routes,
    gets_out,
    node_subnets,
    outbound_type,
    profile_of,
    rows,
    tell,
)

RULE = Rule(
    id="AKS-OUT-001",
    title="The nodes' own route table has no usable way out",
    component="egress",
    clauses=("NET-05", "LIM-01", "NET-02"),
    signals=frozenset({Signal.EGRESS_BLOCKED, Signal.OWN_AZURE_NETWORK, Signal.UNHEALTHY}),
)


def check(
    azure: AzureExports | None, nodes: Nodes | None, archives: NodeArchives | None
) -> Iterator[Hit]:
    if outbound_type(profile_of(azure)) != "userdefinedrouting":
        raise NotApplicable("the cluster does not leave its way out to a route table")
    missing: list[Gap] = []
    tables = {str(t.get("id") or "").lower(): t for t in rows(azure, "route-tables", missing)}
    pools = rows(azure, "agent-pools", missing)
    for subnet in node_subnets(pools, rows(azure, "vnets", missing)):
        own = _nodes_in(subnet, pools, nodes)
        way_out = gets_out(archives, (node.name for node in own))
        if way_out:
            continue
        attached = subnet.get("routeTable")
        name = str(attached.get("id") or "").lower() if isinstance(attached, dict) else ""
        if not name:
            yield _hit(
                subnet, "no route table is attached to it", azure, own, seen=way_out is False
            )
            continue
        table = tables.get(name)
        if table is None:
            detail = f"az network route-table show --ids {name} -o json"
            missing.append(
                Gap(path="azure/route-tables.json", reason=Presence.NOT_ASKED, detail=detail)
            )
            continue
        if why := _fault(table):
            yield _hit(subnet, why, azure, own, seen=way_out is False)
    tell(missing)


def _fault(table: Mapping[str, Any]) -> str:
    routes = default_routes(table)
    if not routes:
        return f"route table {table.get('name')} has no route for 0.0.0.0/0"
    hop = str(routes[0].get("nextHopType") or "")
    if hop.lower() == "none":
        return f"the default route of {table.get('name')} drops everything (next hop None)"
    if hop.lower() == "virtualappliance" and not routes[0].get("nextHopIpAddress"):
        return f"the default route of {table.get('name')} names no address of its appliance"
    return ""


def _nodes_in(
    subnet: Mapping[str, Any], pools: list[Mapping[str, Any]], nodes: Nodes | None
) -> list[Node]:
    """The nodes of the pools whose machines are in the subnet."""
    end = f"/subnets/{subnet.get('name')}".lower()
    names = {
        str(pool.get("name"))
        for pool in pools
        if str(pool.get("vnetSubnetId") or "").lower().endswith(end)
    }
    return [node for node in (nodes.items if nodes is not None else ()) if node.pool in names]


def _hit(
    subnet: Mapping[str, Any],
    why: str,
    azure: AzureExports | None,
    own: list[Node],
    *,
    seen: bool,
) -> Hit:
    name = str(subnet.get("name") or "")
    exports = azure or AzureExports()
    return Hit(
        subject=Subject(kind="Subnet", name=name),
        title=f"Nodes in subnet {name} have no usable way out",
        saw=f"The outbound type is userDefinedRouting, and for the nodes' subnet {name} {why}.",
        expected="A default route to an appliance or gateway that lets through what AKS needs.",
        evidence=(
            exports.where("managed-cluster", "networkProfile", "outboundType"),
            exports.where("vnets", f"name: {name}", what=f"subnet {name}"),
        ),
        variant="default" if seen else "not-seen",
        affects=tuple(node.subject for node in own),
        produces=None if seen else frozenset(),
    )
