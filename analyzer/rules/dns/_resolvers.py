"""What the nodes' own lookups came to: servers asked, names that none of them gave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.parse.host import Probe, parse_probes
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.signal import Signal
from analyzer.rules.dns._upstream import AZURE

#: Names that the cluster's own DNS answers.
_INSIDE = re.compile(r"(?:^|\.)(?:svc|cluster\.local)\.?$")
_ITEM = "probes/dns.json"
Row = tuple[Probe, EvidenceRef]


@dataclass(frozen=True)
class NodeView:
    """One node: the servers that it asks, those that answered, and the lookups that failed.

    ``others`` are the results of the node's probes of other things outside, empty without any.
    """

    node: str
    servers: tuple[str, ...] = ()
    answered: frozenset[str] = frozenset()
    failed: tuple[Row, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def others_answer(self) -> bool:
        """True where the node reaches anything else outside."""
        return "ok" in self.others

    @property
    def cut_off(self) -> bool:
        """True where nothing outside answers, though names were found: no matter of DNS."""
        silent = any(result != "nxdomain" for result in self.others)
        unknown = any(probe.result == "nxdomain" for probe, _ in self.failed)
        return silent and not unknown and not self.others_answer

    def lost(self, server: str) -> bool:
        """True where the server left lookups of this node without any answer."""
        silent = any(probe.result != "nxdomain" for probe, _ in self.failed)
        return silent and server in self.servers and server not in self.answered


def look(archives: NodeArchives | None) -> tuple[tuple[NodeView, ...], NotCollected]:
    """The views of all nodes with lookups, and what is missing of the others."""
    views: list[NodeView] = []
    gaps: list[Gap] = []
    for node in archives or ():
        try:
            views.append(_view(node))
        except NotCollected as missing:
            gaps += missing.gaps
    nothing = Gap(path=f"nodes/*/{_ITEM}", reason=Presence.NOT_ASKED)
    return tuple(views), NotCollected(*(gaps or (nothing,)))


def _view(node: NodeFiles) -> NodeView:
    rows = [row for row in parse_probes(node.get(_ITEM)) if not _INSIDE.search(row[0].name)]
    known = _name_servers(node)
    given = {server_of(probe) for probe, _ in rows} - {""}
    answered = {server_of(probe) for probe, _ in rows if not probe.failed}
    lost: list[Row] = []
    for name in dict.fromkeys(probe.name for probe, _ in rows):
        asked = [row for row in rows if row[0].name == name]
        if all(probe.failed for probe, _ in asked):
            lost += asked
    # A single time-out beside other answers of the same server is no lasting failure.
    lost = [row for row in lost if row[0].result == "nxdomain" or server_of(row[0]) not in answered]
    servers = tuple(sorted(given)) or known
    return NodeView(node.node, servers, frozenset(answered), tuple(lost), _others(node))


def _others(node: NodeFiles) -> tuple[str, ...]:
    try:
        rows = parse_probes(node.get("probes/egress.json"))
    except NotCollected:
        return ()
    return tuple(probe.result for probe, _ in rows)


def server_of(probe: Probe) -> str:
    """The server that was asked: a field of its own, or named in the detail."""
    named = re.match(r"server (\S+)", probe.detail)
    return probe.server or (named[1] if named else "")


def _name_servers(node: NodeFiles) -> tuple[str, ...]:
    try:
        text = node.get("network/resolv.conf").text
    except NotCollected:
        return ()
    return tuple(dict.fromkeys(re.findall(r"(?m)^nameserver\s+(\S+)", text)))


def owner_signals(
    servers: tuple[str, ...], result: str, *, others_answer: bool
) -> frozenset[Signal]:
    """Whose DNS servers these are; nothing where it is not known.

    An answer of Azure's server that a name does not exist speaks for nobody: the zone may be the
    customer's (a private DNS zone that is not linked) or AKS's own. Its silence speaks for the
    platform only where the node gets answers from elsewhere (``others_answer``): a rule of the
    customer's can keep nodes from it.
    """
    own = [server for server in servers if server != AZURE and not _local(server)]
    if own:
        return frozenset({Signal.CUSTOM_DNS})
    if AZURE not in servers or result == "nxdomain":
        return frozenset()
    if others_answer:
        return frozenset({Signal.PLATFORM_EVENT})
    return frozenset({Signal.MANAGED_COMPONENT, Signal.EGRESS_NOT_CHECKED})


def _local(server: str) -> bool:
    """True for a stub on the node itself (systemd-resolved, LocalDNS): another server decides."""
    try:
        address = ip_address(server)
    except ValueError:
        return True
    return address.is_loopback or address.is_link_local
