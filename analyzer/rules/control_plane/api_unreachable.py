"""Nodes cannot reach the API server.

What it means:
  From these nodes no connection to the API server comes about, although the API server itself could
  be asked by the collector.
Why it matters:
  The nodes become NotReady, their pods are moved away or keep running unmanaged, and nothing new
  starts on them.
How we know:
  A connection test from each node, and the kubelet's own errors when it renews its lease or reports
  its status, over five minutes or more until the collection. Start-up, and short gaps while the
  control plane is updated, are left out. A lookup that fails at a DNS server other than Azure's is
  that server's. If other endpoints cannot be reached either, or the API server itself is ill, that
  explains it.
What to do:
  customer: Let the nodes reach the API server's name on port 443 (firewall, network security
    group, route table, DNS server, authorised IP ranges), and test it from a node again.
  microsoft: Look at the way from the nodes named here to the API server.
References:
  - Outbound rules: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
  - Limit access to the API server: https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analyzer.facts.facts import ApiServer
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Node
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.control_plane._reach import Reach, reaches

RULE = Rule(
    id="AKS-CTL-002",
    title="Nodes cannot reach the API server",
    component="api-server-access",
    clauses=("SUP-01", "NET-02"),
    signals=frozenset({Signal.CONTROL_PLANE, Signal.UNHEALTHY}),
)

_CAUSES = frozenset({"api-server-unhealthy", "no-egress", "packets-dropped", "kernel-stalls",
                     "node-overloaded", "runtime-down"})  # fmt: skip


@dataclass(frozen=True)
class _World:
    identity: Identity
    nodes: Mapping[str, Node]
    logs: Logs | None
    api_healthy: bool

    def pool(self, name: str) -> str:
        """The pool of a node, for grouping; empty where the node is not shown."""
        return self.nodes[name].pool if name in self.nodes else ""

    def ready(self, name: str) -> bool:
        """True where the API server shows the node as ready: its kubelet does reach it."""
        return name in self.nodes and self.nodes[name].ready is True


def check(
    identity: Identity,
    archives: NodeArchives | None,
    logs: Logs | None,
    nodes: Nodes | None,
    api_server: ApiServer | None,
) -> Iterator[Hit]:
    by_name = {node.name: node for node in nodes.items} if nodes is not None else {}
    world = _World(identity, by_name, logs, _healthy(api_server))
    found, missing = reaches(archives, logs)
    for reach in found:
        variant = _variant(reach, world)
        if variant is not None:
            yield _hit(reach, variant, world)
    if not any(reach.probe is not None for reach in found):
        raise missing


def _healthy(api_server: ApiServer | None) -> bool:
    """False only where the API server itself says that it is ill."""
    try:
        return api_server is None or all(check.passed for check in api_server.health("livez"))
    except NotCollected:
        return True


def _variant(reach: Reach, world: _World) -> str | None:
    if reach.failing(world.identity.collected_at):
        return "default"
    if reach.failed:
        # Ready is what the kubelet itself has just told the API server: a test of the collector's
        # that fails beside it is one connection, whether or not the kubelet's journal came along.
        works = world.ready(reach.node) and reach.burst is None
        return "probe-only" if works else "default"
    return "past" if reach.failed_long else None


def _hit(reach: Reach, variant: str, world: _World) -> Hit:
    burst = reach.burst
    result = reach.probe.result if reach.probe is not None else ""
    lost_name = result == "nxdomain" or bool(reach.lookup)
    causes = _CAUSES | ({"no-dns"} if lost_name else set())
    return Hit(
        subject=Subject(kind="Node", name=reach.node),
        title=_title(variant),
        saw=_sentence(reach),
        expected="Every node reaches the API server on port 443.",
        evidence=_evidence(reach),
        variant=variant,
        group=f"{variant}|{world.pool(reach.node)}|{result}",
        signals=_signals(reach, variant, world),
        affects=(Subject(kind="Node", name=reach.node),),
        first_seen=burst[0] if burst else (reach.probe.at if reach.probe is not None else None),
        onset_at_latest=True,
        last_seen=burst[1] if burst else world.identity.collected_at,
        instance_of=frozenset(causes),
        produces=None if variant == "default" else frozenset(),
    )


def _title(variant: str) -> str:
    return {
        "past": "Nodes could not reach the API server for a while",
        "probe-only": "A connection test to the API server failed on nodes that are ready",
    }.get(variant, "Nodes cannot reach the API server")


def _signals(reach: Reach, variant: str, world: _World) -> frozenset[Signal]:
    """A probe that gets nothing back from a healthy API server speaks for the way in between.

    A name that a DNS server of the customer's does not give speaks for that server.
    """
    if reach.own_dns and reach.burst is not None:
        return frozenset({Signal.CUSTOM_DNS})
    if variant == "past" or reach.probe is None:
        return frozenset({Signal.EGRESS_NOT_CHECKED})
    if reach.blocked and world.api_healthy:
        return frozenset({Signal.EGRESS_BLOCKED})
    if reach.failed and not world.api_healthy:
        return frozenset()
    # Refused on the way or at the far end, or the probe got through and the kubelet did not.
    return frozenset({Signal.EGRESS_NOT_CHECKED})


def _sentence(reach: Reach) -> str:
    parts = []
    if reach.probe is not None:
        detail = f" ({reach.probe.detail})" if reach.probe.detail else ""
        parts.append(
            f"a connection from {reach.node} to {reach.probe.name}: {reach.probe.result}{detail}"
        )
    if reach.match is not None and reach.burst is not None:
        first, last = reach.burst
        parts.append(
            f"the kubelet failed {reach.match.count} times, last from {first:%Y-%m-%d %H:%M} "
            f"to {last:%H:%M} UTC{_error(reach)}"
        )
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def _error(reach: Reach) -> str:
    """What the kubelet's errors say, and which DNS server could not tell the name."""
    if not reach.reasons:
        return ""
    where = f"the name of the API server at DNS server {reach.lookup}: " if reach.lookup else ""
    return f" ({where}{', '.join(reach.reasons[:3])})"


def _evidence(reach: Reach) -> tuple[EvidenceRef, ...]:
    samples = reach.match.samples[:2] if reach.match is not None else ()
    place = (reach.place,) if reach.place is not None and reach.failed else ()
    return (*place, *samples) or ((reach.place,) if reach.place is not None else ())
