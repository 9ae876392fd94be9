"""An upgrade of a node pool stopped half-way.

What it means:
  Some nodes of a pool were moved to a new Kubernetes version, and the others still run the old
  one, although nothing has moved for more than a day.
Why it matters:
  The pool stays in two versions, may keep an additional surge node, and further operations on it
  start from a half-done state.
How we know:
  The kubelet versions of the nodes of one pool, and the age of the youngest node of the newer
  version. Nodes that still carry the mark of an upgrade (the autoscaler must not remove them) while
  AKS holds the pool to be done, by its export, are left over from one. A drain that a disruption
  budget refuses is a cause of its own.
What to do:
  customer: See what stopped it (kubectl get events -A, reason Drain or Upgrade; az aks nodepool
    show for the state), then run the upgrade of the pool again (az aks nodepool upgrade).
  microsoft: See the last upgrade operation of the pool.
References:
  - Upgrade options: https://learn.microsoft.com/azure/aks/upgrade-options
  - Pod drain failures: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/error-codes/error-code-poddrainfailure
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.kube_versions import minor_number, tag_version
from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-VER-005",
    title="An upgrade of a node pool stopped half-way",
    component="kubernetes-version",
    clauses=("NODE-06", "MGD-08"),
    signals=frozenset({Signal.VERSION_SKEW}),
)

#: AKS drains a node for half an hour at most by default, and soaks for less than a day.
PATIENCE = timedelta(hours=24)
#: Source: learn.microsoft.com/azure/aks/node-auto-repair, on nodes that repair leaves alone.
MARK = "kubernetes.azure.com/azure-cluster-autoscaler-scale-down-disabled-reason"


def check(nodes: Nodes, identity: Identity, azure: AzureExports | None) -> Iterator[Hit]:
    now = identity.collected_at
    busy = _busy(azure)
    pools: dict[str, list[Node]] = {}
    for node in nodes.require().items:
        if node.pool and minor_number(node.status.node_info.kubelet_version) is not None:
            pools.setdefault(node.pool, []).append(node)
    for pool, own in sorted(pools.items()):
        versions = sorted({_version(node) for node in own}, key=lambda v: tag_version(v) or ())
        if len(versions) < 2 or pool in busy or now is None:
            continue
        newer = [node for node in own if _version(node) == versions[-1]]
        older = [node for node in own if _version(node) != versions[-1]]
        last = max((t for n in newer if (t := n.metadata.creation_timestamp)), default=None)
        if last is not None and now - last > PATIENCE:
            yield _hit(pool, older, newer, last)
    for pool, marked in sorted(_marked(pools, _done(azure)).items()):
        yield _left_over(pool, marked)


def _version(node: Node) -> str:
    return node.status.node_info.kubelet_version or ""


def _busy(azure: AzureExports | None) -> frozenset[str]:
    """Pools that AKS itself works on at the moment."""
    try:
        rows = azure.rows("agent-pools") if azure is not None else ()
    except NotCollected:
        return frozenset()
    working = ("upgrading", "updating", "scaling", "upgradingnodeimageversion")
    return frozenset(
        str(row.get("name"))
        for row in rows
        if str(row.get("provisioningState") or "").lower() in working
    )


def _done(azure: AzureExports | None) -> frozenset[str]:
    """Pools whose last operation AKS holds to be finished, by their export."""
    try:
        rows = azure.rows("agent-pools") if azure is not None else ()
    except NotCollected:
        return frozenset()
    return frozenset(
        str(row.get("name"))
        for row in rows
        if str(row.get("provisioningState") or "").lower() == "succeeded"
    )


def _marked(pools: dict[str, list[Node]], done: frozenset[str]) -> dict[str, list[Node]]:
    """Nodes that an upgrade has marked, in pools where none is going on."""
    found = {}
    for pool in done & set(pools):
        own = [n for n in pools[pool] if n.metadata.annotations.get(MARK) == "upgrade"]
        if own:
            found[pool] = own
    return found


def _left_over(pool: str, marked: list[Node]) -> Hit:
    return Hit(
        subject=Subject(kind="NodePool", name=pool),
        title=f"Nodes of pool {pool} are marked by an upgrade that is over",
        saw=f"{len(marked)} nodes of pool {pool} are kept from being scaled down for an upgrade, "
        "while AKS holds the last operation on the pool to be done.",
        expected="The mark goes away with the upgrade.",
        evidence=(marked[0].where("annotations", f"{MARK}: upgrade"),),
        variant="mark",
        group=f"{pool}|mark",
        affects=tuple(node.subject for node in marked),
    )


def _hit(pool: str, older: list[Node], newer: list[Node], last: datetime) -> Hit:
    cordoned = [node.name for node in older if node.spec.unschedulable]
    told = f" {len(cordoned)} of the older ones are cordoned." if cordoned else ""
    old, new = _version(older[0]), _version(newer[0])
    return Hit(
        subject=Subject(kind="NodePool", name=pool),
        title=f"The upgrade of node pool {pool} stopped half-way",
        saw=f"{len(newer)} nodes of pool {pool} run {new} since {last:%Y-%m-%d %H:%M} UTC at the "
        f"latest, {len(older)} still run {old}.{told}",
        expected="All nodes of a pool run one version within hours of the start of an upgrade.",
        evidence=(
            older[0].where("nodeInfo", f"kubeletVersion: {old}"),
            newer[0].where("nodeInfo", f"kubeletVersion: {new}"),
        ),
        affects=tuple(node.subject for node in older),
        first_seen=last,
    )
