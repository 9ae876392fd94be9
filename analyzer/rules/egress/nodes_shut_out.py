"""The authorised IP ranges of the API server shut out the cluster's own nodes.

What it means:
  The API server answers only to the addresses that were set as authorised, and the address by which
  the nodes go out is not among them.
Why it matters:
  Kubelets cannot reach the API server: nodes turn NotReady, and new ones do not join.
How we know:
  The export of the cluster has authorised ranges, every node that was asked gets no connection to
  the API server, and the same nodes reach other endpoints outside. A way out that is blocked as a
  whole is another matter. Which address the nodes go out by is not part of a bundle.
What to do:
  customer: Add the address of the firewall, NAT gateway or load balancer by which the nodes go out
    (az aks update -g <resource group> -n <cluster> --api-server-authorized-ip-ranges <all ranges>).
References:
  - Authorised IP ranges: https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.parse.host import parse_probes
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import CLUSTER, Subject
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal

RULE = Rule(
    id="AKS-OUT-005",
    title="The authorised IP ranges of the API server shut out the cluster's own nodes",
    component="api-server-access",
    clauses=("SUP-01", "NET-02"),
    signals=frozenset({Signal.OWN_AZURE_NETWORK, Signal.UNHEALTHY}),
)

#: What a connection ends with that the API server's own filter drops or refuses.
_SHUT = frozenset({"timeout", "refused", "reset"})


def check(azure: AzureExports | None, archives: NodeArchives | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    ranges = _ranges(exports.get("managed-cluster"))
    if not ranges:
        raise NotApplicable("the API server has no authorised IP ranges")
    asked: list[tuple[str, EvidenceRef | None]] = []
    for archive in archives or ():
        failed = _api(archive)
        if failed is not None:
            asked.append((archive.node, failed[0] if failed else None))
    if not asked:
        path = "nodes/*/probes/api.json"
        raise NotCollected(Gap(path=path, reason=Presence.NOT_ASKED, detail="no node was asked"))
    shut = [(node, where) for node, where in asked if where is not None]
    if len(shut) == len(asked) and all(_gets_out(archives, node) for node, _ in shut):
        yield Hit(
            subject=CLUSTER,
            saw=f"The API server answers to {', '.join(ranges[:4])} only, and none of the "
            f"{len(asked)} nodes that were asked gets a connection to it, while they reach other "
            "endpoints.",
            expected="The address by which the nodes go out is among the authorised ranges.",
            evidence=(
                exports.where("managed-cluster", "apiServerAccessProfile"),
                *(where for _, where in shut[:2] if where is not None),
            ),
            affects=tuple(Subject(kind="Node", name=node) for node, _ in shut),
        )


def _ranges(cluster: Any) -> list[str]:
    profile = cluster.get("apiServerAccessProfile") if isinstance(cluster, dict) else None
    if not isinstance(profile, dict) or profile.get("enablePrivateCluster"):
        return []
    listed = profile.get("authorizedIpRanges") or profile.get("authorizedIPRanges") or ()
    return [str(one) for one in listed]


def _api(archive: NodeFiles) -> list[EvidenceRef] | None:
    """Where the probes of the API server failed, empty if one got through, None without probes."""
    file = archive.files.get("probes/api.json")
    rows = parse_probes(file) if file is not None else ()
    outside = [(p, ref) for p, ref in rows if not p.name.startswith("kubernetes")]
    if not outside:
        return None
    shut = all(probe.result in _SHUT for probe, _ in outside)
    return [ref for _, ref in outside] if shut else []


def _gets_out(archives: NodeArchives | None, node: str) -> bool:
    archive = archives.nodes.get(node) if archives is not None else None
    file = archive.files.get("probes/egress.json") if archive is not None else None
    rows = parse_probes(file) if file is not None else ()
    return any(not probe.failed for probe, _ in rows)
