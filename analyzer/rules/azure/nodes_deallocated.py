"""Node VMs were switched off outside of AKS.

What it means:
  Virtual machines that are nodes were stopped or deallocated through Azure's own interface, while
  AKS takes them for running.
Why it matters:
  Their pods are lost or moved, and the nodes stay NotReady. A cluster whose nodes are all switched
  off in this way counts as unsupported, and AKS stops it after 30 days.
How we know:
  The power state of the instances, and who switched them off according to the activity log. Pools
  that AKS itself stopped, pools that scale down by deallocation, spot VMs, which Azure takes back,
  and nodes that the autoscaler removes do not count.
What to do:
  customer: Start the VMs again (az vmss start -g <node resource group> -n <vmss>), and use az aks
    stop or az aks nodepool stop, or scale the pool, to save cost.
  microsoft: Look at the power operations of these VMs.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Stop and start a cluster: https://learn.microsoft.com/azure/aks/start-stop-cluster
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._activity import Write, latest, signals_of, writes
from analyzer.rules.azure._power import (
    TAINT,
    Off,
    leaves,
    off_instances,
    off_nodes,
    switched_by_aks,
)
from analyzer.rules.azure._sets import node_sets, rows_of, set_of, tell

RULE = Rule(
    id="AKS-IAAS-004",
    title="Node VMs were switched off outside of AKS",
    component="node",
    clauses=("STOP-02", "STOP-03", "SHR-02"),
    signals=frozenset({Signal.NODE_HOST}),
)

_ENDS = ("/deallocate/action", "/poweroff/action", "/hibernate/action")
#: A VM that is being replaced is off for some minutes.
PATIENCE = timedelta(minutes=10)
#: So long after all nodes were switched off AKS stops the cluster (support policies).
STOPPED = timedelta(days=30)
_WOULD = "The activity log of the time would name who switched it off."


@dataclass(frozen=True, slots=True)
class _Case:
    """How bad it is, and what is known of who did it."""

    variant: str
    signals: frozenset[Signal]


def check(azure: AzureExports | None, nodes: Nodes | None, identity: Identity) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    known = {node.name.lower(): node for node in (nodes.items if nodes is not None else ())}
    rows = rows_of(exports, "vmss-instances", missing)
    done = _log(exports, missing)
    sets = node_sets(rows_of(exports, "vmss", []), nodes)
    pools = {str(row.get("name")): row for row in rows_of(exports, "agent-pools", [])}
    found = list(off_instances(rows, known, exports))
    seen = {off.name.lower() for off in found}
    found += [off for off in off_nodes(known.values()) if off.name.lower() not in seen]
    everything = bool(known) and set(known) <= {off.name.lower() for off in found}
    for off in found:
        group = sets.get(off.group)
        pool = group.pool if group else (off.node.pool if off.node else "")
        author = latest(w for w in done if set_of(w.resource) == off.group)
        case = _judge(off, pools.get(pool), author, everything=everything)
        if case is not None and not _young(off, identity.collected_at):
            yield _hit(off, pool, author, case, exports)
    tell(missing)


def _log(azure: AzureExports, missing: list[Gap]) -> tuple[Write, ...]:
    try:
        return tuple(w for w in writes(azure) if w.foreign and w.operation.endswith(_ENDS))
    except NotCollected as gap:
        missing.extend(gap.gaps)
        return ()


def _judge(
    off: Off, row: Mapping[str, Any] | None, author: Write | None, *, everything: bool
) -> _Case | None:
    """How bad it is and who did it, or None where AKS or Azure switches such VMs off itself."""
    if author is None and (leaves(off.node) or off.node is None):
        return None
    by_aks = switched_by_aks(row, off.node)
    if author is None and by_aks:
        return None
    signals = signals_of(author)
    if author is None and (by_aks is None or off.state == "off"):
        signals = frozenset({Signal.CHANGE_NOT_CHECKED})
    open_question = Signal.CHANGE_NOT_CHECKED in signals
    variant = "all" if everything else "open-question" if open_question else "default"
    return _Case(variant, signals)


def _hit(off: Off, pool: str, author: Write | None, case: _Case, azure: AzureExports) -> Hit:
    by = f"The activity log shows {author}." if author else "Who switched it off is not shown."
    where = f" of node pool {pool}" if pool else ""
    return Hit(
        subject=Subject(kind="Node", name=off.name),
        title=f"Node VMs{where} were switched off"
        + (" outside of AKS" if author or case.variant == "default" else ""),
        saw=f"The VM of node {off.name} is {off.state}. {by}"
        + (_clock(author.at if author else _since(off)) if case.variant == "all" else ""),
        expected="The VMs of the nodes run, unless AKS stops or removes them.",
        evidence=(off.where, *((author.where(azure),) if author else ())),
        variant=case.variant,
        group=f"{off.group}|{case.variant}",
        signals=case.signals,
        affects=(Subject(kind="NodePool", name=pool),) if pool else (),
        first_seen=author.at if author else _since(off),
        would_change=() if author else (_WOULD,),
    )


def _clock(since: datetime | None) -> str:
    """What follows where all nodes are off: both spans are those of the support policies."""
    if since is None:
        return " With all nodes off, AKS stops the cluster after 30 days and keeps it for a year."
    stop = since + STOPPED
    return f" With all nodes off, AKS stops the cluster on {stop:%Y-%m-%d}, for a year at most."


def _since(off: Off) -> datetime | None:
    if off.node is None:
        return None
    ready = off.node.condition("Ready")
    times = [taint.time_added for taint in off.node.spec.taints if taint.key == TAINT]
    if ready is not None and ready.status != "True":
        times.append(ready.last_transition_time)
    return min((time for time in times if time is not None), default=None)


def _young(off: Off, now: datetime | None) -> bool:
    since = _since(off)
    return since is not None and now is not None and now - since < PATIENCE
