"""What the rules of pod networking share: nodes that wait for a network, and CNI workloads."""

from __future__ import annotations

from analyzer.facts.cnis import own_cni_of_daemonset
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Node, Workload
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.signal import Signal

#: What the kubelet says while the runtime has no CNI configuration (kubelet, runtime status):
#: containerd 1.6 and newer say "not initialized", dockershim said "config uninitialized".
NO_NETWORK = ("cni plugin not initialized", "cni config uninitialized", "NetworkPluginNotReady")


def has_no_network(node: Node) -> bool:
    """True for a node whose Ready condition says that there is no network plugin."""
    ready = node.condition("Ready")
    if ready is None or ready.status != "False":
        return False
    return any(words in ready.message for words in NO_NETWORK)


def nodes_without_network(nodes: Nodes) -> list[Node]:
    """Nodes that wait for a network plugin and are not being deleted."""
    return [n for n in nodes.items if has_no_network(n) and n.metadata.deletion_timestamp is None]


def unseen(node: Node, archives: NodeArchives | None) -> frozenset[Signal]:
    """What stays open where the node's own files, its conflists among them, were not collected."""
    if archives is not None and node.name in archives.nodes:
        return frozenset()
    return frozenset({Signal.CHANGE_NOT_CHECKED})


def own_cni_daemonsets(daemonsets: DaemonSets) -> list[tuple[str, Workload]]:
    """DaemonSets that install a CNI which AKS does not install, with the CNI's name."""
    found = ((own_cni_of_daemonset(d), d) for d in daemonsets.items)
    return [(name, daemonset) for name, daemonset in found if name]


def require_mode(identity: Identity) -> bool:
    """Whether the cluster brings its own CNI.

    Raises:
        NotCollected: nothing in the bundle tells.
    """
    byocni = identity.network.byocni
    if byocni is None:
        detail = "the network mode is not known; az aks show -o json would tell"
        path = "azure/managed-cluster.json"
        raise NotCollected(Gap(path=path, reason=Presence.NOT_ASKED, detail=detail))
    return byocni
