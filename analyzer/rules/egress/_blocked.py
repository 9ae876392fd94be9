"""Endpoints that nodes cannot reach, from whatever shows it: probes, events, provisioning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analyzer.baselines.egress import find
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Nodes
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.parse.host import Probe, parse_probes
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected

#: Results that mean that the endpoint was not reached; ``error`` is a probe that could not run.
FAILED = frozenset({"timeout", "refused", "nxdomain", "reset", "tls"})
#: Azure's own DNS server on every virtual network.
AZURE_DNS = "168.63.129.16"
#: Two names of the same store of packages; the first replaces the second.
REPLACED_BY = {"acs-mirror.azureedge.net": "packages.aks.azure.com"}
#: Without these a node does not work; the others are needed for upgrades and patches.
VITAL = ("mcr.microsoft.com", "mcr.azk8s.cn", "mcr.azure.cn")
VITAL_SUFFIXES = (
    ".data.mcr.microsoft.com",
    ".azmk8s.io",
    ".cx.prod.service.azk8s.cn",
    ".azmk8s.us",
)
VITAL_PREFIXES = ("login.", "management.")
IMAGES = (*VITAL, "mcr-0001.mcr-msedge.net")
NO_EGRESS = frozenset({"no-egress"})
#: Source: node-problem-detector in AKS (custom-egress-monitor): the message names the addresses.
_URL = re.compile(r"https?://(?P<host>[\w.-]+)")
#: The drop-in with which AKS sends a node's services through an HTTP proxy: no direct way out then.
#: Source: learn.microsoft.com/azure/aks/http-proxy; AgentBaker 10-httpproxy.conf.
_PROXY = re.compile(r"httpproxy\.conf|\bHTTPS?_PROXY=\S", re.IGNORECASE)
_FLAGS = "kubelet/flags"
RECENT = timedelta(hours=24)
#: The monitor tests every half hour: one event may be a short break.
MIN_EVENTS = 2


@dataclass(frozen=True)
class Blocked:
    """One endpoint that one node cannot reach; ``how`` is the probe's result or the source."""

    node: str
    host: str
    how: str
    evidence: EvidenceRef
    port: int = 443
    since: datetime | None = None
    until: datetime | None = None

    @property
    def vital(self) -> bool:
        """True where a node does not work without it."""
        return (
            self.host in VITAL
            or self.host.endswith(VITAL_SUFFIXES)
            or self.host.startswith(VITAL_PREFIXES)
        )

    @property
    def produces(self) -> frozenset[str]:
        """What follows from it on the node."""
        pulls = self.host in IMAGES or self.host.endswith(".data.mcr.microsoft.com")
        api = self.host.endswith((".azmk8s.io", ".cx.prod.service.azk8s.cn", ".azmk8s.us"))
        return (
            NO_EGRESS
            | (frozenset({"image-pull-fails"}) if pulls else frozenset())
            | (frozenset({"api-unreachable"}) if api else frozenset())
        )


@dataclass(frozen=True)
class Probes:
    """The probes of all nodes: those of required endpoints, and what else they tell."""

    rows: Mapping[str, tuple[tuple[Probe, EvidenceRef], ...]] = field(default_factory=dict)
    resolvers: Mapping[str, str] = field(default_factory=dict)
    #: Nodes whose own probe of the API server fails.
    cut_off: frozenset[str] = frozenset()
    #: Nodes that go out through an HTTP proxy: what they reach directly proves nothing.
    proxied: frozenset[str] = frozenset()
    cloud: str | None = None

    @property
    def nodes(self) -> frozenset[str]:
        """Nodes that sent probes."""
        return frozenset(self.rows)

    @classmethod
    def of(cls, archives: NodeArchives | None, identity: Identity) -> Probes:
        """Read the probes of every node that has any."""
        rows, resolvers, cut_off, proxied = {}, {}, set(), set()
        for archive in archives or ():
            flags = archive.files.get(_FLAGS)
            if flags is not None and _PROXY.search(flags.text):
                proxied.add(archive.node)
                continue
            egress = archive.files.get("probes/egress.json")
            if egress is not None and (found := parse_probes(egress)):
                rows[archive.node] = found
            resolv = archive.files.get("network/resolv.conf")
            resolvers[archive.node] = resolv.text if resolv is not None else ""
            if _cannot_reach_api(archive):
                cut_off.add(archive.node)
        return cls(rows, resolvers, frozenset(cut_off), frozenset(proxied), identity.cloud)

    def failing(self, node: str) -> list[tuple[Probe, EvidenceRef]]:
        """Probes of required endpoints that failed; a replaced name counts only with its heir."""
        rows = self.rows.get(node, ())
        well = {probe.name for probe, _ in rows if not probe.failed}
        bad = [(p, ref) for p, ref in rows if p.result in FAILED and _required(p, self.cloud)]
        return [(p, ref) for p, ref in bad if REPLACED_BY.get(p.name) not in well]

    def all_fail(self, node: str) -> bool:
        """True where not one probe of the node got through."""
        rows = self.rows.get(node, ())
        return bool(rows) and all(probe.result in FAILED for probe, _ in rows)

    def dns_is_azures(self, node: str) -> bool:
        """True where the node asks Azure's own DNS server, and no other."""
        servers = re.findall(r"^\s*nameserver\s+(\S+)", self.resolvers.get(node, ""), re.MULTILINE)
        return bool(servers) and set(servers) <= {AZURE_DNS}

    def api_effects(self, nodes: list[str]) -> frozenset[str]:
        """Nodes that cannot reach the API server either are cut off from the control plane."""
        cut = bool(nodes) and set(nodes) <= self.cut_off
        return frozenset({"api-unreachable"}) if cut else frozenset()


