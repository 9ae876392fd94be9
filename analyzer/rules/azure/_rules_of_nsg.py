"""Rules of a network security group: which AKS and Azure's services write, and what others block.

The cloud provider names its rules after the Service, or ``k8s-azure-lb_…`` in newer releases
(https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.rules.azure._sets import inside

#: ``aks-agentpool-<8 digits>-nsg`` in the node resource group.
MANAGED = re.compile(r"^aks-agentpool-\d+-nsg$", re.IGNORECASE)
_MANAGED_NETWORK = re.compile(r"/virtualnetworks/aks-vnet-\d+/subnets/", re.IGNORECASE)
#: ``a`` and 31 digits of the Service's uid, or rules that several Services share.
_OF_SERVICE = re.compile(
    r"^(?:a[0-9a-f]{31}|shared)-(?:TCP|UDP|SCTP|ANY)-|^k8s-azure-lb_|^a[0-9a-f]{31}-.*deny",
    re.IGNORECASE,
)
#: Rules that a policy of the tenant puts into every group of it.
_OF_TENANT = re.compile(r"^NRMS-Rule-\d+$", re.IGNORECASE)
_ANYWHERE = frozenset({"*", "0.0.0.0/0", "internet", "any"})
_NETWORK = frozenset({"*", "0.0.0.0/0", "virtualnetwork", "any"})


def managed(row: Mapping[str, Any]) -> bool:
    """True for the group of the nodes' NICs, or one on the subnet that AKS made."""
    subnets = row.get("subnets") or ()
    ids = [str(subnet.get("id") or "") for subnet in subnets if isinstance(subnet, dict)]
    return bool(MANAGED.match(str(row.get("name") or ""))) or any(
        _MANAGED_NETWORK.search(one) for one in ids
    )


def foreign_rules(
    row: Mapping[str, Any], pools: Iterable[Mapping[str, Any]], outbound_blocked: bool
) -> list[Mapping[str, Any]]:
    """Rules that neither AKS nor a policy of the tenant wrote, by priority.

    ``pools`` are the agent pools: the host ports that they allow become rules. A network-isolated
    cluster (``outbound_blocked``) has outbound rules of AKS.
    """
    ports = list(_allowed_ports(pools))
    found = []
    for rule in row.get("securityRules") or ():
        if not isinstance(rule, dict):
            continue
        name = str(rule.get("name") or "")
        of_aks = _OF_SERVICE.match(name) or _OF_TENANT.match(name)
        inbound = is_(rule, "direction", "inbound")
        for_ports = is_(rule, "access", "allow") and inbound and _only_on(rule, ports)
        if not of_aks and not for_ports and not (outbound_blocked and not inbound):
            found.append(rule)
    return sorted(found, key=lambda rule: (int(rule.get("priority") or 0), str(rule.get("name"))))


def blocks(rule: Mapping[str, Any]) -> frozenset[str]:
    """Effects on the nodes of a rule that denies; none for one that denies something narrow."""
    if not is_(rule, "access", "deny"):
        return frozenset()
    if is_(rule, "direction", "outbound"):
        wide = _sides(rule, "destination") & _ANYWHERE and _on(rule, 443)
        return frozenset({"no-egress", "api-unreachable"}) if wide else frozenset()
    if not _sides(rule, "source") & _NETWORK:
        return frozenset()
    if _on(rule, 1) and _on(rule, 65535):
        return frozenset({"no-pod-network", "metrics-missing"})
    return frozenset({"metrics-missing"}) if _on(rule, 10250) else frozenset()


def describe(rule: Mapping[str, Any]) -> str:
    """``deny-all (150): Deny Inbound Tcp from VirtualNetwork to * port 10250``."""
    source = ", ".join(sorted(_sides(rule, "source", lower=False)))
    target = ", ".join(sorted(_sides(rule, "destination", lower=False)))
    words = [str(rule.get(key) or "") for key in ("access", "direction", "protocol")]
    return (
        f"{rule.get('name')} (priority {rule.get('priority')}): {' '.join(words)} "
        f"from {source or '?'} to {target or '?'} port {', '.join(_ranges(rule)) or '?'}"
    )


def is_(rule: Mapping[str, Any], key: str, value: str) -> bool:
    """Compare a word of a rule without regard to case."""
    return str(rule.get(key) or "").lower() == value


def _sides(rule: Mapping[str, Any], side: str, *, lower: bool = True) -> set[str]:
    shown = [rule.get(f"{side}AddressPrefix"), *(rule.get(f"{side}AddressPrefixes") or ())]
    return {str(one).lower() if lower else str(one) for one in shown if one}


def _ranges(rule: Mapping[str, Any]) -> list[str]:
    shown = [rule.get("destinationPortRange"), *(rule.get("destinationPortRanges") or ())]
    return [str(one) for one in shown if one]


def _bounds(text: str) -> tuple[int, int]:
    if text == "*":
        return 0, 65535
    first, _, last = text.partition("-")
    try:
        return int(first), int(last or first)
    except ValueError:
        return 1, 0


def _on(rule: Mapping[str, Any], port: int) -> bool:
    return any(low <= port <= high for low, high in map(_bounds, _ranges(rule)))


def _only_on(rule: Mapping[str, Any], allowed: list[tuple[int, int]]) -> bool:
    own = [_bounds(one) for one in _ranges(rule)]
    return bool(own and allowed) and all(
        any(low <= a and b <= high for low, high in allowed) for a, b in own
    )


def _allowed_ports(pools: Iterable[Mapping[str, Any]]) -> Iterable[tuple[int, int]]:
    for pool in pools:
        for ports in inside(pool, "networkProfile", "allowedHostPorts") or ():
            if isinstance(ports, dict):
                start = int(ports.get("portStart") or 0)
                yield start, int(ports.get("portEnd") or start)


def decides(
    row: Mapping[str, Any], port: int, protocol: str, sources: frozenset[str]
) -> Mapping[str, Any] | None:
    """The first inbound rule, by priority, that decides on a port for traffic from ``sources``.

    None where no rule of the group's own speaks of it. Rules for single addresses do not count:
    they say nothing of everybody else.
    """
    rules = [rule for rule in row.get("securityRules") or () if isinstance(rule, dict)]
    for rule in sorted(rules, key=lambda one: int(one.get("priority") or 0)):
        asked = str(rule.get("protocol") or "*").lower() in ("*", "any", protocol.lower())
        inbound = is_(rule, "direction", "inbound")
        if asked and inbound and _sides(rule, "source") & sources and _on(rule, port):
            return rule
    return None
