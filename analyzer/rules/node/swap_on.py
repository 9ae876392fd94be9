"""Swap is on on a node whose pool has none.

What it means:
  The node uses swap space, and its pool is not set up with a swap file.
Why it matters:
  Somebody switched it on by hand. The kubelet's view of memory no longer holds: limits and
  evictions come late, and workloads slow down instead of being killed.
How we know:
  The memory figures of the node, and the pool's Linux OS configuration in its export. Pools that
  AKS gave a swap file do not count.
What to do:
  customer: Switch it off (swapoff -a) or replace the node, and set a swap file through the pool
    where it is wanted (az aks nodepool add --linux-os-config with swapFileSizeMB).
References:
  - Custom node configuration: https://learn.microsoft.com/azure/aks/custom-node-configuration
  - Swap memory: https://kubernetes.io/docs/concepts/cluster-administration/swap-memory-management/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.facts.azure import AzureExports
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import files_of

RULE = Rule(
    id="AKS-NODE-025",
    title="Swap is on on a node whose pool has none",
    component="node-memory",
    clauses=("CNC-01", "SHR-03"),
    signals=frozenset({Signal.NODE_HOST}),
)

#: Form of /proc/meminfo (proc_meminfo(5)): kibibytes.
_SWAP = re.compile(r"^SwapTotal:\s+(?P<kib>\d+) kB$", re.MULTILINE)
_WOULD = (
    "The pool's Linux OS configuration (az aks nodepool show: linuxOsConfig.swapFileSizeMB): a "
    "swap file that AKS set up would make this no change."
)


def check(archives: NodeArchives, azure: AzureExports | None, nodes: Nodes | None) -> Iterator[Hit]:
    pools = _swapping_pools(azure)
    pool_of = {node.name: node.pool for node in (nodes.items if nodes is not None else ())}
    for name, file in files_of(archives, "host/meminfo"):
        match = _SWAP.search(file.text)
        mib = int(match["kib"]) // 1024 if match else 0
        pool = pool_of.get(name, "")
        if mib and not (pools is not None and pool in pools):
            known = pools is not None and bool(pool)
            yield Hit(
                subject=Subject(kind="Node", name=name),
                title="Swap is on on nodes whose pool has none" if known else "Swap is on on nodes",
                saw=f"{name} has {mib} MiB of swap"
                + (f", and pool {pool} is set up without." if known else "."),
                expected="No swap, unless the pool is set up with a swap file.",
                evidence=(file.find(r"^SwapTotal:") or file.at(1),),
                group=pool or name,
                signals=frozenset(
                    {Signal.CHANGED_BY_UNKNOWN, Signal.NODE_DIFFERS}
                    if known
                    else {Signal.CHANGE_NOT_CHECKED}
                ),
                would_change=() if known else (_WOULD,),
            )


def _swapping_pools(azure: AzureExports | None) -> frozenset[str] | None:
    """Pools that AKS set up with a swap file; None where no export tells."""
    try:
        rows = azure.rows("agent-pools") if azure is not None else None
    except NotCollected:
        return None
    if rows is None:
        return None
    return frozenset(
        str(row.get("name"))
        for row in rows
        if isinstance(row.get("linuxOsConfig"), dict)
        and (
            row["linuxOsConfig"].get("swapFileSizeMB") or row["linuxOsConfig"].get("swapFileSizeMb")
        )
    )