def _cannot_reach_api(archive: NodeFiles) -> bool:
    """True where every probe of the API server's public name failed."""
    file = archive.files.get("probes/api.json")
    rows = parse_probes(file) if file is not None else ()
    outside = [probe for probe, _ in rows if not probe.name.startswith("kubernetes")]
    return bool(outside) and all(probe.result in FAILED for probe in outside)


def _required(probe: Probe, cloud: str | None) -> bool:
    endpoint = find(probe.name, cloud)
    return endpoint is not None and endpoint.feature == "base" and not endpoint.optional


def by_probe(probes: Probes) -> Iterator[Blocked]:
    """What the probes of the nodes show."""
    for node in sorted(probes.nodes):
        for probe, where in probes.failing(node):
            yield Blocked(node, probe.name, probe.result, where, probe.port or 443, until=probe.at)


def by_event(events: Events | None, probes: Probes, identity: Identity) -> Iterator[Blocked]:
    """What node-problem-detector says of nodes that sent no probes."""
    skipped = probes.nodes | probes.proxied
    now = identity.collected_at
    for event in events.items if events is not None else ():
        kind, _, node = event.about
        if kind != "Node" or event.reason != "EgressBlocked" or node in skipped:
            continue
        old = now is not None and event.last is not None and now - event.last > timedelta(hours=2)
        if old or event.times < MIN_EVENTS:
            continue
        where = event.where("message", what=f"EgressBlocked on {node}")
        for host in dict.fromkeys(m["host"] for m in _URL.finditer(event.text)):
            endpoint = find(host, identity.cloud)
            if endpoint is not None and endpoint.feature == "base":
                yield Blocked(node, host, "event", where, 443, event.first, event.last)


#: What the exit codes of a node's provisioning say (AgentBaker cse_helpers.sh).
_CODES = {
    "50": "mcr.microsoft.com", "ERR_OUTBOUND_CONN_FAIL": "mcr.microsoft.com",
    "51": "the API server", "ERR_K8S_API_SERVER_CONN_FAIL": "the API server",
    "52": "the API server", "ERR_K8S_API_SERVER_DNS_LOOKUP_FAIL": "the API server",
    "53": "the API server", "ERR_K8S_API_SERVER_AZURE_DNS_LOOKUP_FAIL": "the API server",
}  # fmt: skip


def by_provisioning(
    logs: Logs | None, nodes: Nodes | None, probed: frozenset[str], now: datetime | None
) -> Iterator[Blocked]:
    """What the provisioning of nodes ended with, where they did not join or sent no probes."""
    try:
        found = logs.of("egress-timeout") if logs is not None else ()
    except NotCollected:
        return
    ready = {n.name for n in (nodes.items if nodes is not None else ()) if n.ready}
    for match in found:
        old = now is not None and match.last_seen is not None and now - match.last_seen > RECENT
        if not match.node or match.node in ready or match.node in probed or old:
            continue
        codes = [*match.captures.get("code", ()), *match.captures.get("name", ())]
        host = next((_CODES[code] for code in codes if code in _CODES), None)
        if host == "mcr.microsoft.com":
            yield Blocked(
                match.node, host, "provisioning", match.samples[0], 443,
                match.first_seen, match.last_seen,
            )  # fmt: skip
