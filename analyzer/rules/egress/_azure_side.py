"""The way out as the exports show it: outbound type, load balancer, route tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.parse.host import parse_probes
from analyzer.model.gap import Gap, NotCollected

#: The load balancer of the cluster, and what AKS calls its rule and pool for the way out.
LOAD_BALANCER = "kubernetes"
OUTBOUND_RULE = "aksOutboundRule"
#: Ports of each frontend address (learn.microsoft.com/azure/aks/load-balancer-standard).
PORTS_PER_ADDRESS = 64_000


def profile_of(azure: AzureExports | None) -> Mapping[str, Any]:
    """The network profile of the cluster; empty where the export has none.

    Raises:
        NotCollected: the cluster was not exported.
    """
    cluster = (azure or AzureExports()).get("managed-cluster")
    found = cluster.get("networkProfile") if isinstance(cluster, dict) else None
    return found if isinstance(found, dict) else {}


def outbound_type(profile: Mapping[str, Any]) -> str:
    """The outbound type in lower case, empty where it is not shown."""
    return str(profile.get("outboundType") or "").lower()


def rows(azure: AzureExports | None, name: str, missing: list[Gap]) -> list[Mapping[str, Any]]:
    """The rows of an export, or none; what is missing is noted."""
    try:
        return list((azure or AzureExports()).rows(name))
    except NotCollected as gap:
        missing.extend(gap.gaps)
        return []


def tell(missing: list[Gap]) -> None:
    """Say at the end of a rule what it did not see.

    Raises:
        NotCollected: anything was missing.
    """
    if missing:
        raise NotCollected(*dict.fromkeys(missing))


def gets_out(archives: NodeArchives | None, names: Iterable[str]) -> bool | None:
    """Whether any of the nodes reached anything outside; None where none of them sent probes."""
    wanted = set(names)
    asked = False
    for archive in archives or ():
        file = archive.files.get("probes/egress.json") if archive.node in wanted else None
        found = [probe for probe, _ in parse_probes(file)] if file is not None else []
        asked = asked or bool(found)
        if any(not probe.failed for probe in found):
            return True
    return False if asked else None


def default_routes(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The routes of a table for everything."""
    listed = [route for route in table.get("routes") or () if isinstance(route, dict)]
    return [route for route in listed if str(route.get("addressPrefix")) == "0.0.0.0/0"]


def node_subnets(
    pools: list[Mapping[str, Any]], vnets: list[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """The exported subnets in which the pools' machines are."""
    wanted = {str(pool.get("vnetSubnetId") or "").lower() for pool in pools} - {""}
    for vnet in vnets:
        for subnet in vnet.get("subnets") or ():
            if not isinstance(subnet, dict):
                continue
            end = f"/virtualnetworks/{vnet.get('name')}/subnets/{subnet.get('name')}".lower()
            if any(one.endswith(end) for one in wanted):
                yield subnet
