"""Nodes are cordoned by hand, and pods find no place.

What it means:
  Somebody marked nodes as unschedulable (kubectl cordon, kubectl drain) and left them so, until
  too few nodes take new pods.
Why it matters:
  Pods that have to start or move stay Pending, the platform's own among them.
How we know:
  The field unschedulable of the nodes and who wrote it, and pods that the scheduler could not
  place for that reason. Nodes that AKS itself drains (upgrade, repair, scale-down) are left out,
  and so is a single cordoned node while everything finds a place.
What to do:
  customer: Make the nodes schedulable again (kubectl uncordon NODE), or add nodes if they are to
    go.
  microsoft: Look at the operation that left the nodes cordoned.
References:
  - Safely drain a node: https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.attribution import Change, changes
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Nodes, Pods
from analyzer.facts.objects import Node, Pod
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.subject import CLUSTER, Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import counted, earliest, leaving, pools_of, stamp, virtual

RULE = Rule(
    id="AKS-NODE-011",
    title="Nodes are cordoned, and pods find no place",
    component="node",
    clauses=("SUP-05", "UNS-01"),
)

TAINT = "node.kubernetes.io/unschedulable"
#: Taints of AKS's own drains.
OF_AKS = frozenset(
    {"remediator.kubernetes.azure.com/unschedulable", "remediator.aks.microsoft.com/unschedulable"}
)
#: Events with which AKS and its scalers drain nodes.
DRAINS = frozenset(
    {"Drain", "Surge", "Upgrade", "ScaleDown", "NodeReimageStart", "NodeRebootStart"}
)
#: A drain by hand takes some minutes.
PATIENCE = timedelta(minutes=30)
#: Share of the nodes of a pool or of the cluster from which on capacity is gone.
MOST = 0.75


def check(
    nodes: Nodes, identity: Identity, pods: Pods | None, events: Events | None
) -> Iterator[Hit]:
    nodes.require()
    drained = (
        {e.about[2] for e in events.items if e.reason in DRAINS} if events is not None else set()
    )
    cordoned = [n for n in nodes.items if n.spec.unschedulable and not _by_aks(n, drained)]
    if not cordoned:
        return
    waiting = _waiting(pods)
    if waiting or _capacity_gone(cordoned, nodes, identity.collected_at):
        yield _hit(cordoned, waiting, nodes)
    elif pods is None:
        Pods().require()


def _by_aks(node: Node, drained: set[str]) -> bool:
    if leaving(node) or virtual(node) or node.name in drained:
        return True
    who = _author(node)
    marked = any(taint.key in OF_AKS for taint in node.spec.taints)
    return marked or (who is not None and who.kind == "aks")


def _author(node: Node) -> Change | None:
    """Who wrote ``spec.unschedulable`` last; None where the managed fields do not show it."""
    try:
        found = [c for c in changes(node) if "spec.unschedulable" in c.fields]
    except NotCollected:
        return None
    return max(found, key=lambda c: (c.time is not None, c.time, c.manager), default=None)


def _waiting(pods: Pods | None) -> list[Pod]:
    """Pods that the scheduler could not place because nodes are unschedulable."""
    return [pod for pod in (pods.items if pods is not None else ()) if _is_kept_out(pod)]


def _is_kept_out(pod: Pod) -> bool:
    condition = pod.condition("PodScheduled")
    if pod.status.phase != "Pending" or condition is None or condition.status != "False":
        return False
    return "were unschedulable" in condition.message or TAINT in condition.message


def _capacity_gone(cordoned: list[Node], nodes: Nodes, now: datetime | None) -> bool:
    """True where most of the cluster, or all of a system pool, has been cordoned for a while."""
    lasting = [n for n in cordoned if (s := _since(n)) is None or now is None or now - s > PATIENCE]
    names = {node.name for node in lasting}
    real = [node for node in nodes.items if not virtual(node)]
    if len(names) >= MOST * len(real):
        return True
    return any(
        {n.name for n in own} <= names and any(_is_system(n) for n in own)
        for own in pools_of(real).values()
    )


def _is_system(node: Node) -> bool:
    return node.metadata.labels.get("kubernetes.azure.com/mode") == "system"


def _since(node: Node) -> datetime | None:
    return earliest(taint.time_added for taint in node.spec.taints if taint.key == TAINT)


def _hit(cordoned: list[Node], waiting: list[Pod], nodes: Nodes) -> Hit:
    names = [node.name for node in cordoned]
    authors = [who for node in cordoned if (who := _author(node)) is not None]
    by = next((who for who in authors if who.kind == "customer"), None)
    open_question = {Signal.NODE_HOST, Signal.CHANGE_NOT_CHECKED}
    return Hit(
        subject=cordoned[0].subject if len(cordoned) == 1 else CLUSTER,
        title=f"{counted(names, 'Node', 'nodes')} {'is' if len(names) == 1 else 'are'} cordoned",
        saw=_sentence(cordoned, waiting, nodes, by),
        expected="Nodes that are not being replaced take new pods.",
        evidence=(
            *_evidence(cordoned, by),
            *(pod.where("type: PodScheduled", "message") for pod in waiting[:2]),
        ),
        variant="pods-wait" if waiting else "default",
        signals=frozenset({Signal.OWN_OPERATION} if by else open_question),
        affects=(*(n.subject for n in cordoned), *(_pod(pod) for pod in waiting[:20])),
        first_seen=earliest(_since(node) for node in cordoned),
        do_next=f"Make them schedulable again: kubectl uncordon {' '.join(names[:5])}"
        if by
        else None,
    )


def _sentence(cordoned: list[Node], waiting: list[Pod], nodes: Nodes, by: Change | None) -> str:
    since = stamp(earliest(_since(node) for node in cordoned))
    said = f"Cordoned by {by}." if by else "Who cordoned them is not shown."
    pods = f" {len(waiting)} pods wait for a place." if waiting else ""
    return f"{len(cordoned)} of {len(nodes.items)} nodes are unschedulable{since}. {said}{pods}"


def _pod(pod: Pod) -> Subject:
    return Subject(kind="Pod", name=pod.name, namespace=pod.namespace)


def _evidence(cordoned: list[Node], by: Change | None) -> Iterator[EvidenceRef]:
    for node in cordoned[:3]:
        yield node.where("spec", "unschedulable: true")
    if by is not None:
        yield cordoned[0].where("managedFields", f"manager: {by.manager}")
