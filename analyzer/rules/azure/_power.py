"""Instances that are switched off, and whether AKS itself may have done it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.objects import Node
from analyzer.model.evidence import EvidenceRef
from analyzer.rules.azure._sets import inside, set_name, set_of

_OFF = frozenset({"deallocated", "deallocating", "stopped", "stopping"})
#: Set by the cloud provider where Azure says that the VM is off
#: (https://kubernetes.io/docs/reference/labels-annotations-taints/).
TAINT = "node.cloudprovider.kubernetes.io/shutdown"
#: The autoscaler's other taint, DeletionCandidateOfClusterAutoscaler, announces nothing yet.
_LEAVES = frozenset({"ToBeDeletedByClusterAutoscaler"})
_SPOT = "kubernetes.azure.com/scalesetpriority"


@dataclass(frozen=True, slots=True)
class Off:
    """A VM that is off: its scale set, its node's name, its state and where that stands."""

    group: str
    name: str
    state: str
    where: EvidenceRef
    node: Node | None = None


def off_instances(
    rows: Iterable[Mapping[str, Any]], nodes: Mapping[str, Node], azure: AzureExports
) -> Iterator[Off]:
    """Instances whose power state says so, with their node where it is still there."""
    for row in rows:
        state = _power(row)
        if state in _OFF:
            name = str(inside(row, "osProfile", "computerName") or row.get("name") or "")
            where = azure.where(
                "vmss-instances", name, f"PowerState/{state}", what=f"instance {name} is {state}"
            )
            yield Off(set_name(row), name, state, where, nodes.get(name.lower()))


def off_nodes(nodes: Iterable[Node]) -> Iterator[Off]:
    """Nodes that carry the cloud provider's taint for a VM that is off."""
    for node in nodes:
        if any(taint.key == TAINT for taint in node.spec.taints):
            group = set_of(node.spec.provider_id or "")
            yield Off(group, node.name, "off", node.where("taints", f"key: {TAINT}"), node)


def leaves(node: Node | None) -> bool:
    """True for a node that goes away on purpose: deleted, or taken by the autoscaler."""
    if node is None:
        return False
    gone = node.metadata.deletion_timestamp is not None
    return gone or any(taint.key in _LEAVES for taint in node.spec.taints)


def switched_by_aks(pool: Mapping[str, Any] | None, node: Node | None) -> bool | None:
    """True where AKS or Azure switches VMs of this pool off by itself; None where unknown.

    A stopped pool, scale-down by deallocation, and spot VMs, which Azure evicts. ``pool`` is the
    pool's row of the agent pools export.
    """
    if node is not None and node.metadata.labels.get(_SPOT) == "spot":
        return True
    if pool is None:
        return None
    if str(inside(pool, "powerState", "code") or "Running").lower() != "running":
        return True
    spot = str(pool.get("scaleSetPriority") or "").lower() == "spot"
    return spot or str(pool.get("scaleDownMode") or "").lower() == "deallocate"


def _power(row: Mapping[str, Any]) -> str:
    for status in inside(row, "instanceView", "statuses") or ():
        kind, _, state = str(inside(status, "code") or "").partition("/")
        if kind.lower() == "powerstate":
            return state.lower()
    return ""
