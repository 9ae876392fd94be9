"""A node runs out of memory, disk or process ids.

What it means:
  The kubelet reports MemoryPressure, DiskPressure or PIDPressure, or the kernel had to kill a
  process because the whole node had no memory left. No new pods come to the node, and pods on it
  are evicted.
Why it matters:
  Pods of everybody on that node are evicted or become slow, the platform's own among them, and in
  the end the node is no longer ready.
How we know:
  The conditions of the node, the kubelet's events (SystemOOM, Evicted) and the node's df and
  pressure files. An eviction names the container that took most; if that is one of the
  customer's, the pressure is its doing. Where no evidence names who took it, no owner is guessed.
What to do:
  customer: Give the workload that is named a limit for that resource (resources.limits), move its
    data to a volume, or use larger nodes; then delete the evicted pods.
  microsoft: See which system files or agents fill the node, and clean them up.
References:
  - Node-pressure eviction: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
  - Local ephemeral storage: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from analyzer.baselines.baseline import Baseline
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Nodes, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Node
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._consumers import Use, evicted_uses
from analyzer.rules.node._nodes import (
    counted,
    holds,
    require_boot,
    require_conditions,
    settled,
    stamp,
)
from analyzer.rules.node._shortage import (
    Kill,
    Shortage,
    blamed,
    kills_by_node,
    kills_logged,
    machine_shows,
)

RULE = Rule(
    id="AKS-NODE-002",
    title="A node is out of memory, disk or process ids",
    component="node",
    clauses=("NODE-03", "UNS-01", "SUP-05"),
    signals=frozenset({Signal.NODE_HOST}),
)

CONDITIONS = {"MemoryPressure": "memory", "DiskPressure": "disk", "PIDPressure": "pid"}
WORDS = {"memory": "memory", "disk": "disk", "pid": "process id"}


def check(
    nodes: Nodes,
    identity: Identity,
    baseline: Baseline,
    pods: Pods | None,
    events: Events | None,
    archives: NodeArchives | None,
    logs: Logs | None,
) -> Iterator[Hit]:
    uses = list(evicted_uses(pods, events))
    killed_on = kills_by_node(events, logs, identity.collected_at)
    found = []
    for node in nodes.items:
        sighting = _look(node, killed_on.get(node.name, []), identity.collected_at)
        if sighting is not None:
            found.append(blamed(sighting, uses, pods, baseline, identity))
    for sighting in found:
        alike = [
            s.node.name for s in found if _group(s) is not None and _group(s) == _group(sighting)
        ]
        yield _hit(sighting, alike or [sighting.node.name], archives, identity.collected_at)
    require_conditions(nodes)
    require_boot(kills_logged(logs))


def _look(node: Node, kills: list[Kill], now: datetime | None) -> Shortage | None:
    if not settled(node, now):
        return None
    conditions = [(k, c) for name, k in CONDITIONS.items() if (c := holds(node, name)) is not None]
    if not conditions and not kills:
        return None
    return Shortage(node, tuple(conditions), tuple(kills))


def _group(sighting: Shortage) -> str | None:
    if sighting.use is None or not sighting.own:
        return None
    return f"{sighting.use.workload.key}|{','.join(sighting.kinds)}"


def _hit(
    sighting: Shortage, alike: list[str], archives: NodeArchives | None, now: datetime | None
) -> Hit:
    node, use = sighting.node, sighting.use
    short = " and ".join(f"{WORDS[kind]}" for kind in sighting.kinds)
    machine, machine_evidence = machine_shows(archives, node.name, sighting.kinds)
    culprit: tuple[Subject, ...] = ()
    if use is not None and use.workload.kind != "Pod":
        culprit = (use.workload,)
    return Hit(
        subject=node.subject,
        title=f"{counted(alike, 'Node', 'nodes')} "
        f"{'is' if len(alike) == 1 else 'are'} under {short} pressure",
        saw=" ".join((_states(sighting), *_who(sighting), *machine)),
        expected="No pressure condition is True, and no workload takes more than the node has.",
        evidence=(*_evidence(sighting), *machine_evidence),
        variant=sighting.variant,
        group=_group(sighting),
        signals=_signals(sighting),
        affects=(*culprit, *((_pod(use),) if use else ())),
        first_seen=sighting.onset,
        last_seen=now,
        would_change=() if sighting.own else (_OPEN,),
        do_next=_do(sighting),
    )


_FIND = (
    "Find what fills the node: kubectl top pods, and du or ps in a shell on it (kubectl debug "
    "node/{node} -it --image=mcr.microsoft.com/cbl-mariner/busybox:2.0), then collect again."
)
_OPEN = (
    "The use of disk and memory by each pod on the node (the kubelet's stats/summary): a workload "
    "of the customer that takes most of it would make it the customer's, files of the platform "
    "Microsoft's."
)


def _pod(use: Use) -> Subject:
    return Subject(kind="Pod", name=use.pod, namespace=use.namespace, node=use.node)


def _signals(sighting: Shortage) -> frozenset[Signal]:
    own = sighting.own and sighting.use is not None
    return frozenset({Signal.OWN_WORKLOAD, Signal.UNHEALTHY}) if own else frozenset()


def _states(sighting: Shortage) -> str:
    texts = [
        f"The kubelet reports {c.type}{stamp(c.last_transition_time)}"
        for _, c in sighting.conditions
    ]
    if sighting.kills:
        kill = sighting.kills[0]
        texts.append(
            f"The node had no memory left{stamp(kill.first)}: the kernel killed {kill.task}"
        )
    return "; ".join(texts) + "."


def _who(sighting: Shortage) -> Iterator[str]:
    use = sighting.use
    if use is None:
        yield "Nothing that was collected names who took it."
        return
    at = f" at {use.at:%H:%M} UTC" if use.at else ""
    where = f"{use.workload.kind} {use.namespace}/{use.workload.name}"
    yield f"Container {use.container} of {where} used {use.said}{at}."
    if not sighting.own:
        yield "That does not show who took most of it."


def _evidence(sighting: Shortage) -> tuple[EvidenceRef, ...]:
    conditions = [
        sighting.node.where(f"type: {c.type}", f"reason: {c.reason}")
        for _, c in sighting.conditions
    ]
    named = [sighting.use.evidence] if sighting.use is not None else []
    return tuple(dict.fromkeys((*conditions, *named, *(k.evidence for k in sighting.kills))))


def _do(sighting: Shortage) -> str:
    use = sighting.use
    if use is None or not sighting.own:
        return _FIND.format(node=sighting.node.name)
    resource = {"disk": "ephemeral-storage", "memory": "memory", "pid": "process ids"}[use.kind]
    limit = (
        f"Set resources.limits.{resource} for container {use.container}"
        if use.kind != "pid"
        else f"Stop container {use.container} from starting so many processes"
    )
    owner = f"{use.workload.kind} {use.namespace}/{use.workload.name}"
    return f"{limit} of {owner}, or give it nodes of its own."
