"""A scale set of the nodes has another size than its node pool.

What it means:
  The number of machines in the scale set is not the number that AKS holds the pool to have:
  somebody scaled the scale set itself, or deleted machines of it.
Why it matters:
  AKS and the autoscaler count nodes that are not there, or do not know those that are. Scaling on
  the scale set is not supported; the next operation of AKS sets the number back.
How we know:
  The capacity of each scale set against the count of its pool, in exports of one moment. Pools
  that change just now (any state but Succeeded), that are stopped, and Spot pools, from which
  Azure takes machines, do not count. Of an autoscaled pool AKS knows the count late: there only
  more machines than the largest size of the pool count.
What to do:
  customer: Scale the pool through AKS (az aks nodepool scale -g <resource group> --cluster-name
    <cluster> -n <pool> -c <count>).
References:
  - AKS frequently asked questions: https://learn.microsoft.com/azure/aks/faq
  - Scale node pools: https://learn.microsoft.com/azure/aks/scale-node-pools
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.azure_authors import settled_by
from analyzer.facts.listings import Nodes
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._activity import Write, latest, signals_of, writes
from analyzer.rules.azure._cluster import word
from analyzer.rules.azure._sets import NodeSet, inside, node_sets, rows_of, set_of, tell

RULE = Rule(
    id="AKS-IAAS-005",
    title="A scale set of the nodes has another size than its node pool",
    component="node",
    clauses=("FAQ-01", "SHR-02"),
    signals=frozenset({Signal.NODE_HOST}),
)

_WRITES = ("virtualmachinescalesets/write", "virtualmachinescalesets/delete/action")


def check(azure: AzureExports | None, nodes: Nodes | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    pools = {str(row.get("name")): row for row in rows_of(exports, "agent-pools", missing)}
    sets = node_sets(rows_of(exports, "vmss", missing), nodes)
    several = [s.pool for s in sets.values()]
    for group in sets.values():
        pool = pools.get(group.pool)
        # A pool that moves from one scale set to another has two for a while.
        if pool is None or group.row is None or several.count(group.pool) != 1:
            continue
        has, wants = inside(group.row, "sku", "capacity"), pool.get("count")
        if isinstance(has, int) and isinstance(wants, int) and _odd(pool, group.row, has, wants):
            yield _hit(group, has, wants, _author(group, exports), exports)
    tell(missing)


def _odd(pool: Mapping[str, Any], row: Mapping[str, Any], has: int, wants: int) -> bool:
    settled = all(word(one.get("provisioningState")) == "succeeded" for one in (pool, row))
    spot = word(pool.get("scaleSetPriority")) == "spot"
    stopped = word(inside(pool, "powerState", "code") or "running") != "running"
    frees = word(pool.get("scaleDownMode")) == "deallocate"
    most = pool.get("maxCount")
    other = has != wants
    if pool.get("enableAutoScaling"):
        other = isinstance(most, int) and has > most
    return settled and not (spot or stopped or frees) and other


def _author(group: NodeSet, azure: AzureExports) -> Write | None:
    try:
        done = [w for w in writes(azure) if w.foreign and w.operation.endswith(_WRITES)]
    except NotCollected:
        return None
    return latest(w for w in done if set_of(w.resource) == group.name.lower())


def _hit(group: NodeSet, has: int, wants: int, author: Write | None, azure: AzureExports) -> Hit:
    by = f"The activity log shows {author}." if author else "Who changed it is not shown."
    return Hit(
        subject=group.subject,
        title=f"The scale set of node pool {group.pool} has {has} machines, the pool {wants}",
        saw=f"{group.name} has the capacity {has}, while AKS counts {wants} nodes in pool "
        f"{group.pool}. {by}",
        expected="The scale set has as many machines as its pool.",
        evidence=(
            azure.where("vmss", f"name: {group.name}", "sku", f"capacity: {has}"),
            azure.where("agent-pools", f"name: {group.pool}", f"count: {wants}"),
            *((author.where(azure),) if author else ()),
        ),
        signals=signals_of(author) | {Signal.WRITTEN_BY_AKS_TOO},
        affects=group.node_subjects,
        first_seen=author.at if author else None,
        drift=(DriftRow(path="sku.capacity", expected=str(wants), actual=str(has)),),
        would_change=() if author else (settled_by(azure, group.name),),
    )
