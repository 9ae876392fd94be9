"""A node of a kubenet cluster has no route for its pods.

What it means:
  In kubenet the route table of the nodes' subnet leads the pods' addresses to their node. For this
  node there is no such route, it leads elsewhere, or the route controller cannot write it.
Why it matters:
  Pods on the node do not reach pods on other nodes, and the other way round.
How we know:
  The condition NetworkUnavailable with the reason NoRouteCreated, and the events of the route
  controller; or the routes of the exported table against the pod ranges and the addresses of the
  nodes. The controller knows its routes by the node's name in theirs and does not look at where
  they lead: a next hop that is not the node's was written by somebody else. Virtual nodes have no
  route, and nodes that have just joined get theirs within minutes.
What to do:
  customer: Remove what refuses the route (the event names it: a lock, a policy, a missing role of
    the cluster's identity on the route table, 400 routes), or leave the table to AKS. Delete a
    route that leads elsewhere (az network route-table route delete): AKS writes it anew.
  microsoft: See why the route controller does not write the route.
References:
  - kubenet: https://learn.microsoft.com/azure/aks/configure-kubenet
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity, NetworkMode
from analyzer.facts.listings import Events, Nodes
from analyzer.facts.objects import Event, Node
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.azure._activity import Write, latest, signals_of, writes
from analyzer.rules.azure._cluster import cluster_of, word
from analyzer.rules.azure._codes import Kind, kind_of

RULE = Rule(
    id="AKS-RTE-001",
    title="A node of a kubenet cluster has no route for its pods",
    component="kubenet",
    clauses=("SUP-05", "SUP-06", "MGD-04"),
    signals=frozenset({Signal.POD_NETWORK, Signal.MANAGED_COMPONENT, Signal.UNHEALTHY}),
)

#: The route controller runs every ten seconds; Azure takes up to a minute for a route.
PATIENCE = timedelta(minutes=10)
#: Where a route of one prefix leads: the next hops by address, and by type where there is none.
Table = Mapping[str, tuple[str, ...]]
_LOG = (
    "az monitor activity-log list -g <resource group of the route table> --offset 90d: who wrote "
    "or deleted the route. Somebody other than AKS would make it the customer's for sure."
)
_WHY = {
    Kind.GOVERNANCE: Signal.AZURE_GOVERNANCE,
    Kind.AUTHORIZATION: Signal.AUTHORIZATION_OF_CLUSTER_IDENTITY,
    Kind.SUBSCRIPTION: Signal.SUBSCRIPTION_DISABLED,
}


def check(
    nodes: Nodes, identity: Identity, events: Events | None, azure: AzureExports | None
) -> Iterator[Hit]:
    if identity.network.mode is not NetworkMode.KUBENET:
        raise NotApplicable("the cluster does not run kubenet")
    now = identity.collected_at
    table = _table(azure)
    for node in nodes.require().items:
        born = node.metadata.creation_timestamp
        young = born is not None and now is not None and now - born < PATIENCE
        if young or node.metadata.labels.get("type") == "virtual-kubelet":
            continue
        told = [e for e in (events.items if events is not None else ()) if _is_of(e, node)]
        where = _lacks(node, table, azure)
        hops = _elsewhere(node, table)
        if where is not None:
            yield _hit(node, told, where, azure)
        elif hops and azure is not None:
            yield _misled(node, hops, azure)


def _is_of(event: Event, node: Node) -> bool:
    return event.reason == "FailedToCreateRoute" and event.about[2] == node.name


def _table(azure: AzureExports | None) -> Table | None:
    """All prefixes that the exported tables route to nodes; None where there is no such table."""
    try:
        rows = azure.rows("route-tables") if azure is not None else ()
    except NotCollected:
        return None
    tables = [[r for r in row.get("routes") or () if isinstance(r, dict)] for row in rows]
    # AKS names its routes after the node; a table without any is not the cluster's.
    own = [t for t in tables if any("____" in str(r.get("name") or "") for r in t)]
    table: dict[str, tuple[str, ...]] = {}
    for route in (route for routes in own for route in routes):
        prefix = str(route.get("addressPrefix"))
        hop = str(route.get("nextHopIpAddress") or route.get("nextHopType") or "")
        table[prefix] = (*table.get(prefix, ()), hop)
    return table or None


def _elsewhere(node: Node, table: Table | None) -> tuple[str, ...]:
    """Where the route of the node's pods leads, if that is none of the node's own addresses."""
    hops = (table or {}).get(node.spec.pod_cidr or "", ())
    own = _addresses(node)
    return hops if own and all(hops) and not set(own) & set(hops) else ()


def _addresses(node: Node) -> tuple[str, ...]:
    return tuple(a.address for a in node.status.addresses if a.type == "InternalIP")


def _lacks(node: Node, table: Table | None, azure: AzureExports | None) -> EvidenceRef | None:
    condition = node.condition("NetworkUnavailable")
    if condition is not None and condition.status == "True":
        return node.where("type: NetworkUnavailable", f"reason: {condition.reason}")
    cidr = node.spec.pod_cidr
    if table is not None and azure is not None and cidr and cidr not in table:
        return azure.where("route-tables", "routes", what=f"no route for {cidr}")
    return None


def _hit(node: Node, told: list[Event], where: EvidenceRef, azure: AzureExports | None) -> Hit:
    newest = max(told, key=lambda e: (e.last is not None, e.last, e.name), default=None)
    known = kind_of(newest.text) if newest else None
    signal = _WHY.get(known[0]) if known else None
    author, unseen = _author(azure)
    condition = node.condition("NetworkUnavailable")
    said = f" The route controller says: {newest.text[:300]}." if newest else ""
    said += f" The activity log shows {author}." if author else ""
    return Hit(
        subject=node.subject,
        title=f"Node {node.name} has no route for its pods",
        saw=f"There is no route for {node.spec.pod_cidr} to {node.name}.{said}",
        expected="Every node's pod range is routed to it.",
        evidence=(
            where,
            *((newest.where("message"),) if newest else ()),
            *((author.where(azure),) if author and azure else ()),
        ),
        signals=_signals(signal, author, unseen=unseen),
        first_seen=condition.last_transition_time
        if condition is not None and condition.status == "True"
        else None,
        would_change=() if signal or author or not unseen else (_LOG,),
    )


def _misled(node: Node, hops: tuple[str, ...], azure: AzureExports) -> Hit:
    """A route that leads elsewhere is nobody's doing but somebody's with rights on the table."""
    author, _ = _author(azure)
    cidr, own = node.spec.pod_cidr, _addresses(node)[0]
    who = f" The activity log shows {author}." if author else ""
    return Hit(
        subject=node.subject,
        title=f"The route for the pods of node {node.name} leads elsewhere",
        saw=f"The route for {cidr} of {node.name} leads to {', '.join(hops)}, and the node has the "
        f"address {own}.{who}",
        expected="Every node's pod range is routed to it.",
        evidence=(
            azure.where(
                "route-tables",
                f"addressPrefix: {cidr}",
                f"nextHopIpAddress: {hops[0]}",
                what=f"the route for {cidr}",
            ),
            node.where(f"address: {own}"),
            *((author.where(azure),) if author else ()),
        ),
        signals=signals_of(author) | {Signal.MANAGED_NETWORK_CHANGED},
        first_seen=author.at if author else None,
        would_change=() if author else (_LOG,),
    )


def _author(azure: AzureExports | None) -> tuple[Write | None, bool]:
    """The last write of somebody else on a route table, and whether nobody could look for one.

    A table in a network of the customer's own lies outside of the group whose log is exported.
    """
    try:
        exports = azure or AzureExports()
        done = [w for w in writes(exports) if w.foreign and "/routetables" in w.resource]
        tables = exports.rows("route-tables")
        group = word(cluster_of(exports).get("nodeResourceGroup"))
    except NotCollected:
        return None, True
    logged = any(word(table.get("resourceGroup")) == group for table in tables)
    return latest(done), not logged


def _signals(signal: Signal | None, author: Write | None, *, unseen: bool) -> frozenset[Signal]:
    if signal is not None:
        return frozenset({signal})
    if author is not None:
        return signals_of(author) | {Signal.MANAGED_NETWORK_CHANGED}
    return frozenset({Signal.CHANGE_NOT_CHECKED} if unseen else ())
