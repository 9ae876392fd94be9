"""Who the cluster is, and what its collector was asked for, as reports show it."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import Any

from analyzer.analysis import Analysis
from analyzer.bundle.manifest import Manifest
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node
from analyzer.model.diagnosis import ClusterInfo, NetworkInfo, NodeCounts, NodeInfo, PoolInfo
from analyzer.supply import MODE_NAMES
from analyzer.timeline import Timeline

_OPTIONS_MAX, _OPTION_LENGTH = 40, 400
_IMAGE_LABEL = "kubernetes.azure.com/node-image-version"


def build_cluster_info(analysis: Analysis) -> ClusterInfo:
    """The identity with counts of nodes and pools."""
    facts = analysis.loaded.facts
    identity = facts.identity
    nodes = facts.of(Nodes).items
    names = sorted({node.name for node in nodes} | set(facts.archives.nodes))
    by_name = {node.name: node for node in nodes}
    timeline: Timeline = analysis.supply.by_type[Timeline]
    ahead = {name: round(off.total_seconds(), 1) for name, off in timeline.skew.items()}
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
                clock_ahead_s=ahead.get(name),
            )
            for name in names
        ),
        add_ons=tuple(sorted(identity.add_ons)),
        third_party=tuple(third),
    )


def collector_options(manifest: Manifest | None) -> dict[str, str]:
    """The options of the manifest as texts; what is empty or nested is left out."""
    if manifest is None:
        return {}
    told = ((name, _told(value)) for name, value in manifest.options.items())
    return {name[:60]: text[:_OPTION_LENGTH] for name, text in islice(told, _OPTIONS_MAX) if text}


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value if isinstance(item, str | int | float))
    return str(value) if isinstance(value, str | int | float) else ""


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
