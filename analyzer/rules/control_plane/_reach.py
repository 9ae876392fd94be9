"""Whether a node reaches the API server: its probes now, and its kubelet's log over time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.parse.host import Probe, parse_probes
from analyzer.facts.scan import Match
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence

#: Failures of a minute or two come with every update of the control plane.
LASTING = timedelta(minutes=5)
#: A past loss of contact is told only if it was long.
LASTING_PAST = timedelta(minutes=15)
STILL = timedelta(minutes=15)
MIN_COUNT = 5
LANDMARK = "kubelet-cannot-reach-api"
#: Azure's own DNS server (learn.microsoft.com, "What is IP address 168.63.129.16?").
AZURE_DNS = "168.63.129.16"
#: Results that mean "nothing came back": a refusal comes from the far end.
BLOCKED = frozenset({"timeout", "reset", "tls", "nxdomain", "error"})


@dataclass(frozen=True)
class Reach:
    """One node: what the probe of the API server's name came to, and the kubelet's failures.

    ``probe`` is None where no probe was collected; ``burst`` is the last stretch of failures.
    """

    node: str
    probe: Probe | None = None
    place: EvidenceRef | None = None
    match: Match | None = None

    @property
    def blocked(self) -> bool:
        """True where the probe got nothing back."""
        return self.probe is not None and self.probe.result in BLOCKED

    @property
    def failed(self) -> bool:
        """True where the probe failed in any way."""
        return self.probe is not None and self.probe.failed

    @property
    def burst(self) -> tuple[datetime, datetime] | None:
        """First and last time of the kubelet's last stretch of failures."""
        enough = self.match is not None and self.match.count - self.match.in_boot_grace >= MIN_COUNT
        return (
            self.match.bursts[-1]
            if self.match is not None and enough and self.match.bursts
            else None
        )

    @property
    def lookup(self) -> str:
        """The DNS server at which the kubelet could not look the API server's name up, or "".

        A server of the customer's is named first.
        """
        servers = self.match.captures.get("server", ()) if self.match is not None else ()
        return min(servers, key=lambda server: not _is_own(server), default="")

    @property
    def own_dns(self) -> bool:
        """True where the kubelet fails at a DNS server that is neither Azure's nor on the node.

        Not where the node's probe found the name, and not where the kubelet names several errors:
        those of a start may stand beside those of now.
        """
        if not self.lookup or not _is_own(self.lookup):
            return False
        if self.probe is not None and self.probe.address:
            return False
        unknown = self.probe is not None and self.probe.result == "nxdomain"
        return unknown or len(self.reasons) == 1

    @property
    def reasons(self) -> tuple[str, ...]:
        """The errors of the kubelet, as Go words them."""
        return self.match.captures.get("reason", ()) if self.match is not None else ()

    def failing(self, now: datetime | None) -> bool:
        """True where the kubelet fails until the collection, and has for minutes."""
        burst = self.burst
        if burst is None or now is None:
            return False
        return burst[1] - burst[0] >= LASTING and now - burst[1] <= STILL

    @property
    def failed_long(self) -> bool:
        """True where a stretch of failures, now over, was long."""
        burst = self.burst
        return burst is not None and burst[1] - burst[0] >= LASTING_PAST


def reaches(
    archives: NodeArchives | None, logs: Logs | None
) -> tuple[tuple[Reach, ...], NotCollected]:
    """What is known of each node, by name, and what is missing where nothing is known at all."""
    matches = _by_node(logs)
    found: dict[str, Reach] = {name: Reach(name, match=m) for name, m in matches.items()}
    gaps: list[Gap] = []
    for node in archives or ():
        try:
            probe, place = api_probe(node)
        except NotCollected as missing:
            gaps += missing.gaps
            continue
        found[node.node] = Reach(node.node, probe, place, matches.get(node.node))
    nothing = Gap(path="nodes/*/probes/api.json", reason=Presence.NOT_ASKED)
    return tuple(found[name] for name in sorted(found)), NotCollected(*(gaps or (nothing,)))


def api_probe(node: NodeFiles) -> tuple[Probe | None, EvidenceRef | None]:
    """The probe of the API server by its own name; the in-cluster Service is another way.

    Raises:
        NotCollected: the node's probes of the API server are not there.
    """
    rows = parse_probes(node.get("probes/api.json"))
    outside = [row for row in rows if "." in row[0].name and not _in_cluster(row[0])]
    return outside[0] if outside else (None, None)


def agents_reach(
    archives: NodeArchives | None, nodes: Iterable[str]
) -> tuple[Probe, EvidenceRef] | None:
    """A probe of the API server from one of the nodes, a failed one first; None without any."""
    wanted = set(nodes)
    rows: list[tuple[Probe, EvidenceRef]] = []
    for node in archives or ():
        if wanted and node.node not in wanted:
            continue
        try:
            probe, place = api_probe(node)
        except NotCollected:
            continue
        if probe is not None and place is not None:
            rows.append((probe, place))
    return min(rows, key=lambda row: not row[0].failed, default=None)


def _is_own(server: str) -> bool:
    """True for a DNS server that the customer chose: not Azure's, and no stub on the node."""
    return server != AZURE_DNS and not server.startswith(("127.", "169.254."))


def _in_cluster(probe: Probe) -> bool:
    """The Service ``kubernetes``, by its name or by an address of its own."""
    return probe.name.startswith("kubernetes.") or probe.name.replace(".", "").isdigit()


def _by_node(logs: Logs | None) -> dict[str, Match]:
    try:
        matches = logs.of(LANDMARK) if logs is not None else ()
    except NotCollected:
        return {}
    return {match.node: match for match in matches if match.node is not None}
