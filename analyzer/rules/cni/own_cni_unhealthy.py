"""The CNI that the customer brought is not healthy.

What it means:
  On a BYOCNI cluster, agents of the CNI are not ready, crash, or are missing on nodes.
Why it matters:
  Pods on those nodes get no network, or lose routes and policies.
How we know:
  The network mode is BYOCNI, and the DaemonSet of the CNI has fewer ready pods than it wants, for
  longer than a roll-out takes; or its containers crash again and again. Agents on nodes that are
  not ready for another reason than the network are left out: there the node is the cause.
What to do:
  customer: Look at the CNI's agent pods on the nodes named here, and take the evidence to the CNI's
    vendor or community.
  cni-vendor: Look at the agents' logs on the nodes named here.
References:
  - Bring your own CNI with AKS: https://learn.microsoft.com/azure/aks/use-byo-cni
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Nodes, Pods
from analyzer.facts.objects import Node, Pod, Workload
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.cni._network import has_no_network, own_cni_daemonsets, require_mode

RULE = Rule(
    id="AKS-CNI-003",
    title="The customer's CNI is not healthy",
    component="cni",
    clauses=("UNS-06", "BYO-01"),
    signals=frozenset({Signal.CNI_ITSELF, Signal.UNHEALTHY}),
)

#: An agent that has just started may still be connecting.
PATIENCE = timedelta(minutes=5)
#: A node that joined so recently may not have its agent yet.
START_UP = timedelta(minutes=10)


def check(
    daemonsets: DaemonSets, identity: Identity, pods: Pods | None, nodes: Nodes | None
) -> Iterator[Hit]:
    if identity.network.byocni is False:
        raise NotApplicable("AKS installs the CNI of this cluster")
    owned = own_cni_daemonsets(daemonsets)
    if owned:
        require_mode(identity)
    for name, daemonset in owned:
        wanted, ready = daemonset.desired, daemonset.ready_count
        if wanted is None or ready is None or ready >= wanted:
            continue
        mine = _pods_of(daemonset, pods)
        broken = [p for p in mine or () if _is_broken(p, identity, nodes)]
        without = _without_agent(daemonset, mine, nodes, identity)
        if mine is not None and not broken and not without:
            continue  # a roll-out, or pods of nodes that have just joined or failed themselves
        yield Hit(
            subject=daemonset.subject,
            title=f"{name} is not healthy on {_of_nodes(wanted - ready, wanted)}",
            saw=_sentence(ready, wanted, sum(map(_crash_loops, broken)), len(without)),
            evidence=(
                daemonset.where("numberReady", what=f"DaemonSet of {name}"),
                *(p.where("restartCount") for p in broken[:2]),
            ),
            variant="all" if ready == 0 else "default",
            affects=(*map(_subject, broken), *(node.subject for node in without)),
            first_seen=min((t for p in broken if (t := _since(p))), default=None),
            last_seen=identity.collected_at,
            count=wanted - ready,
        )


def _pods_of(daemonset: Workload, pods: Pods | None) -> list[Pod] | None:
    """The agents, or None where the pods of that namespace were not listed."""
    if pods is None:
        return None
    try:
        candidates = pods.of(daemonset.namespace or "")
    except NotCollected:
        return None
    return [p for p in candidates if p.controller == ("DaemonSet", daemonset.name)]


def _is_broken(pod: Pod, identity: Identity, nodes: Nodes | None) -> bool:
    if pod.ready is not False or pod.metadata.deletion_timestamp is not None:
        return False
    if _node_is_cause(pod, nodes):
        return False
    now, since = identity.collected_at, _since(pod)
    return _crash_loops(pod) or now is None or since is None or now - since > PATIENCE


def _node_is_cause(pod: Pod, nodes: Nodes | None) -> bool:
    """A silent or failing node takes its agent down; a node without a network waits for it."""
    node = next((n for n in nodes.items if n.name == pod.spec.node_name), None) if nodes else None
    return node is not None and node.ready is False and not has_no_network(node)


def _without_agent(
    daemonset: Workload, mine: list[Pod] | None, nodes: Nodes | None, identity: Identity
) -> list[Node]:
    """Nodes that wait for a network and have no agent, though the DaemonSet wants more pods."""
    if mine is None or nodes is None or len(mine) >= (daemonset.desired or 0):
        return []
    served, now = {pod.spec.node_name for pod in mine}, identity.collected_at
    return [
        node
        for node in nodes.items
        if node.name not in served
        and has_no_network(node)
        and (born := node.metadata.creation_timestamp) is not None
        and (now is None or now - born > START_UP)
    ]


def _since(pod: Pod) -> datetime | None:
    condition = pod.condition("Ready")
    return condition.last_transition_time if condition else pod.status.start_time


def _crash_loops(pod: Pod) -> bool:
    waiting = (s.state.waiting for s in pod.statuses)
    return any(w is not None and w.reason == "CrashLoopBackOff" for w in waiting)


def _of_nodes(some: int, all_: int) -> str:
    return f"{some} of {all_} nodes" if all_ != 1 else "the only node"


def _sentence(ready: int, wanted: int, loops: int, without: int) -> str:
    parts = [f"{ready} of {wanted} agents {'is' if wanted == 1 else 'are'} ready"]
    if loops:
        parts.append(
            "one crashes again and again" if loops == 1 else f"{loops} crash again and again"
        )
    if without:
        parts.append("one node has no agent" if without == 1 else f"{without} nodes have no agent")
    return "; ".join(parts) + "."


def _subject(pod: Pod) -> Subject:
    return Subject(kind="Pod", namespace=pod.namespace, name=pod.name, node=pod.spec.node_name)
