"""What CoreDNS's own log says of its failure, and whose part that leaves open.

CoreDNS fails by what others give it: the customer's part of its configuration, DNS servers that
send its questions back to it, or an API server that it does not reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from analyzer.baselines.attribution import changes
from analyzer.facts.listings import ConfigMaps
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.objects import Pod
from analyzer.facts.scan import Match
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.signal import Signal
from analyzer.rules.component._egress import api_view
from analyzer.rules.component._managed import SYSTEM

PLUGIN, LOOP, API = "coredns-plugin-error", "coredns-loop", "coredns-api-unreachable"
#: Lines of before that say nothing of the present state.
RECENT = timedelta(minutes=30)
#: Single failures to reach the API server come with every update of the control plane.
MIN_API_FAILURES = 3
#: Answers of the API server, by which it was reached.
_ANSWERS = frozenset({"Unauthorized", "forbidden"})
#: Azure's own DNS server (learn.microsoft.com, "What is IP address 168.63.129.16?").
_AZURE = "168.63.129.16"

_CUSTOM = "The ConfigMaps coredns and coredns-custom, with their managed fields: whose part fails."
_FORWARDERS = (
    "Where the DNS servers of the virtual network and of coredns-custom forward to: "
    "one that points back at CoreDNS makes the loop."
)


@dataclass(frozen=True)
class Sources:
    """Where to look besides the pods; None is what was not collected."""

    logs: Logs | None = None
    archives: NodeArchives | None = None
    config_maps: ConfigMaps | None = None
    now: datetime | None = None


@dataclass(frozen=True)
class Told:
    """The signals of what the log says, its lines, and what would make it firmer."""

    signals: frozenset[Signal] = frozenset()
    evidence: tuple[EvidenceRef, ...] = ()
    would_change: tuple[str, ...] = ()


def told_by_log(component: str, pods: Iterable[Pod], sources: Sources) -> Told:
    """What the log of these pods says of why they fail; nothing for other components."""
    pods = tuple(pods)
    if component != "coredns" or sources.logs is None:
        return Told()
    names = {(pod.namespace, pod.name) for pod in pods}
    found: dict[str, list[Match]] = {}
    for match in sources.logs.matches:
        if (match.namespace, match.pod) in names and _recent(match, sources.now):
            found.setdefault(match.pattern, []).append(match)
    nodes = {pod.spec.node_name for pod in pods if pod.spec.node_name}
    parts = [
        _plugin(found.get(PLUGIN, []), sources),
        _loop(found.get(LOOP, []), nodes, sources),
        _api(found.get(API, []), nodes, sources),
    ]
    return Told(
        frozenset().union(*(part.signals for part in parts)),
        tuple(place for part in parts for place in part.evidence),
        tuple(text for part in parts for text in part.would_change),
    )


def _recent(match: Match, now: datetime | None) -> bool:
    return match.last_seen is None or now is None or now - match.last_seen <= RECENT


def _lines(matches: list[Match]) -> tuple[EvidenceRef, ...]:
    return tuple(sample for match in matches[:1] for sample in match.samples[:1])


def _plugin(matches: list[Match], sources: Sources) -> Told:
    if not matches or _all_of_aks(sources.config_maps):
        return Told()
    return Told(frozenset({Signal.CHANGE_NOT_CHECKED}), _lines(matches), (_CUSTOM,))


def _all_of_aks(config_maps: ConfigMaps | None) -> bool:
    """True where the whole configuration is shown, and nobody but AKS wrote any of it."""
    if config_maps is None:
        return False
    try:
        custom = config_maps.get(SYSTEM, "coredns-custom")
        corefile = config_maps.get(SYSTEM, "coredns")
        written = changes(corefile) if corefile is not None else ()
    except NotCollected:
        return False
    strange = any(change.kind in ("customer", "unknown") for change in written)
    return corefile is not None and not strange and (custom is None or not custom.data)


def _loop(matches: list[Match], nodes: set[str], sources: Sources) -> Told:
    """A question that came back from another machine passed the servers that were asked."""
    if not matches:
        return Told()
    paths = [path for match in matches for path in match.captures.get("path", ())]
    from_outside = bool(paths) and not any(_is_local(path) for path in paths)
    own = from_outside and _asks_own_servers(sources.archives, nodes)
    signal = Signal.CUSTOM_DNS if own else Signal.CHANGE_NOT_CHECKED
    return Told(frozenset({signal}), _lines(matches), (_FORWARDERS,))


def _is_local(path: str) -> bool:
    """True for ``127.0.0.1:45000 -> :53``: the question never left the pod or the node."""
    source = path.split(" ", 1)[0].rpartition(":")[0].strip("[]")
    try:
        address = ip_address(source)
    except ValueError:
        return True
    return address.is_loopback or address.is_link_local


def _asks_own_servers(archives: NodeArchives | None, nodes: set[str]) -> bool:
    """True where a node of the pods asks a DNS server that is neither Azure's nor on the node."""
    servers = {
        server
        for node in archives or ()
        if not nodes or node.node in nodes
        for server in _name_servers(node)
    }
    return any(server != _AZURE and not _is_local(f"{server}:53") for server in servers)


def _name_servers(node: NodeFiles) -> list[str]:
    try:
        text = node.get("network/resolv.conf").text
    except NotCollected:
        return []
    return re.findall(r"(?m)^nameserver\s+(\S+)", text)


def _api(matches: list[Match], nodes: set[str], sources: Sources) -> Told:
    most = max((match.count - match.in_boot_grace for match in matches), default=0)
    if most < MIN_API_FAILURES:
        return Told()
    reasons = {reason for match in matches for reason in match.captures.get("reason", ())}
    if reasons & _ANSWERS:
        return Told(frozenset({Signal.CHANGE_NOT_CHECKED}), _lines(matches))
    view = api_view(sources.archives, nodes)
    # The nodes reach the API server and the pods do not: the way of the pods is broken.
    signals = view.signals or frozenset({Signal.POD_NETWORK})
    return Told(signals, (*_lines(matches), *view.evidence))
