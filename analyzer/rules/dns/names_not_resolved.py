"""Names cannot be resolved.

What it means:
  The DNS server that a node or CoreDNS asks for names outside of the cluster does not answer, or
  says that a name which AKS needs does not exist.
Why it matters:
  Images are not pulled, the API server is not found, and nothing in the cluster reaches a service
  outside by its name.
How we know:
  The collector looked names up on each node at every server of its resolv.conf; a name that no
  server gives, or a server that answers nothing, counts. In CoreDNS's log, time-outs of its
  upstream count when they go on for ten minutes or more until the collection. Single lines and
  single time-outs do not. Servers other than Azure's 168.63.129.16 are the customer's; Azure's is
  held for silent only where the node itself gets no answer from it, and reaches other things.
What to do:
  customer: Make the DNS server answer from the subnet of the nodes, and let it forward what it does
    not know to 168.63.129.16. Link private DNS zones to the virtual network.
  microsoft: Look at Azure DNS (168.63.129.16) on the hosts of the nodes named here.
  cni-vendor: Look at the way from pods to the DNS server on the nodes named here.
References:
  - Name resolution in virtual networks: https://learn.microsoft.com/azure/virtual-network/virtual-networks-name-resolution-for-vms-and-role-instances
  - Outbound rules: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
  - Debugging DNS: https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from analyzer.facts.identity import Identity
from analyzer.facts.listings import ConfigMaps, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.dns._coredns import CUSTOM, SYSTEM, coredns_pods, pod_subject
from analyzer.rules.dns._resolvers import NodeView, look, owner_signals
from analyzer.rules.dns._upstream import AZURE, Upstream, failing_upstreams

RULE = Rule(
    id="AKS-DNS-002",
    title="Names cannot be resolved",
    component="dns",
    clauses=("SUP-05", "NET-02", "MGD-03"),
    signals=frozenset({Signal.UNHEALTHY}),
)

_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")


_ON_NODE = frozenset({"packets-dropped", "kernel-stalls"})
_DENIED = (
    "A network security group that denies the tag AzurePlatformDNS, or probes of the nodes "
    "(probes/dns.json, probes/egress.json), would tell a rule of the customer's from Azure's DNS."
)


def check(
    identity: Identity,
    archives: NodeArchives | None,
    logs: Logs | None,
    pods: Pods | None,
    config_maps: ConfigMaps | None,
) -> Iterator[Hit]:
    views, missing = look(archives)
    for view in views:
        if view.failed:
            yield _on_node(view, identity.collected_at)
    for upstream in failing_upstreams(logs, identity.collected_at, _own_servers(config_maps)):
        yield _of_coredns(upstream, views, pods)
    if not views:
        raise missing


def _on_node(view: NodeView, now: datetime | None) -> Hit:
    probe, place = view.failed[0]
    servers = ", ".join(view.servers) or "its DNS server"
    names = ", ".join(dict.fromkeys(row.name for row, _ in view.failed))
    return Hit(
        subject=Subject(kind="Endpoint", name=view.servers[0] if view.servers else "dns"),
        title=f"Nodes cannot resolve names at {servers}",
        saw=f"Node {view.node} asked {servers} for {names}: {probe.result}",
        expected="An address for every name that AKS needs.",
        evidence=(place,),
        group=f"node|{servers}|{probe.result}",
        signals=owner_signals(view.servers, probe.result, others_answer=view.others_answer),
        affects=(Subject(kind="Node", name=view.node),),
        first_seen=probe.at,
        onset_at_latest=True,
        last_seen=now,
        variant="default",
        instance_of=_ON_NODE | ({"no-egress"} if view.cut_off else set()),
        would_change=(_DENIED,) if AZURE in view.servers else (),
    )


def _of_coredns(upstream: Upstream, views: tuple[NodeView, ...], pods: Pods | None) -> Hit:
    names = {match.pod for match in upstream.matches}
    own = [pod for pod in coredns_pods(pods) if pod.name in names] if pods is not None else []
    since = f" since {upstream.since:%Y-%m-%d %H:%M} UTC" if upstream.since else ""
    asked = sorted({name for match in upstream.matches for name in match.captures.get("name", ())})
    example = f", for example of {asked[0]}" if asked else ""
    return Hit(
        subject=Subject(kind="Endpoint", name=upstream.server),
        title=f"CoreDNS gets no answer from {upstream.server}",
        component="coredns",
        saw=f"{upstream.count} lookups at {upstream.server} failed{since}{example}",
        expected="Answers within two seconds.",
        evidence=tuple(sample for m in upstream.matches[:3] for sample in m.samples[:1]),
        variant="own-zone" if upstream.own_zone else "upstream",
        signals=_signals(upstream, views),
        affects=(*(pod_subject(pod) for pod in own), *((CUSTOM,) if upstream.own_zone else ())),
        first_seen=upstream.since,
        onset_at_latest=True,
        last_seen=upstream.until,
        count=upstream.count,
        produces=frozenset() if upstream.own_zone else None,
        would_change=(_DENIED,) if upstream.address == AZURE else (),
    )


def _signals(upstream: Upstream, views: tuple[NodeView, ...]) -> frozenset[Signal]:
    """Azure's server is at fault where nodes that reach other things get nothing from it either."""
    if upstream.own_zone:
        return frozenset({Signal.CUSTOMISATION_BREAKS})
    if upstream.address == AZURE and any(AZURE in view.answered for view in views):
        return frozenset({Signal.POD_NETWORK})  # the nodes get answers from it, pods do not
    silent = any(view.lost(AZURE) and view.others_answer for view in views)
    return owner_signals((upstream.address,), "timeout", others_answer=silent)


def _own_servers(config_maps: ConfigMaps | None) -> frozenset[str]:
    """Addresses in coredns-custom: the servers to which the customer forwards own zones."""
    try:
        custom = config_maps.get(SYSTEM, "coredns-custom") if config_maps is not None else None
    except NotCollected:
        return frozenset()
    texts = custom.data.values() if custom is not None else ()
    return frozenset(_ADDRESS.findall("\n".join(texts)))
