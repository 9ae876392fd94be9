"""Nodes run an operating system whose support ends.

What it means:
  The nodes of a pool run an OS version that AKS no longer supports, or not for much longer.
Why it matters:
  There are no security fixes for it any more. Once its images are removed, the pool cannot be
  scaled and its nodes cannot be repaired.
How we know:
  The OS image and the kernel that the nodes report, against the dates that Microsoft announced, at
  the day of the collection. Ends that are more than half a year ahead are not told.
What to do:
  customer: Move the pool to another OS (az aks nodepool update --os-sku where it can be changed in
    place, otherwise a new pool), and upgrade Kubernetes where the newer OS needs it.
References:
  - Node images: https://learn.microsoft.com/azure/aks/node-images
  - Upgrade the OS version: https://learn.microsoft.com/azure/aks/upgrade-os-version
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.upgrade._retirements import OF_OS_IMAGE, OF_WINDOWS_KERNEL, Retirement

RULE = Rule(
    id="AKS-LIFE-001",
    title="Nodes run an operating system whose support ends",
    component="node-image",
    clauses=("NODE-06", "NODE-05"),
)


def check(nodes: Nodes, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    if now is None:
        gap = Gap(path="manifest.json", reason=Presence.NOT_ASKED, detail="no time of collection")
        raise NotCollected(gap)
    for node in nodes.require().items:
        found = _retirement(node)
        if found is not None and found[0].phase(now):
            yield _hit(node, found[0], found[1], now)


def _retirement(node: Node) -> tuple[Retirement, EvidenceRef] | None:
    info = node.status.node_info
    if node.windows:
        kernel = info.kernel_version or ""
        known = next((r for k, r in OF_WINDOWS_KERNEL.items() if kernel.startswith(k)), None)
        return (known, node.where("nodeInfo", f"kernelVersion: {kernel}")) if known else None
    image = info.os_image or ""
    known = next((r for k, r in OF_OS_IMAGE.items() if image.startswith(k)), None)
    return (known, node.where("nodeInfo", f"osImage: {image}")) if known else None


def _hit(node: Node, retirement: Retirement, where: EvidenceRef, now: datetime) -> Hit:
    phase = retirement.phase(now)
    pool = node.pool or "without a pool"
    ends = "ends soon" if phase == "soon" else "has ended"
    return Hit(
        subject=Subject(kind="NodePool", name=pool),
        title=f"The support of {retirement.name} on pool {pool} {ends}",
        saw=f"Nodes of pool {pool} run {retirement.name}: {retirement.told(now)}.",
        expected=f"{retirement.instead}.",
        evidence=(where,),
        variant=phase,
        group=f"{pool}|{retirement.name}",
        signals=frozenset({Signal.RETIRING if phase == "soon" else Signal.RETIRED}),
        affects=(node.subject,),
        last_seen=now,
        do_next=f"Move pool {pool} to {retirement.instead}.",
    )
