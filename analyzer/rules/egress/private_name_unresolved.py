"""Nodes cannot resolve the private name of the API server.

What it means:
  The API server of a private cluster has a name in a private DNS zone, and the DNS servers that
  the nodes ask do not know it.
Why it matters:
  Kubelets cannot reach the API server by name: nodes do not join, and those that run turn NotReady
  when their connection ends.
How we know:
  The collector's look-ups of the API server's name on the nodes, where the name lies in a private
  zone (privatelink.<region>.azmk8s.io or one of the customer's) and the answer is that there is no
  such name. The export of the cluster tells whether it is private and whose the zone is.
What to do:
  customer: Link the private DNS zone to the virtual network whose DNS servers the nodes ask (az
    network private-dns link vnet create), and let own DNS servers forward the zone to
    168.63.129.16.
  microsoft: For a zone that AKS made, see that it is linked to the cluster's network.
References:
  - Private clusters: https://learn.microsoft.com/azure/aks/private-clusters
  - Private DNS zones: https://learn.microsoft.com/azure/dns/private-dns-virtual-network-links
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.facts.azure import AzureExports
from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.parse.host import Probe, parse_probes
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.egress._blocked import AZURE_DNS

RULE = Rule(
    id="AKS-OUT-004",
    title="Nodes cannot resolve the private name of the API server",
    component="private-dns",
    clauses=("SUP-01", "SUP-07", "LIM-01"),
    signals=frozenset({Signal.UNHEALTHY}),
)

#: Names of private API servers (learn.microsoft.com/azure/aks/private-clusters).
_PRIVATE = re.compile(r"\.(?:privatelink|private)\.[a-z0-9.]+\.(?:azmk8s\.io|cx\.aks\.\S+)\.?$")
_NO_NAME = frozenset({"nxdomain"})


def check(archives: NodeArchives, azure: AzureExports | None) -> Iterator[Hit]:
    archives.require()
    gaps: list[Gap] = []
    read = 0
    private = _private_name(azure)
    for archive in archives:
        try:
            rows = parse_probes(archive.get("probes/dns.json"))
        except NotCollected as missing:
            gaps += missing.gaps
            continue
        read += 1
        names = [(p, ref) for p, ref in rows if _PRIVATE.search(p.name) or p.name == private]
        if names and all(p.result in _NO_NAME for p, _ in names):
            yield _hit(archive, names[0], azure)
    if not read:
        raise NotCollected(*gaps)


def _private_name(azure: AzureExports | None) -> str:
    try:
        cluster = azure.get("managed-cluster") if azure is not None else {}
    except NotCollected:
        return ""
    return str(cluster.get("privateFqdn") or "") if isinstance(cluster, dict) else ""


def _hit(archive: NodeFiles, failed: tuple[Probe, EvidenceRef], azure: AzureExports | None) -> Hit:
    probe, where = failed
    resolvers = archive.files.get("network/resolv.conf")
    servers = re.findall(r"^\s*nameserver\s+(\S+)", resolvers.text if resolvers else "", re.M)
    own = sorted(set(servers) - {AZURE_DNS, "127.0.0.53"})
    asked = f" The node asks {', '.join(own)}." if own else ""
    zone = _zone(azure)
    theirs = bool(own) or zone == "own"
    return Hit(
        subject=Subject(kind="Endpoint", name=probe.name),
        saw=f"There is no name {probe.name} for the DNS servers of {archive.node}.{asked}",
        expected="The nodes' DNS servers know the private zone of the API server.",
        evidence=(where, *((resolvers.at(1),) if resolvers else ())),
        group=probe.name,
        signals=frozenset(
            {Signal.CUSTOM_DNS if own else Signal.OWN_AZURE_NETWORK}
            if theirs
            else {Signal.CONTROL_PLANE, Signal.CHANGE_NOT_CHECKED}
        ),
        affects=(Subject(kind="Node", name=archive.node),),
    )


def _zone(azure: AzureExports | None) -> str:
    """Whose the private DNS zone is: ``own``, ``system``, or empty where it is not shown."""
    try:
        cluster = azure.get("managed-cluster") if azure is not None else {}
    except NotCollected:
        return ""
    profile = cluster.get("apiServerAccessProfile") if isinstance(cluster, dict) else None
    zone = str((profile or {}).get("privateDnsZone") or "").lower()
    return "own" if zone.startswith("/subscriptions/") else zone
