"""What a NetworkPolicy selects and lets through (kubernetes.io, "Network Policies")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.facts.objects import FullSelector, NetworkPolicy

DNS_PORT = 53
_DNS_NAMES = frozenset({"dns", "dns-tcp", "domain"})


def directions(policy: NetworkPolicy) -> frozenset[str]:
    """``Ingress`` and ``Egress``, as the policy restricts them; the API's defaults applied."""
    types = policy.spec.get("policyTypes")
    if isinstance(types, list) and types:
        return frozenset(str(one) for one in types)
    return frozenset({"Ingress", "Egress"} if policy.spec.get("egress") else {"Ingress"})


def rules(policy: NetworkPolicy, direction: str) -> list[dict[str, Any]]:
    """The rules that let traffic through in that direction; an empty list lets none."""
    listed = policy.spec.get(direction.lower())
    return [rule for rule in listed if isinstance(rule, dict)] if isinstance(listed, list) else []


def selector(policy: NetworkPolicy) -> FullSelector:
    """The pods that the policy is about, in its namespace."""
    return FullSelector.model_validate(policy.spec.get("podSelector") or {})


def selects(chosen: FullSelector, labels: Mapping[str, str]) -> bool:
    """True where the selector holds for these labels."""
    if any(labels.get(key) != value for key, value in chosen.match_labels.items()):
        return False
    for one in chosen.match_expressions:
        value = labels.get(one.key)
        held = {
            "In": value in one.values,
            "NotIn": value not in one.values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not held.get(one.operator, False):
            return False
    return True


def everything(policy: NetworkPolicy) -> bool:
    """True where the policy is about every pod of its namespace."""
    chosen = selector(policy)
    return not chosen.match_labels and not chosen.match_expressions


def lets_dns_out(listed: Iterable[dict[str, Any]]) -> bool:
    """True where any of the egress rules lets DNS through to anywhere at all."""
    return any(_port_fits(rule.get("ports")) for rule in listed)


def _port_fits(ports: Any) -> bool:
    if not isinstance(ports, list) or not ports:
        return True
    for one in ports:
        port = one.get("port") if isinstance(one, dict) else None
        last = one.get("endPort") if isinstance(one, dict) else None
        if port is None or port == DNS_PORT or port in _DNS_NAMES or port == str(DNS_PORT):
            return True
        if isinstance(port, int) and isinstance(last, int) and port <= DNS_PORT <= last:
            return True
    return False
