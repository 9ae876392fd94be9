"""Nodes cannot reach an endpoint that AKS needs.

What it means:
  From the nodes' own network a required name cannot be resolved, or the connection to it times
  out, is refused, is cut, or is answered with another certificate.
Why it matters:
  Nodes cannot pull the platform's images, cannot join, cannot get tokens, and upgrades fail.
How we know:
  The probes that the collector ran on every node, against the endpoints that AKS lists for this
  cloud; where there are none, the EgressBlocked events of node-problem-detector and the exit
  codes of the nodes' provisioning. Clusters without outbound access (outboundType none or block)
  are left out. Where the outbound type was not collected, no node gets anywhere and nothing suffers
  from it, the cluster may be one of those: told as low.
What to do:
  customer: Allow the endpoint in the firewall, network security group, route table, proxy or DNS
    server through which the nodes go out; then run the probe again (nc -vz HOST 443 from a node).
References:
  - Outbound rules: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
  - Outbound types: https://learn.microsoft.com/azure/aks/egress-outboundtype
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Nodes, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.egress._blocked import (
    VITAL,
    Blocked,
    Probes,
    by_event,
    by_probe,
    by_provisioning,
)

RULE = Rule(
    id="AKS-NET-001",
    title="Nodes cannot reach an endpoint that AKS needs",
    component="egress",
    clauses=("NET-02", "NET-01", "LIM-01"),
    signals=frozenset({Signal.UNHEALTHY}),
)

#: Outbound types under which nodes are not meant to get out.
CLOSED = frozenset({"none", "block"})
_HOW = {
    "timeout": "the connection times out",
    "refused": "the connection is refused",
    "nxdomain": "the name cannot be resolved",
    "reset": "the connection is cut",
    "tls": "the certificate is not the endpoint's own",
    "event": "node-problem-detector cannot reach it",
    "provisioning": "the provisioning of the node could not reach it",
}


_NO_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff"})
_CLOSED = (
    "az aks show (networkProfile.outboundType) would tell whether the cluster is meant to have no "
    "way out: with none or block this is no problem at all."
)
_PROXIED = "nodes go out through an HTTP proxy, and no probe was made through it"


def check(
    identity: Identity,
    nodes: Nodes | None,
    archives: NodeArchives | None,
    events: Events | None,
    azure: AzureExports | None,
    logs: Logs | None,
    pods: Pods | None,
) -> Iterator[Hit]:
    if _outbound(azure) in CLOSED:
        raise NotApplicable("the cluster is set up without outbound access")
    proxy = _has_proxy(azure)
    probes = Probes.of(None if proxy else archives, identity)
    found = [
        *by_probe(probes),
        *by_event(None if proxy else events, probes, identity),
        *by_provisioning(logs, nodes, probes.nodes, identity.collected_at),
    ]
    quiet = not _outbound(azure) and _suffers_not(probes, nodes, pods)
    for group in _groups(found):
        for hit in _hits(group, probes, identity):
            yield replace(hit, variant="quiet", would_change=(_CLOSED,)) if quiet else hit
    if not probes.nodes and not found:
        proxied = proxy or bool(probes.proxied)
        detail = _PROXIED if proxied else "no node sent probes of the endpoints that AKS needs"
        path = "nodes/*/probes/egress.json"
        raise NotCollected(Gap(path=path, reason=Presence.NOT_ASKED, detail=detail))


def _suffers_not(probes: Probes, nodes: Nodes | None, pods: Pods | None) -> bool:
    """True where not one probe of any node gets out, all nodes are ready, and no image is missing.

    What was not shown counts as suffering: a pod whose pull fails may be among what is missing.
    """
    if nodes is None or pods is None or pods.gaps or not probes.nodes:
        return False
    if not all(probes.all_fail(name) for name in probes.nodes):
        return False
    ready = {node.name for node in nodes.items if node.ready}
    waits = (status.state.waiting for pod in pods.items for status in pod.statuses)
    return ready >= probes.nodes and not any(wait and wait.reason in _NO_IMAGE for wait in waits)


def _cluster(azure: AzureExports | None, part: str) -> Mapping[str, Any]:
    """A part of the cluster's export, empty where it is not there."""
    try:
        cluster = azure.get("managed-cluster") if azure is not None else {}
    except NotCollected:
        return {}
    found = cluster.get(part) if isinstance(cluster, dict) else None
    return found if isinstance(found, dict) else {}


