"""A taint that AKS puts on the nodes of a pool is missing on some of them.

What it means:
  The node pool has a taint of the system (such as CriticalAddonsOnly, or that of a spot pool),
  and a node of the pool does not have it, or has it with another effect.
Why it matters:
  Pods that should stay away come to the node: the platform's own agents on a system pool lose
  their room.
How we know:
  The taints of the pool in the export of the node pools, or those of the other nodes of the pool,
  against the taints of each node. Who took it is read from the managed fields.
What to do:
  customer: Put the taint back on the node (kubectl taint node NODE KEY=VALUE:EFFECT), or replace
    the node; change taints through the node pool alone (az aks nodepool update --node-taints).
References:
  - Node taints in AKS: https://learn.microsoft.com/azure/aks/use-node-taints
  - System node pools: https://learn.microsoft.com/azure/aks/use-system-pools
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from analyzer.baselines.attribution import Change
from analyzer.baselines.drift_rows import ABSENT
from analyzer.baselines.node_metadata import system_taint
from analyzer.facts.azure import AzureExports
from analyzer.facts.command_words import plain
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import counted, settled
from analyzer.rules.node._peers import AGREE, author

RULE = Rule(
    id="AKS-NODE-008",
    title="A taint of the system was taken off a node",
    component="node-metadata",
    clauses=("SHR-04", "NODE-09"),
)

#: Taints that a whole pool has for good; all others come and go with the state of a node.
OF_POOLS = frozenset(
    {
        "CriticalAddonsOnly",
        "kubernetes.azure.com/scalesetpriority",
        "kubernetes.azure.com/mode",
        "kubernetes.azure.com/hostedvm",
    }
)


def check(nodes: Nodes, identity: Identity, azure: AzureExports | None) -> Iterator[Hit]:
    nodes.require()
    by_pool = _pool_taints(azure)
    known = [node for node in nodes.items if settled(node, identity.collected_at)]
    usual = _usual_taints(known)
    seen = frozenset().union(*(_taints(node) for node in known))
    for node in known:
        wanted = by_pool[node.pool] if node.pool in by_pool else usual.get(node.pool, frozenset())
        missing = sorted(wanted - _taints(node))
        # A taint that no node has yet may be on its way; it was removed where others have it.
        others = bool(missing) and missing[0] in seen
        if missing and (others or author(node, "spec.taints") is not None):
            yield _hit(node, missing[0], by_pool, azure)


def _taints(node: Node) -> frozenset[str]:
    """The taints of the system that belong to pools, as ``key=value:effect``."""
    return frozenset(f"{t.key}={t.value}:{t.effect}" for t in node.spec.taints if _of_pool(t.key))


def _of_pool(key: str) -> bool:
    return key in OF_POOLS and system_taint(key) is not None


def _pool_taints(azure: AzureExports | None) -> dict[str, frozenset[str]]:
    """Taints by pool, from the export of the node pools; empty without it."""
    try:
        rows = azure.rows("agent-pools") if azure is not None else ()
    except NotCollected:
        return {}
    return {str(row.get("name")): _of_row(row) for row in rows}


def _of_row(row: Mapping[str, object]) -> frozenset[str]:
    taints = row.get("nodeTaints")
    texts = [t for t in taints if isinstance(t, str)] if isinstance(taints, list) else []
    return frozenset(t for t in texts if _of_pool(t.partition("=")[0].partition(":")[0]))


def _usual_taints(nodes: list[Node]) -> dict[str, frozenset[str]]:
    """Pool → the taints that most of its nodes have; the pool's own taints, without an export.

    A node that lacks one stands against the others, so it does not count for itself.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    sizes = Counter(node.pool for node in nodes if node.pool)
    for node in nodes:
        counts[node.pool].update(_taints(node))
    return {
        pool: frozenset(t for t, n in counts[pool].items() if n >= AGREE * (sizes[pool] - 1))
        for pool in sizes
    }


def _hit(
    node: Node, taint: str, by_pool: Mapping[str, frozenset[str]], azure: AzureExports | None
) -> Hit:
    who = author(node, "spec.taints")
    evidence: tuple[EvidenceRef, ...] = (
        node.where("spec", "taints" if node.spec.taints else "spec"),
    )
    if who is not None:
        evidence += (node.where("managedFields", f"manager: {who.manager}"),)
    if azure is not None and node.pool in by_pool:
        evidence += (
            azure.where("agent-pools", "nodeTaints", taint, what=f"taints of pool {node.pool}"),
        )
    said = f" Changed by {who}." if who else " Who took it is not shown."
    known = Signal.CHANGED_BY_CUSTOMER if who else Signal.CHANGED_BY_UNKNOWN
    return Hit(
        subject=node.subject,
        title=f"Taint {taint} is missing on {counted([node.name], 'node', 'nodes')}",
        saw=f"Pool {node.pool} has the taint {taint}, and node {node.name} does not.{said}",
        expected=f"Every node of the pool has {taint}.",
        evidence=evidence,
        variant="default" if who else "author-unknown",
        signals=frozenset({Signal.SYSTEM_METADATA_CHANGED, known}),
        first_seen=who.time if who else None,
        drift=(_row(taint, who),),
        do_next=_put_back(node.name, taint) if plain(node.name, taint) else None,
    )


def _put_back(name: str, taint: str) -> str:
    return (
        f"Put the taint back (kubectl taint node {name} {taint}), or replace the node; change "
        "taints through the node pool alone (az aks nodepool update --node-taints)."
    )


def _row(taint: str, who: Change | None) -> DriftRow:
    row = DriftRow(path="spec.taints", expected=taint, actual=ABSENT)
    if who is None:
        return row
    return row.model_copy(update={"changed_by": str(who), "changed_at": who.time})
