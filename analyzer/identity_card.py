"""Who the cluster is, as reports show it."""

from __future__ import annotations

from collections import defaultdict

from analyzer.analysis import Analysis
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node
from analyzer.model.diagnosis import ClusterInfo, NetworkInfo, NodeCounts, NodeInfo, PoolInfo
from analyzer.supply import MODE_NAMES

_IMAGE_LABEL = "kubernetes.azure.com/node-image-version"


def build_cluster_info(analysis: Analysis) -> ClusterInfo:
    """The identity with counts of nodes and pools."""
    facts = analysis.loaded.facts
    identity = facts.identity
    nodes = facts.of(Nodes).items
    names = sorted({node.name for node in nodes} | set(facts.archives.nodes))
    by_name = {node.name: node for node in nodes}
    third = sorted({f"{t.category}: {t.name}" for t in analysis.supply.third_party.found})
    return ClusterInfo(
        name=identity.name,
        aks=identity.aks.value,
        aks_reason=identity.aks_reason,
        kubernetes_version=identity.kubernetes_version or "",
        cloud=identity.cloud or "",
        location=identity.location or "",
        network=_network(identity, analysis),
        pools=_pools(nodes, identity),
        nodes=NodeCounts(
            total=len(names),
            ready=sum(node.ready is True for node in nodes),
            with_archive=len(facts.archives.nodes),
        ),
        node_list=tuple(
            NodeInfo(
                name=name,
                pool=by_name[name].pool if name in by_name else "",
                ready=by_name[name].ready if name in by_name else None,
                has_archive=name in facts.archives.nodes,
            )
            for name in names
        ),
        add_ons=tuple(sorted(identity.add_ons)),
        third_party=tuple(third),
    )


def _network(identity: Identity, analysis: Analysis) -> NetworkInfo:
    network = identity.network
    own = f" ({', '.join(network.own_cni)})" if network.own_cni and network.byocni else ""
    cut = (analysis.excerpts.get(ref) for ref in network.evidence)
    return NetworkInfo(
        mode=network.mode.value,
        plugin=MODE_NAMES[network.mode] + own,
        dataplane=network.dataplane.value,
        policy=network.policy.value,
        proxy=network.proxy,
        byocni=network.byocni,
        evidence=tuple(evidence for evidence in cut if evidence is not None),
        would_settle=network.would_settle,
    )


def _pools(nodes: tuple[Node, ...], identity: Identity) -> tuple[PoolInfo, ...]:
    by_pool: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        by_pool[node.pool].append(node)
    modes = {pool.name: pool.mode for pool in identity.pools}
    return tuple(_pool(name, modes.get(name, ""), by_pool[name]) for name in sorted(by_pool))


def _pool(name: str, mode: str, nodes: list[Node]) -> PoolInfo:
    info = [node.status.node_info for node in nodes]
    labels = [node.metadata.labels for node in nodes]
    return PoolInfo(
        name=name,
        mode=mode,
        nodes=len(nodes),
        ready=sum(node.ready is True for node in nodes),
        os=", ".join(sorted({i.os_image or "" for i in info} - {""})),
        images=tuple(sorted({label.get(_IMAGE_LABEL, "") for label in labels} - {""})),
        kubelets=tuple(sorted({i.kubelet_version or "" for i in info} - {""})),
        vm_sizes=tuple(
            sorted({label.get("node.kubernetes.io/instance-type", "") for label in labels} - {""})
        ),
    )
