"""Nodes run an old node image.

What it means:
  The image of these nodes was built weeks or months before the collection. Microsoft builds a new
  one every week; applying it is the customer's part.
Why it matters:
  Fixes of the kernel, containerd and the kubelet come with the node image alone. Under the policy
  of 9 June 2026, images older than 90 days are not supported.
How we know:
  The label kubernetes.azure.com/node-image-version of every node, by the date in it (or the date
  of a later security patch) at the time of collection. An image that is newer than our data is
  fine.
What to do:
  customer: Upgrade the node image of the pool (az aks nodepool upgrade --node-image-only), and
    set an automatic channel for it (az aks update --node-os-upgrade-channel NodeImage).
References:
  - Upgrade node images: https://learn.microsoft.com/azure/aks/upgrade-node-image
  - Automatic node image upgrades: https://learn.microsoft.com/azure/aks/auto-upgrade-node-os-image
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from analyzer.baselines.node_images import LABEL, NodeImage, age_days, newest, parse_node_image
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import leaving

RULE = Rule(
    id="AKS-NODE-006",
    title="Nodes run an old node image",
    component="node-image",
    clauses=("NODE-06", "NODE-05", "IMG-02"),
)

#: Days from which an image is not supported.
UNSUPPORTED = 90
#: The day of the policy that says so first; a cluster of an earlier day was within the rules.
#: Source: the support policies of 2026-06-09 (learn.microsoft.com/azure/aks/support-policies).
POLICY_SINCE = datetime(2026, 6, 9, tzinfo=UTC)
#: Six weekly releases; whoever upgrades each month stays below.
OLD = 45


def check(nodes: Nodes, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    if now is None:
        gap = Gap(path="manifest.json", reason=Presence.NOT_ASKED, detail="no time of collection")
        raise NotCollected(gap)
    aged = 0
    for node in nodes.items:
        image = parse_node_image(node.metadata.labels.get(LABEL))
        age = age_days(image, now) if image is not None else None
        if image is None or age is None:
            continue
        aged += 1
        if age > OLD and not leaving(node):
            yield _hit(node, image, age, now)
    nodes.require()
    if nodes.items and not aged:
        detail = f"no node shows {LABEL} in a known form"
        raise NotCollected(Gap(path=nodes.items[0].path, reason=Presence.NOT_ASKED, detail=detail))


def _hit(node: Node, image: NodeImage, age: int, now: datetime) -> Hit:
    over = age > UNSUPPORTED and now >= POLICY_SINCE
    pool = node.pool or "without a pool"
    newer = newest(image.sku, now)
    told = f" {newer.version} was out by then." if newer and newer.version != image.version else ""
    return Hit(
        subject=Subject(kind="NodePool", name=pool),
        title=f"The node image of pool {pool} is {age} days old",
        saw=f"Nodes of pool {pool} run {image.label}, {age} days old at the collection.{told}",
        expected=f"A node image of at most {UNSUPPORTED if over else OLD} days.",
        evidence=(node.where("labels", f"{LABEL}: {image.label}"),),
        variant="unsupported" if over else "default",
        group=f"{pool}|{image.label}",
        signals=frozenset({Signal.NODE_IMAGE_UNSUPPORTED if over else Signal.NODE_IMAGE_OLD}),
        affects=(node.subject,),
        last_seen=now,
    )
