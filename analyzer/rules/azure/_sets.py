"""The scale sets (and single VMs) that are the cluster's nodes, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.listings import Nodes
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.subject import Subject

#: ``aks-<pool>-<8 digits>-vmss``; Windows pools have names of their own, which tags tell.
_SET_NAME = re.compile(r"^aks-(?P<pool>[a-z0-9]+)-\d{8}-vms?s?\d*$")
_OF_SET = re.compile(r"/virtualmachinescalesets/(?P<name>[^/]+)", re.IGNORECASE)
_OF_VM = re.compile(r"microsoft\.compute/virtualmachines/(?P<name>[^/]+)", re.IGNORECASE)
_POOL_TAGS = ("aks-managed-poolName", "poolName")


@dataclass(frozen=True, slots=True)
class NodeSet:
    """A scale set of nodes: its pool, the nodes that the API server shows, and its export row."""

    name: str
    pool: str
    nodes: tuple[str, ...]
    row: Mapping[str, Any] | None = None

    @property
    def subject(self) -> Subject:
        """The node pool, or the scale set where the pool cannot be told."""
        if self.pool:
            return Subject(kind="NodePool", name=self.pool)
        return Subject(kind="VirtualMachineScaleSet", name=self.name)

    @property
    def node_subjects(self) -> tuple[Subject, ...]:
        """Its nodes as subjects."""
        return tuple(Subject(kind="Node", name=name) for name in self.nodes)


def rows_of(azure: AzureExports, name: str, missing: list[Gap]) -> tuple[Mapping[str, Any], ...]:
    """The rows of an export, or none; what is missing is noted."""
    try:
        return azure.rows(name)
    except NotCollected as gap:
        missing.extend(gap.gaps)
        return ()


def tell(missing: list[Gap]) -> None:
    """Say at the end of a rule what it did not see.

    Raises:
        NotCollected: anything was missing.
    """
    if missing:
        raise NotCollected(*dict.fromkeys(missing))


def node_sets(rows: tuple[Mapping[str, Any], ...], nodes: Nodes | None) -> dict[str, NodeSet]:
    """Scale sets that hold nodes, by name in lower case, from the export and the nodes' ids."""
    members: dict[str, list[str]] = {}
    pools: dict[str, str] = {}
    for node in nodes.items if nodes is not None else ():
        name = set_of(node.spec.provider_id or "")
        if name:
            members.setdefault(name, []).append(node.name)
            pools.setdefault(name, node.pool)
    exported = {str(row.get("name") or "").lower(): row for row in rows}
    found = {}
    for name in sorted({*members, *exported} - {""}):
        row = exported.get(name)
        pool = tag_pool(row) or pools.get(name, "") or pool_of_name(name)
        if pool or name in members:
            shown = str(row["name"]) if row else name
            found[name] = NodeSet(shown, pool, tuple(sorted(members.get(name, ()))), row)
    return found


def set_for(name: str, sets: Mapping[str, NodeSet]) -> NodeSet | None:
    """The scale set of that name, also one that is gone by now; None for what holds no nodes."""
    known = sets.get(name.lower())
    if known is not None or not pool_of_name(name):
        return known
    return NodeSet(name, pool_of_name(name), ())


def set_of(resource: str) -> str:
    """The scale set (or single VM) in a resource id or provider id, in lower case, or ""."""
    match = _OF_SET.search(resource) or _OF_VM.search(resource)
    return match["name"].lower() if match else ""


def set_name(row: Mapping[str, Any]) -> str:
    """The scale set of an instance's or extension's row, in lower case.

    The collector writes it as ``vmss``; other exports show it in the resource id or in the name.
    """
    named = str(row.get("vmss") or set_of(str(row.get("id") or "")))
    return (named or str(row.get("name") or "").rpartition("_")[0]).lower()


def pool_of_name(name: str) -> str:
    """The pool in a name of AKS's form, or ""."""
    match = _SET_NAME.match(name.lower())
    return match["pool"] if match else ""


def tags_of(row: Mapping[str, Any] | None) -> dict[str, Any]:
    """The tags of an export row."""
    tags = (row or {}).get("tags")
    return tags if isinstance(tags, dict) else {}


def tag_pool(row: Mapping[str, Any] | None) -> str:
    """The pool in the tags that AKS sets, or ""."""
    tags = tags_of(row)
    return next((str(tags[key]) for key in _POOL_TAGS if tags.get(key)), "")


def inside(value: Any, *path: str) -> Any:
    """Follow keys into nested objects; None where a step is missing."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value
