"""ARM resources as the REST API gives them, in the form that ``az … -o json`` prints.

``az rest``, the JSON view of the portal and exported templates keep a resource's settings below
``properties``, at every level, and spell short forms in capitals (``dnsServiceIP``, ``osSKU``); the
commands of ``az`` put them beside the name and write ``dnsServiceIp``, ``osSku``.
Source: learn.microsoft.com/rest/api/aks/managed-clusters/get, and the output of ``az aks show``.
"""

from __future__ import annotations

import re
from typing import Any

#: Exports that are resources; other documents have a ``properties`` of their own.
RESOURCES = frozenset(
    {
        "managed-cluster", "agent-pools", "vmss", "vmss-instances", "vmss-extensions", "nsg",
        "route-tables", "load-balancers", "vnets",
    }
)  # fmt: skip
#: ``dnsServiceIP`` and ``nodePublicIPPrefixID``, not ``effectiveOutboundIPs``.
_CAPITALS = re.compile(r"(?<=[a-z0-9])([A-Z])([A-Z]+)(?=$|[A-Z][a-z])")
#: Their keys are names that people or Azure gave.
_FREE_KEYS = frozenset({"tags", "nodeLabels", "labels", "userAssignedIdentities"})


def plain_form(name: str, document: Any) -> Any:
    """The export of that name with its resources in the form of ``az``; others as they are."""
    if name not in RESOURCES:
        return document
    if isinstance(document, dict) and isinstance(document.get("value"), list):
        document = document["value"]
    if isinstance(document, list):
        return [_resource(row) for row in document]
    return _resource(document)


def _resource(row: Any) -> Any:
    if not isinstance(row, dict) or not isinstance(row.get("properties"), dict):
        return row
    return _flat(row)


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return [_flat(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = value.get("properties")
    rows = {**inner, **value} if isinstance(inner, dict) else value
    return {
        _CAPITALS.sub(_as_az, key): item if key in _FREE_KEYS else _flat(item)
        for key, item in rows.items()
        if not (key == "properties" and isinstance(inner, dict))
    }


def _as_az(found: re.Match[str]) -> str:
    return found[1] + found[2].lower()
