"""The cluster uses a part of AKS whose support ends.

What it means:
  Microsoft announced the end of something that the cluster is built on: a network plugin, a policy
  engine, an add-on, a kind of load balancer or of node pools.
Why it matters:
  After the date there are no fixes and no support for it, and moving off may take a new cluster.
How we know:
  The network mode and policy engine as the cluster's components show them, its add-ons, and the
  load balancer and the kind of pools in the exports of the cluster, against the announced dates at
  the day of the collection. Ends that are more than half a year ahead are not told.
What to do:
  customer: Plan the move to what replaces it before the date.
References:
  - Move to Azure CNI overlay: https://learn.microsoft.com/azure/aks/update-azure-cni
  - Network policies: https://learn.microsoft.com/azure/aks/use-network-policies
  - AKS release notes: https://github.com/Azure/AKS/releases
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity, NetworkMode, PolicyEngine
from analyzer.facts.listings import Nodes
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.upgrade._retirements import (
    AVAILABILITY_SETS,
    BASIC_BALANCER,
    KUBENET,
    NPM_LINUX,
    NPM_WINDOWS,
    OSM,
    Retirement,
)

RULE = Rule(
    id="AKS-LIFE-002",
    title="The cluster uses a part of AKS whose support ends",
    component="lifecycle",
    clauses=("NP-01", "SUP-06", "SUP-10"),
)

Part = tuple[Retirement, tuple[EvidenceRef, ...]]


def check(identity: Identity, nodes: Nodes | None, azure: AzureExports | None) -> Iterator[Hit]:
    now = identity.collected_at
    if now is None:
        gap = Gap(path="manifest.json", reason=Presence.NOT_ASKED, detail="no time of collection")
        raise NotCollected(gap)
    yield from _hits(list(_of_objects(identity, nodes)), now)
    yield from _hits(list(_of_exports(azure)), now)


def _of_objects(identity: Identity, nodes: Nodes | None) -> Iterator[Part]:
    network = identity.network
    where = network.evidence[:2]
    if network.mode is NetworkMode.KUBENET and where:
        yield KUBENET, where
    if network.policy is PolicyEngine.AZURE and where:
        windows = [n for n in (nodes.items if nodes is not None else ()) if n.windows]
        if windows:
            yield NPM_WINDOWS, (windows[0].where("labels", "kubernetes.io/os: windows"),)
        yield NPM_LINUX, where
    if "open-service-mesh" in identity.add_ons:
        yield OSM, identity.aks_evidence[:1]


def _of_exports(azure: AzureExports | None) -> Iterator[Part]:
    """Raises NotCollected where the exports are missing: objects do not show these parts."""
    exports = azure or AzureExports()
    cluster = exports.get("managed-cluster")
    profile = cluster.get("networkProfile") if isinstance(cluster, dict) else None
    if str((profile or {}).get("loadBalancerSku") or "").lower() == "basic":
        yield BASIC_BALANCER, (exports.where("managed-cluster", "loadBalancerSku: basic"),)
    for pool in exports.rows("agent-pools"):
        if str(pool.get("type") or "").lower() == "availabilityset":
            where = exports.where("agent-pools", f"name: {pool.get('name')}", "type")
            yield AVAILABILITY_SETS, (where,)


def _hits(parts: list[Part], now: datetime) -> Iterator[Hit]:
    for retirement, where in parts:
        phase = retirement.phase(now)
        if phase and where:
            ends = "ends soon" if phase == "soon" else "has ended"
            yield Hit(
                subject=CLUSTER,
                title=f"The support of {retirement.name} {ends}",
                saw=f"The cluster uses {retirement.name}: {retirement.told(now)}.",
                expected=f"{retirement.instead}.",
                evidence=where,
                variant=phase,
                group=retirement.name,
                signals=frozenset({Signal.RETIRING if phase == "soon" else Signal.RETIRED}),
                last_seen=now,
                do_next=f"Move to {retirement.instead}.",
            )
