"""Nothing applies OS patches to the nodes.

What it means:
  The channel for updates of the node OS is None (nobody patches) or Unmanaged (the OS installs
  patches at night, and nobody reboots), and the cluster has no automatic upgrade that would bring
  new node images either.
Why it matters:
  Fixes of the kernel and of the runtime reach the nodes only if somebody upgrades the node image.
How we know:
  The automatic upgrade settings in the export of the cluster, together with the age of the node
  images by their label. Where images are fresh somebody does it by other means, and this stays
  silent.
What to do:
  customer: Set a channel (az aks update --node-os-upgrade-channel NodeImage, or SecurityPatch) with
    a maintenance window (az aks maintenanceconfiguration add).
References:
  - Automatic node OS upgrades: https://learn.microsoft.com/azure/aks/auto-upgrade-node-os-image
  - Planned maintenance: https://learn.microsoft.com/azure/aks/planned-maintenance
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.node_images import LABEL, age_days, parse_node_image
from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._cluster import cluster_of, part, word

RULE = Rule(
    id="AKS-IMG-001",
    title="Nothing applies OS patches to the nodes",
    component="node-image",
    clauses=("IMG-01", "NODE-02", "NODE-06"),
    signals=frozenset({Signal.CLUSTER_SETTING}),
)

#: Six weekly node images: whoever upgrades by hand each month stays below.
OLD = 45
_HANDS_OFF = frozenset({"none", "unmanaged"})


def check(azure: AzureExports | None, nodes: Nodes | None, identity: Identity) -> Iterator[Hit]:
    profile = part(cluster_of(azure), "autoUpgradeProfile")
    channel = word(profile.get("nodeOSUpgradeChannel") or profile.get("nodeOsUpgradeChannel"))
    upgrades = word(profile.get("upgradeChannel"))
    if channel not in _HANDS_OFF or upgrades not in ("", "none"):
        return
    known = (nodes or Nodes()).require()
    old = [n for n in known.items if (_age(n, identity) or 0) > OLD]
    if old and azure is not None:
        ages = [age for n in old if (age := _age(n, identity)) is not None]
        shown = "None" if channel == "none" else "Unmanaged"
        yield Hit(
            subject=CLUSTER,
            saw=f"The node OS upgrade channel is {shown}, the cluster upgrades nothing by itself, "
            f"and {len(old)} of {len(known.items)} nodes run an image up to {max(ages)} days old.",
            expected="A channel that brings patches (NodeImage or SecurityPatch).",
            evidence=(
                azure.where("managed-cluster", "autoUpgradeProfile"),
                old[0].where("labels", LABEL),
            ),
            affects=tuple(node.subject for node in old),
            last_seen=identity.collected_at,
        )


def _age(node: Node, identity: Identity) -> int | None:
    image = parse_node_image(node.metadata.labels.get(LABEL))
    now = identity.collected_at
    return age_days(image, now) if image is not None and now is not None else None
