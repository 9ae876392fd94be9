"""Azure takes Spot machines back.

What it means:
  Nodes of a Spot pool are being evicted, or have been: Azure needs the capacity, or the price went
  above what the pool allows.
Why it matters:
  Their pods end within thirty seconds. That is what a Spot pool means: Azure gives no guarantee for
  such machines.
How we know:
  The events PreemptScheduled and the condition that announces an eviction, of
  node-problem-detector. An event that only says that the metadata service did not answer is none.
What to do:
  customer: Nothing, if the pool may lose nodes. Move what must not be interrupted to a pool that is
    no Spot pool, and spread Spot pools over sizes and zones.
References:
  - Spot node pools: https://learn.microsoft.com/azure/aks/spot-node-pool
  - Node auto-drain: https://learn.microsoft.com/azure/aks/node-auto-drain
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Nodes
from analyzer.facts.objects import Node
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-REP-003",
    title="Azure takes Spot machines back",
    component="node",
    clauses=("REP-02",),
    signals=frozenset({Signal.SPOT_EVICTION}),
)

#: Conditions by which node-problem-detector announces it, in older and newer releases.
_CONDITIONS = ("PreemptionScheduled", "VMEventScheduled")
_NO_ANSWER = "IMDS query failed"


@dataclass(frozen=True, slots=True)
class _Eviction:
    node: str
    pool: str
    said: str
    where: EvidenceRef
    at: datetime | None


def check(events: Events | None, nodes: Nodes | None, identity: Identity) -> Iterator[Hit]:
    known = {node.name: node for node in (nodes.items if nodes is not None else ())}
    found = {e.node: e for e in _of_events(events, known)}
    found |= {e.node: e for node in known.values() if (e := _of_condition(node)) is not None}
    for eviction in (found[name] for name in sorted(found)):
        pool = eviction.pool or "unknown"
        yield Hit(
            subject=Subject(kind="NodePool", name=pool),
            title=f"Azure takes Spot machines of pool {pool} back",
            saw=f"Node {eviction.node} was announced to be evicted: {eviction.said.rstrip('.')}.",
            expected="Workloads on Spot pools can be interrupted at any time.",
            evidence=(eviction.where,),
            group=pool,
            affects=(Subject(kind="Node", name=eviction.node),),
            first_seen=eviction.at,
        )
    (events or Events()).require()


def _of_events(events: Events | None, known: dict[str, Node]) -> Iterator[_Eviction]:
    for event in events.items if events is not None else ():
        kind, _, name = event.about
        if kind == "Node" and event.reason == "PreemptScheduled" and _NO_ANSWER not in event.text:
            pool = known[name].pool if name in known else ""
            yield _Eviction(name, pool, event.text, event.where("message"), event.first)


def _of_condition(node: Node) -> _Eviction | None:
    for type_ in _CONDITIONS:
        found = node.condition(type_)
        if found is not None and found.status == "True" and "Preempt" in found.message:
            where = node.where(f"type: {type_}", f"message: {found.message}")
            at = found.last_transition_time
            return _Eviction(node.name, node.pool, found.message, where, at)
    return None