def _outbound(azure: AzureExports | None) -> str:
    return str(_cluster(azure, "networkProfile").get("outboundType") or "")


def _has_proxy(azure: AzureExports | None) -> bool:
    """True where nodes go out through an HTTP proxy: a direct connection is not their way then."""
    proxy = _cluster(azure, "httpProxyConfig")
    return proxy.get("enabled") is not False and bool(
        proxy.get("httpsProxy") or proxy.get("httpProxy")
    )


def _groups(found: list[Blocked]) -> list[list[Blocked]]:
    """Endpoints that fail in the same way on the same nodes have one cause."""
    by_host: dict[str, list[Blocked]] = {}
    for one in found:
        by_host.setdefault(one.host, []).append(one)
    groups: dict[tuple[str, ...], list[Blocked]] = {}
    for host in sorted(by_host, key=lambda h: (h not in VITAL, not by_host[h][0].vital, h)):
        key = tuple(sorted(f"{one.node}|{one.how}" for one in by_host[host]))
        groups.setdefault(key, []).extend(by_host[host])
    return list(groups.values())


def _hits(group: list[Blocked], probes: Probes, identity: Identity) -> Iterator[Hit]:
    """One hit for each node, all of one group in one finding; the weightiest endpoint first."""
    names = sorted({one.node for one in group})
    hosts = list(dict.fromkeys(one.host for one in group))
    alone = len(names) == 1 and len(probes.nodes) > 2
    effects = frozenset().union(*(one.produces for one in group)) | probes.api_effects(names)
    for name in names:
        own = [one for one in group if one.node == name]
        yield Hit(
            subject=Subject(kind="Endpoint", name=hosts[0]),
            title=_title(hosts, names, alone=alone),
            saw=_sentence(hosts, group, names, len(probes.nodes | set(names))),
            expected=f"Every node reaches what AKS needs: {', '.join(hosts)}.",
            evidence=tuple(one.evidence for one in own[:3]),
            variant="one-node" if alone else ("default" if own[0].vital else "minor"),
            group=f"{','.join(hosts)}|{own[0].how}",
            signals=_signals(own[0], probes),
            affects=(
                Subject(kind="Node", name=name),
                *(Subject(kind="Endpoint", name=host) for host in hosts[1:]),
            ),
            first_seen=own[0].since,
            onset_at_latest=True,
            last_seen=own[0].until or identity.collected_at,
            produces=effects,
        )


def _title(hosts: list[str], names: list[str], *, alone: bool) -> str:
    what = hosts[0] if len(hosts) == 1 else f"{len(hosts)} endpoints that AKS needs"
    return f"Node {names[0]} cannot reach {what}" if alone else f"Nodes cannot reach {what}"


def _signals(one: Blocked, probes: Probes) -> frozenset[Signal]:
    """A name that nobody resolves, asked of Azure's own DNS, does not speak for a firewall."""
    if one.how == "nxdomain" and probes.dns_is_azures(one.node) and probes.all_fail(one.node):
        return frozenset({Signal.NODE_HOST, Signal.CHANGE_NOT_CHECKED})
    return frozenset({Signal.EGRESS_BLOCKED})


def _sentence(hosts: list[str], group: list[Blocked], names: list[str], total: int) -> str:
    hows = sorted({_HOW.get(one.how, one.how) for one in group})
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    what, how = ", ".join(hosts), " or ".join(hows)
    return f"{len(names)} of {total} nodes ({shown}) cannot reach {what}: {how}."
