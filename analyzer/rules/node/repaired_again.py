"""AKS repaired a node, and it did not stay well.

What it means:
  AKS's auto-repair restarted, reimaged or redeployed the machine of a node that was not healthy:
  several times, or without success.
Why it matters:
  The repair is the answer to something else and no fault by itself. A node that needs it again and
  again, or that it cannot bring back, has a cause that a restart does not reach.
How we know:
  The events of aks-auto-repair on the node in what the API server still keeps of them (an hour).
  One repair after which the node is ready is only told; a node that is not ready is a finding of
  its own.
What to do:
  customer: See what the node ran out of before each repair (its own archive, kubectl describe
    node), and replace it (az aks nodepool upgrade --node-image-only) if nothing explains it.
  microsoft: Look at the host of the machine and at the repair operations.
References:
  - Node auto-repair: https://learn.microsoft.com/azure/aks/node-auto-repair
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.listings import Events, Nodes, Pods
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Event, Node
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._machine_events import REPAIR
from analyzer.rules.node._nodes import leaving
from analyzer.rules.node._reach import unseen_signals

RULE = Rule(
    id="AKS-REP-001",
    title="AKS repaired a node, and it did not stay well",
    component="node",
    clauses=("REP-01", "NODE-04", "NODE-03"),
)

_STARTS = frozenset(reason for reason in REPAIR if reason.endswith("Start"))


_WORKLOADS = (
    "The pods of the cluster with their limits (kubectl get pods -A -o json): a workload that used "
    "the node up before each repair would make it the customer's."
)


def check(
    events: Events, nodes: Nodes | None, pods: Pods | None, archives: NodeArchives | None
) -> Iterator[Hit]:
    by_node: dict[str, list[Event]] = {}
    for event in events.require().items:
        if event.about[0] == "Node" and event.reason in REPAIR:
            by_node.setdefault(event.about[2], []).append(event)
    known = {node.name: node for node in (nodes.items if nodes is not None else ())}
    for name, own in sorted(by_node.items()):
        node = known.get(name)
        if node is not None and not leaving(node):
            yield _hit(node, own, pods, archives)


def _hit(node: Node, own: list[Event], pods: Pods | None, archives: NodeArchives | None) -> Hit:
    rounds = sum(event.times for event in own if event.reason in _STARTS)
    failed = [event for event in own if event.reason.endswith("Error")]
    lasting = bool(failed) or rounds > 1 or node.ready is False
    steps = ", ".join(dict.fromkeys(event.reason for event in sorted(own, key=_when)))
    state = "is ready now" if node.ready else "is not ready"
    signals = {Signal.NODE_HOST, Signal.UNHEALTHY} | set(unseen_signals(node, archives))
    # What ran on the node is the first suspect, and nothing shows it.
    if pods is None:
        signals.add(Signal.CHANGE_NOT_CHECKED)
    return Hit(
        subject=node.subject,
        title=f"AKS repaired node {node.name}"
        + (" and failed" if failed else f" {rounds} times" if rounds > 1 else ""),
        saw=f"Auto-repair acted on {node.name} ({steps}); the node {state}.",
        expected="A node stays well without repairs.",
        evidence=tuple(event.where("message") for event in own[:4]),
        variant="failed" if failed else "again" if lasting else "default",
        signals=frozenset(signals if lasting else {Signal.PLATFORM_EVENT}),
        first_seen=min((event.first for event in own if event.first), default=None),
        onset_at_latest=True,
        last_seen=max((event.last for event in own if event.last), default=None),
        count=max(1, rounds),
        would_change=(_WORKLOADS,) if lasting and pods is None else (),
    )


def _when(event: Event) -> tuple[bool, float, str]:
    return event.first is not None, event.first.timestamp() if event.first else 0.0, event.name
