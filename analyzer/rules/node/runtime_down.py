"""The container runtime of a node does not answer.

What it means:
  containerd stopped and did not come back, crashes again and again, or the kubelet cannot reach
  it.
Why it matters:
  No container on the node can be started, stopped or looked at; the kubelet reports the node as
  not ready after three minutes.
How we know:
  The journals of containerd and of the kubelet, the failed units of systemd, and the conditions
  ContainerRuntimeProblem and FrequentContainerdRestart of node-problem-detector. A restart that
  worked and the first minutes of a node do not count. Without the node's own files no owner is
  guessed.
What to do:
  customer: Restart containerd (systemctl restart containerd from a node shell) or reimage the
    node (az aks nodepool upgrade --node-image-only), and open a support request if it comes
    again.
  microsoft: Find in containerd's journal why it ended, and whether the node image carries a known
    bug.
References:
  - AKS node auto-repair: https://learn.microsoft.com/azure/aks/node-auto-repair
  - Container runtimes: https://kubernetes.io/docs/setup/production-environment/container-runtimes/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import KnownNodes
from analyzer.facts.logkinds import LogKind
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Node
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._agents import Agent, Signs, condition_signs, merge, service_signs
from analyzer.rules.node._nodes import is_recent, late, settled, stamp
from analyzer.rules.node._reach import ITS_OWN_FILES, unseen_signals

RULE = Rule(
    id="AKS-NODE-005",
    title="The container runtime of a node does not answer",
    component="containerd",
    clauses=("NODE-03", "NODE-04"),
    signals=frozenset({Signal.NODE_AGENT, Signal.UNHEALTHY}),
)

CONTAINERD = Agent(
    name="containerd",
    stop="containerd-stop",
    start="containerd-start",
    broken=("containerd-panic",),
    min_broken=1,
    conditions={
        "ContainerRuntimeProblem": "node-problem-detector reports that the runtime is down",
        "FrequentContainerdRestart": "node-problem-detector reports that containerd restarts often",
    },
    unit="containerd.service",
)
UNREACHED = "container-runtime-down"
MIN_UNREACHED = 3
#: A node that is ready and has not complained for so long has its runtime back: a restart.
OVER = timedelta(minutes=10)


def check(
    nodes: KnownNodes, identity: Identity, archives: NodeArchives | None, logs: Logs | None
) -> Iterator[Hit]:
    now = identity.collected_at
    seen = False
    for node in nodes.items:
        if node.windows or not settled(node, now):
            continue
        archive = archives.nodes.get(node.name) if archives is not None else None
        signs = merge(
            condition_signs(node, CONTAINERD),
            service_signs(node, CONTAINERD, logs, archive, now),
            _unreached(node, logs, now),
        )
        heard = logs is not None and logs.listened(node.name, LogKind.CONTAINERD)
        seen = seen or heard or node.condition("ContainerRuntimeProblem") is not None
        if signs.said:
            yield _hit(node, signs, unseen_signals(node, archives), now)
    if nodes.items and not seen:
        detail = "no journal of containerd, and no condition of node-problem-detector"
        path = "nodes/*/containerd/journal.log"
        raise NotCollected(Gap(path=path, reason=Presence.NOT_ASKED, detail=detail))
    if not nodes.listed:  # there may be more nodes than those that sent an archive
        raise NotCollected(*nodes.gaps)


def _unreached(node: Node, logs: Logs | None, now: datetime | None) -> Signs:
    """The kubelet's complaints that nobody answers at the runtime's socket."""
    signs = Signs()
    try:
        found = logs.on(node.name, UNREACHED) if logs is not None else ()
    except NotCollected:
        found = ()
    for match in found:
        over = node.ready is True and not is_recent(match.last_seen, now, OVER)
        if late(match) >= MIN_UNREACHED and not over:
            signs.add_match(match, "the kubelet cannot reach containerd", now)
    ready = node.condition("Ready")
    if (
        ready is not None
        and ready.status != "True"
        and "container runtime is down" in ready.message
    ):
        where = node.where("type: Ready", f"reason: {ready.reason}")
        signs.add("the kubelet says that the runtime is down", where, ready.last_transition_time)
        signs.down = True
    return signs


def _hit(node: Node, signs: Signs, unseen: frozenset[Signal], now: datetime | None) -> Hit:
    return Hit(
        subject=node.subject,
        title=f"The container runtime of node {node.name} "
        + ("does not answer" if signs.down else "is in trouble"),
        saw=f"On {node.name}{stamp(signs.onset)}: {'; '.join(signs.said)}.",
        expected="One containerd process that runs since the node started.",
        evidence=tuple(dict.fromkeys(signs.evidence)),
        variant="default" if signs.down or node.ready is not True else "restarts",
        signals=unseen,
        first_seen=signs.onset,
        last_seen=now,
        would_change=(ITS_OWN_FILES,) if unseen else (),
    )
