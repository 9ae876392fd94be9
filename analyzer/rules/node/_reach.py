"""What is known of a silent node: its archive, what the network lets out, what AKS did to it."""

from __future__ import annotations

from analyzer.facts.listings import Events, Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Event, Node
from analyzer.facts.parse.host import parse_probes
from analyzer.model.signal import Signal

_PROBES = ("probes/egress.json", "probes/api.json")
#: Events of AKS's own repair and of maintenance of the machine.
#: Sources: learn.microsoft.com/azure/aks/node-auto-repair and node-problem-detector.
PLATFORM = frozenset(
    {
        f"Node{what}{end}"
        for what in ("Reboot", "Reimage", "Redeploy")
        for end in ("Start", "End", "Error")
    }
    | {"FreezeScheduled", "RebootScheduled", "RedeployScheduled", "TerminateScheduled"}
)
_UNSEEN = frozenset({Signal.NODE_AGENT, Signal.EGRESS_NOT_CHECKED})
_UNSEEN_ITSELF = frozenset({Signal.CHANGE_NOT_CHECKED})
#: What would settle whose a silent node is.
ITS_OWN_FILES = (
    "The node's own archive (its kubelet, kernel and network): a workload that used the node up, "
    "a change on the node or a blocked way out would make it the customer's; none of them "
    "Microsoft's."
)


def silent_signals(node: Node, nodes: Nodes, archives: NodeArchives | None) -> frozenset[Signal]:
    """Signals for a node that nobody hears of; empty where its own files were looked at."""
    if archives is not None and node.name in archives.nodes:
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


def platform_event(node: Node, events: Events | None) -> Event | None:
    """The newest event of AKS's repair, or of maintenance of the machine, on a node."""
    own = [
        event
        for event in (events.items if events is not None else ())
        if event.reason in PLATFORM and event.about[0] == "Node" and event.about[2] == node.name
    ]
    return max(own, key=lambda e: (e.last is not None, e.last, e.name), default=None)
