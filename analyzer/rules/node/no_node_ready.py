"""No node of the cluster is ready.

What it means:
  Not one node reports Ready. Nothing runs that has to be placed anew, the platform's own pods
  included.
Why it matters:
  The cluster does no work. If no node is ready and no virtual machine runs for 30 days, AKS stops
  it.
How we know:
  The Ready condition of every node; the clock of 30 days starts when the last of them changed.
  The state of the virtual machines in the export of the scale sets tells whether they were
  deallocated behind AKS's back. The cause of single nodes is looked for in the kubelet, the
  runtime, the kernel and the network; if one is found, this is a symptom of it.
What to do:
  customer: Start the virtual machines if they were switched off (az aks start, or scale the
    pool), then see the reason in the nodes' Ready conditions; open a support request if they do
    not come back.
  microsoft: Look at what all nodes have in common: the last change of the cluster, the hosts, the
    network to the control plane.
References:
  - Support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Stop and start a cluster: https://learn.microsoft.com/azure/aks/start-stop-cluster
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Condition, Node
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.node._nodes import require_conditions, settled, stamp
from analyzer.rules.node._reach import looked_at, silent_signals, unseen_signals

RULE = Rule(
    id="AKS-NODE-009",
    title="No node of the cluster is ready",
    component="node",
    clauses=("STOP-03", "STOP-02", "NODE-03"),
    signals=frozenset({Signal.NODE_HOST, Signal.UNHEALTHY}),
)

#: After so long AKS stops a cluster without a ready node and without a running machine.
CLOCK = timedelta(days=30)


def check(
    nodes: Nodes, identity: Identity, archives: NodeArchives | None, azure: AzureExports | None
) -> Iterator[Hit]:
    require_conditions(nodes)
    if not nodes.items:
        raise NotApplicable("the cluster has no nodes")
    judged = [node for node in nodes.items if settled(node, identity.collected_at)]
    if not judged or any(node.ready is not False for node in nodes.items):
        return
    conditions = [(node, c) for node in judged if (c := node.condition("Ready")) is not None]
    since = max(
        (c.last_transition_time for _, c in conditions if c.last_transition_time), default=None
    )
    off = _switched_off(azure)
    unseen = frozenset() if off else _unseen(conditions, nodes, archives)
    ends = f" AKS stops such a cluster on {since + CLOCK:%Y-%m-%d}." if since else ""
    yield Hit(
        subject=CLUSTER,
        saw=f"None of {len(nodes.items)} nodes is ready{stamp(since)}: {_reasons(conditions)}."
        f"{_told(off)}{ends}",
        expected="At least one node is ready.",
        evidence=(
            *(n.where("type: Ready", f"reason: {c.reason}") for n, c in conditions[:3]),
            *off[:2],
        ),
        signals=frozenset({Signal.CHANGED_BY_CUSTOMER}) if off else unseen,
        affects=tuple(node.subject for node in nodes.items),
        first_seen=since,
        last_seen=identity.collected_at,
        would_change=() if off or _power_known(azure) else (_POWER,),
    )


def _unseen(
    conditions: list[tuple[Node, Condition]], nodes: Nodes, archives: NodeArchives | None
) -> frozenset[Signal]:
    """Signals for what was not collected, where no node's own files were looked at."""
    if not conditions or any(looked_at(node, archives) for node, _ in conditions):
        return frozenset()
    if all(condition.status == "Unknown" for _, condition in conditions):
        return silent_signals(conditions[0][0], nodes, archives)
    return unseen_signals(conditions[0][0], archives)


_POWER = (
    "The power state of the virtual machines (az vmss list-instances --expand instanceView -o "
    "json): machines that were deallocated while the cluster is meant to run would make it the "
    "customer's."
)


def _reasons(conditions: list[tuple[Node, Condition]]) -> str:
    texts = [f"{condition.reason}: {condition.message}" for _, condition in conditions]
    common = sorted(set(texts), key=lambda text: (-texts.count(text), text))
    return "; ".join(f"{text} ({texts.count(text)} nodes)" for text in common[:3])


def _told(off: tuple[EvidenceRef, ...]) -> str:
    return (
        f" {len(off)} virtual machines are deallocated while the cluster is meant to run."
        if off
        else ""
    )


def _power_known(azure: AzureExports | None) -> bool:
    return azure is not None and "vmss-instances" in azure.documents


def _switched_off(azure: AzureExports | None) -> tuple[EvidenceRef, ...]:
    """Deallocated machines of a cluster that was not stopped through AKS (az aks stop)."""
    try:
        cluster = azure.get("managed-cluster") if azure is not None else {}
        rows = azure.rows("vmss-instances") if azure is not None else ()
    except NotCollected:
        return ()
    power = cluster.get("powerState") if isinstance(cluster, dict) else None
    if not isinstance(power, dict) or power.get("code") != "Running":
        return ()
    assert azure is not None
    found = []
    for row in rows:
        view = row.get("instanceView")
        states = view.get("statuses") if isinstance(view, dict) else None
        codes = [s.get("code") for s in states or () if isinstance(s, dict)]
        off = next(
            (c for c in codes if c in ("PowerState/deallocated", "PowerState/stopped")), None
        )
        if off:
            where = azure.where(
                "vmss-instances", f"instanceId: {row.get('instanceId')}", f"code: {off}"
            )
            found.append(where)
    return tuple(found)
