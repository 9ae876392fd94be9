"""A node pool trails the control plane by minors.

What it means:
  The control plane was upgraded, and the nodes of a pool still run an older minor, within what
  Kubernetes allows.
Why it matters:
  Nothing is broken. The control plane cannot go further than three minors ahead, and nodes of an
  older minor leave the support window before it.
How we know:
  The kubelet version of every node of the pool against the version of the API server. A pool that
  is outside of what is allowed, or that is being upgraded, is told elsewhere.
What to do:
  customer: Upgrade the pool (az aks nodepool upgrade -g <resource group> --cluster-name <cluster>
    -n <pool> --kubernetes-version <version>).
References:
  - Upgrade a cluster: https://learn.microsoft.com/azure/aks/upgrade-node-pools
  - Version skew policy: https://kubernetes.io/releases/version-skew-policy/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.kube_versions import minor_number
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.upgrade._version import version_evidence

RULE = Rule(
    id="AKS-VER-006",
    title="A node pool trails the control plane by minors",
    component="kubernetes-version",
    clauses=("NODE-06", "VER-02"),
    signals=frozenset({Signal.VERSION_SKEW}),
)

#: More than this is the matter of another rule.
ALLOWED = 3


def check(nodes: Nodes, identity: Identity) -> Iterator[Hit]:
    control = minor_number(identity.minor)
    if control is None:
        raise NotCollected(Gap(path="cluster/version.json", reason=Presence.NOT_ASKED))
    pools: dict[str, list[Node]] = {}
    for node in nodes.require().items:
        if minor_number(node.status.node_info.kubelet_version) is not None:
            pools.setdefault(node.pool, []).append(node)
    for pool, own in sorted(pools.items()):
        minors = {minor_number(node.status.node_info.kubelet_version) or 0 for node in own}
        behind = control - min(minors)
        if len(minors) == 1 and 0 < behind <= ALLOWED:
            version = own[0].status.node_info.kubelet_version
            yield Hit(
                subject=Subject(kind="NodePool", name=pool or "without a pool"),
                title=f"Pool {pool} trails the control plane by {behind} "
                f"minor{'s' if behind > 1 else ''}",
                saw=f"{len(own)} nodes of pool {pool} run {version}, the control plane "
                f"{identity.kubernetes_version}.",
                expected="The pools follow the control plane soon after its upgrade.",
                evidence=(
                    own[0].where("nodeInfo", f"kubeletVersion: {version}"),
                    version_evidence(identity, nodes)[0],
                ),
                variant="default" if behind > 1 else "one",
                affects=tuple(node.subject for node in own),
                last_seen=identity.collected_at,
            )
