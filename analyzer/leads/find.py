"""From shapes of error lines to leads: bursts in time, and nodes that differ from their pool."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analyzer.facts.error_lines import ErrorShape, LogSpan
from analyzer.facts.logs import Logs
from analyzer.leads.bursts import FEWEST_LINES, Burst, burst_of
from analyzer.model.diagnosis import Lead
from analyzer.model.evidence import Evidence, EvidenceRef

#: Leads of one report: those that stand out most.
MOST = 12
#: A node differs from its pool where it has a line so many times as often as its peers.
TIMES_PEERS = 10.0
_FEWEST_PEERS = 3
#: A log shorter than this tells no rate.
_SHORTEST_MINUTES = 60.0
_EVIDENCE = 3
#: What kubelet and runtime say again and again of a pod that does not start: the pod's own state
#: and its events tell it better, and any workload that crashes would be a lead.
_SAID_BY_OBJECTS = re.compile(
    r'"Error syncing pod, skipping"|"(?:Unable to attach or mount volumes|Failed to pull image)'
    r'|"(?:StartContainer|CreateContainer|RunPodSandbox|PullImage) from \w+ service failed"'
    r'|"(?:CreatePodSandbox|Failed to create sandbox) for pod'
    r'|msg="(?:StartContainer|CreateContainer|RunPodSandbox|PullImage)\b'
)


@dataclass(frozen=True, slots=True)
class _Found:
    lead: Lead
    #: How far it stands out: lines above the usual.
    excess: float


def find_leads(logs: Logs, pool_of: Mapping[str, str]) -> tuple[Lead, ...]:
    """The leads of one bundle, those that stand out most, in the order of their onset.

    Args:
        logs: the shapes of error lines that no pattern knows, and what time each log covers.
        pool_of: the pool of each node; nodes of one pool are each other's peers.
    """
    spans = {span.path: span for span in logs.spans}
    groups: dict[tuple[str, str], list[ErrorShape]] = defaultdict(list)
    for row in logs.errors:
        if _SAID_BY_OBJECTS.search(row.shape):
            continue
        groups[(component_of(row), row.shape)].append(row)
    found: list[_Found] = []
    for (component, _), rows in sorted(groups.items()):
        bursts = [burst for row in rows if (burst := _burst(row, spans)) is not None]
        if bursts:
            found.append(_in_time(component, bursts))
        else:
            found += _against_peers(component, rows, logs.spans, pool_of)
    found.sort(key=lambda one: (-one.excess, one.lead.component, one.lead.template))
    return tuple(sorted((one.lead for one in found[:MOST]), key=_order))


def component_of(row: ErrorShape) -> str:
    """The writer as people say it: the daemon of a node, or namespace and container."""
    return f"{row.namespace}/{row.container}" if row.pod else row.kind.value


def _order(lead: Lead) -> tuple[float, str, str, str]:
    onset = lead.onset.timestamp() if lead.onset else 0.0
    return onset, lead.component, lead.template, lead.node or ""


def _burst(row: ErrorShape, spans: Mapping[str, LogSpan]) -> Burst | None:
    span = spans.get(row.path)
    return burst_of(row, span) if span is not None else None


def _in_time(component: str, bursts: Sequence[Burst]) -> _Found:
    """One lead for a shape that bursts in one or several logs."""
    ordered = sorted(bursts, key=lambda one: (-one.count, one.row.path))
    worst = ordered[0]
    hours = worst.compared_with.total_seconds() / 3600
    earlier = round(worst.usual * worst.compared_with.total_seconds() / 60)
    before = f"{earlier} times" if earlier else "not once"
    why = (
        f"{worst.count} times in {worst.minutes} minutes, and {before} "
        f"in the {_hours(hours)} before."
    )
    if len(bursts) > 1:
        why = f"In {len(bursts)} logs; in the one with the most of it {why}"
    nodes = {burst.row.node for burst in bursts}
    lead = Lead(
        template=worst.row.shape,
        component=component,
        node=nodes.pop() if len(nodes) == 1 else None,
        count=sum(burst.count for burst in bursts),
        rate=_round(worst.rate),
        usual=_round(worst.usual),
        onset=min(burst.onset for burst in bursts),
        last_seen=max(burst.last for burst in bursts),
        why=why,
        evidence=_evidence(burst.row for burst in ordered),
    )
    return _Found(lead, lead.count - earlier)


def _against_peers(
    component: str,
    rows: Sequence[ErrorShape],
    spans: Iterable[LogSpan],
    pool_of: Mapping[str, str],
) -> list[_Found]:
    """Nodes on which a line comes far more often than on the others of their pool."""
    mine = [row for row in rows if row.node in pool_of]
    if not mine:
        return []
    kind = mine[0].kind
    minutes: dict[str, float] = defaultdict(float)
    for span in spans:
        if span.kind is kind and span.node in pool_of:
            minutes[str(span.node)] += (span.last - span.first).total_seconds() / 60
    counts: dict[str, int] = defaultdict(int)
    for row in mine:
        counts[str(row.node)] += row.count
    found = []
    for row in mine:
        found += _beside(component, row, counts, minutes, pool_of)
    return found


def _beside(
    component: str,
    row: ErrorShape,
    counts: Mapping[str, int],
    minutes: Mapping[str, float],
    pool_of: Mapping[str, str],
) -> list[_Found]:
    node = str(row.node)
    peers = [
        counts.get(name, 0) / length
        for name, length in sorted(minutes.items())
        if name != node and pool_of[name] == pool_of[node] and length >= _SHORTEST_MINUTES
    ]
    length = minutes.get(node, 0.0)
    if len(peers) < _FEWEST_PEERS or row.count < FEWEST_LINES or length < _SHORTEST_MINUTES:
        return []
    usual, rate = statistics.median(peers), row.count / length
    if rate < TIMES_PEERS * usual or sum(one * 2 > rate for one in peers) > len(peers) // 4:
        return []
    with_it = sum(one > 0 for one in peers)
    others = f"{with_it} of them have it, far less often" if with_it else "none of them has it"
    lead = Lead(
        template=row.shape,
        component=component,
        node=node,
        count=row.count,
        rate=_round(rate),
        usual=_round(usual),
        onset=row.first_seen,
        last_seen=row.last_seen,
        why=f"{row.count} times in {_hours(length / 60)}. Of {len(peers)} other nodes of pool "
        f"{pool_of[node]} {others}.",
        evidence=_evidence([row]),
    )
    return [_Found(lead, row.count - usual * length)]


def _hours(hours: float) -> str:
    if hours < 1.75:
        return f"{round(hours * 60)} minutes"
    return f"{round(hours)} hours" if hours < 48 else f"{round(hours / 24)} days"


def _round(rate: float) -> float:
    return round(rate, 3)


def _evidence(rows: Iterable[ErrorShape]) -> tuple[Evidence, ...]:
    refs: list[EvidenceRef] = [row.sample for row in rows][:_EVIDENCE]
    return tuple(
        Evidence(path=ref.path, line=ref.line or 1, excerpt=ref.excerpt or "", what="error line")
        for ref in refs
    )
