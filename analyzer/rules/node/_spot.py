"""Spot nodes: whether Azure may have taken a machine back, which is what a Spot pool means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.objects import Node
from analyzer.model.gap import NotCollected

#: Source: learn.microsoft.com/azure/aks/spot-node-pool, which says as well that Azure evicts Spot
#: machines at any time and gives no guarantee of service for them.
LABEL = "kubernetes.azure.com/scalesetpriority"

#: A resource id of Azure, in exports and in a node's providerID.
_SCALE_SET = re.compile(r"/virtualMachineScaleSets/(?P<name>[^/]+)/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Eviction:
    """A machine that Azure may have taken back. ``said`` is what the scale set shows of it."""

    said: str
    certain: bool


def eviction_of(node: Node, azure: AzureExports | None) -> Eviction | None:
    """The eviction of a silent node's machine; None for other pools and for one that runs."""
    if node.metadata.labels.get(LABEL) != "spot":
        return None
    state = _state(node, azure)
    if state in ("running", "starting"):
        return None
    if state in ("gone", "deallocated", "deallocating"):
        return Eviction(f"the scale set shows its machine as {state}", certain=True)
    return Eviction("what became of its machine is not shown", certain=False)


def _state(node: Node, azure: AzureExports | None) -> str:
    """The power state of the node's machine, ``gone`` where it is not listed, else empty."""
    try:
        rows = azure.rows("vmss-instances") if azure is not None else ()
    except NotCollected:
        return ""
    home = _scale_set(node.spec.provider_id or "")
    beside = False
    for row in rows:
        profile = row.get("osProfile")
        name = profile.get("computerName") if isinstance(profile, dict) else None
        if str(name or row.get("name") or "").lower() == node.name.lower():
            return _power(row)
        beside |= home in (str(row.get("vmss") or "").lower(), _scale_set(str(row.get("id") or "")))
    # Only a list with other machines of the same scale set shows that this one is missing.
    return "gone" if home and beside else ""


def _scale_set(text: str) -> str:
    match = _SCALE_SET.search(text)
    return match["name"].lower() if match else ""


def _power(row: Mapping[str, Any]) -> str:
    view = row.get("instanceView")
    states = view.get("statuses") if isinstance(view, dict) else None
    for state in states if isinstance(states, list) else ():
        code = str(state.get("code") or "") if isinstance(state, dict) else ""
        kind, _, power = code.partition("/")
        if kind.lower() == "powerstate":
            return power.lower()
    return ""
