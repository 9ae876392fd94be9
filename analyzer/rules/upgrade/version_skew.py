"""Kubelets are too far from the version of the control plane.

What it means:
  Nodes of a pool run a kubelet that is more minors behind the API server than Kubernetes allows,
  or one that is newer than it. Different versions within one pool say that an upgrade goes on or
  stopped.
Why it matters:
  A kubelet outside of the allowed skew may not understand what the API server asks of it, and the
  control plane cannot be upgraded further.
How we know:
  The kubelet version of every node against the version of the API server: three minors back are
  allowed, two before Kubernetes 1.28.
What to do:
  customer: Upgrade the node pool to the version of the control plane (az aks nodepool upgrade
    -g <resource group> --cluster-name <cluster> -n <pool> --kubernetes-version <version>).
References:
  - Version skew policy: https://kubernetes.io/releases/version-skew-policy/
  - Upgrade a cluster: https://learn.microsoft.com/azure/aks/upgrade-node-pools
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.kube_versions import minor_number, tag_version
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.upgrade._version import version_evidence

RULE = Rule(
    id="AKS-VER-002",
    title="Kubelets are too far from the version of the control plane",
    component="kubernetes-version",
    clauses=("VER-02", "NODE-06"),
    signals=frozenset({Signal.VERSION_SKEW}),
)

#: Since this minor of the control plane kubelets may be three behind, before it two.
THREE_SINCE = 28


def check(nodes: Nodes, identity: Identity) -> Iterator[Hit]:
    control = minor_number(identity.minor)
    if control is None:
        raise NotCollected(Gap(path="cluster/version.json", reason=Presence.NOT_ASKED))
    nodes.require()
    allowed = 3 if control >= THREE_SINCE else 2
    for pool, own in sorted(_pools(nodes).items()):
        behind = [n for n in own if control - _minor(n) > allowed]
        ahead = [n for n in own if _minor(n) > control]
        if behind:
            yield _hit(pool, behind, identity, nodes, "default", f"allowed are {allowed} minors")
        if ahead:
            yield _hit(pool, ahead, identity, nodes, "ahead", "a kubelet must not be newer")
        versions = {n.status.node_info.kubelet_version or "" for n in own}
        if len(versions) > 1 and not behind and not ahead:
            older = [
                n for n in own if n.status.node_info.kubelet_version != max(versions, key=_order)
            ]
            yield _hit(pool, older, identity, nodes, "mixed", f"the pool runs {_list(versions)}")


def _order(version: str) -> tuple[int, ...]:
    return tag_version(version) or ()


def _pools(nodes: Nodes) -> dict[str, list[Node]]:
    """Nodes with a kubelet of a Kubernetes version, by pool; a virtual node has none."""
    pools: dict[str, list[Node]] = {}
    for node in nodes.items:
        virtual = node.metadata.labels.get("type") == "virtual-kubelet"
        if not virtual and minor_number(node.status.node_info.kubelet_version) is not None:
            pools.setdefault(node.pool, []).append(node)
    return pools


def _minor(node: Node) -> int:
    return minor_number(node.status.node_info.kubelet_version) or 0


def _list(versions: set[str]) -> str:
    return " and ".join(sorted(versions, key=_order))


_TITLES = {
    "default": "Kubelets of pool {pool} are too old for the control plane",
    "ahead": "Kubelets of pool {pool} are newer than the control plane",
    "mixed": "Pool {pool} runs more than one Kubernetes version",
}


def _hit(
    pool: str, own: list[Node], identity: Identity, nodes: Nodes, variant: str, why: str = ""
) -> Hit:
    versions = {n.status.node_info.kubelet_version or "" for n in own}
    return Hit(
        subject=Subject(kind="NodePool", name=pool or "without a pool"),
        title=_TITLES[variant].format(pool=pool or "without a name"),
        saw=f"{len(own)} nodes of pool {pool} run {_list(versions)}, the control plane "
        f"{identity.kubernetes_version}; {why}.",
        expected="Nodes of one pool run one version, within the skew that Kubernetes allows.",
        evidence=(
            *(
                n.where("nodeInfo", f"kubeletVersion: {n.status.node_info.kubelet_version}")
                for n in own[:3]
            ),
            version_evidence(identity, nodes)[0],
        ),
        variant=variant,
        affects=tuple(node.subject for node in own),
        count=len(own),
        last_seen=identity.collected_at,
    )
