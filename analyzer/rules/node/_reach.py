"""What is known of a node in trouble: its archive, what its network lets out."""

from __future__ import annotations

from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Node
from analyzer.facts.parse.host import parse_probes
from analyzer.model.signal import Signal

_PROBES = ("probes/egress.json", "probes/api.json")
_UNSEEN = frozenset({Signal.NODE_AGENT, Signal.EGRESS_NOT_CHECKED})
_UNSEEN_ITSELF = frozenset({Signal.CHANGE_NOT_CHECKED})
#: What would settle whose a node in trouble is.
ITS_OWN_FILES = (
    "The node's own archive (its kubelet, kernel and network): a workload that used the node up, "
    "a change on the node or a blocked way out would make it the customer's; none of them "
    "Microsoft's."
)


def looked_at(node: Node, archives: NodeArchives | None) -> bool:
    """True where the node's own files were collected; its logs alone are not enough."""
    archive = archives.nodes.get(node.name) if archives is not None else None
    return archive is not None and bool(archive.files)


def unseen_signals(node: Node, archives: NodeArchives | None) -> frozenset[Signal]:
    """Signals for a node of which others speak; empty where its own files were looked at.

    Its kubelet still talks to the control plane, so the way out is no question.
    """
    return frozenset() if looked_at(node, archives) else _UNSEEN_ITSELF


def silent_signals(node: Node, nodes: Nodes, archives: NodeArchives | None) -> frozenset[Signal]:
    """Signals for a node that nobody hears of; empty where its own files were looked at."""
    if looked_at(node, archives):
        return frozenset()
    return _UNSEEN_ITSELF if _peers_get_out(node, nodes, archives) else _UNSEEN


def _peers_get_out(node: Node, nodes: Nodes, archives: NodeArchives | None) -> bool:
    """True where a node of the pool (the same subnet) sent probes."""
    peers = {peer.name for peer in nodes.items if peer.pool == node.pool}
    return any(
        parse_probes(archive.files[item])
        for archive in archives or ()
        if archive.node in peers
        for item in _PROBES
        if item in archive.files
    )
