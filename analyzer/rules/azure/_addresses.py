"""Address ranges of a cluster as its exports show them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.rules.azure._sets import inside

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet of an exported virtual network: its names, ranges, and addresses in use.

    ``used`` is None where the export does not list the addresses.
    """

    network: str
    name: str
    ranges: tuple[Network, ...]
    used: int | None
    group: str = ""
    table: str = ""


def parse(text: Any) -> Network | None:
    """A range in CIDR form, or None."""
    try:
        return ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return None


def networks(values: Iterable[Any]) -> tuple[Network, ...]:
    """All readable ranges of a list."""
    return tuple(net for value in values if value and (net := parse(value)) is not None)


def overlap(one: Iterable[Network], other: Iterable[Network]) -> tuple[Network, Network] | None:
    """The first two ranges that share addresses, or None."""
    for mine in one:
        for theirs in other:
            if mine.version == theirs.version and mine.overlaps(theirs):
                return mine, theirs
    return None


def subnets(vnets: Iterable[Mapping[str, Any]]) -> Iterator[Subnet]:
    """All subnets of the exported virtual networks."""
    for vnet in vnets:
        for row in vnet.get("subnets") or ():
            if not isinstance(row, dict):
                continue
            prefixes = row.get("addressPrefixes") or [row.get("addressPrefix")]
            listed = row.get("ipConfigurations")
            yield Subnet(
                str(vnet.get("name") or ""),
                str(row.get("name") or ""),
                networks(prefixes),
                len(listed) if isinstance(listed, list) else None,
                str(inside(row, "networkSecurityGroup", "id") or ""),
                str(inside(row, "routeTable", "id") or ""),
            )


def size(subnet: Subnet) -> int:
    """Addresses that can be given out: Azure keeps five of every IPv4 subnet.

    Source: learn.microsoft.com/azure/virtual-network/virtual-networks-faq.
    """
    return sum(net.num_addresses - 5 for net in subnet.ranges if net.version == 4)


def subnet_of(resource: str) -> tuple[str, str]:
    """Names of network and subnet in a subnet's resource id, in lower case; empty where none."""
    lower = resource.lower()
    network = lower.partition("/virtualnetworks/")[2].partition("/")[0]
    return network, lower.partition("/subnets/")[2].partition("/")[0]
