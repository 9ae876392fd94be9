"""The connection tracking table of a node is full.

What it means:
  The kernel remembers every connection in a table of fixed size. It is full, so new connections
  are dropped at random, those of the platform included.
Why it matters:
  Name resolution, probes and calls to the API server fail now and then, on this node alone.
How we know:
  The kernel's own message (table full, dropping packet), or a count in the table that reaches its
  limit. Connections come from what runs on the node: the size of the table and of the node, and
  the workloads on it, are the customer's choice.
What to do:
  customer: Find the workload that opens so many connections (conntrack -L on the node, by
    source), let it reuse them, spread it over more nodes, or raise net.netfilter.nf_conntrack_max
    in the node pool's custom node configuration.
References:
  - Custom node configuration: https://learn.microsoft.com/azure/aks/custom-node-configuration
  - Connection tracking settings: https://docs.kernel.org/networking/nf_conntrack-sysctl.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from analyzer.facts.identity import Identity
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.parse.host import parse_key_values
from analyzer.facts.scan import Match
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import by_node, is_fresh, late, require_boot, stamp

RULE = Rule(
    id="AKS-NODE-013",
    title="The connection tracking table of a node is full",
    component="kernel",
    clauses=("SUP-05", "SUP-09", "UNS-01"),
    signals=frozenset({Signal.CAPACITY_EXHAUSTED, Signal.UNHEALTHY}),
)

COUNT = "net.netfilter.nf_conntrack_count"
LIMIT = "net.netfilter.nf_conntrack_max"
#: Share of the table from which on it is as good as full.
FULL = 0.95
#: The kernel writes at most a few of these lines per second, and one may be a short peak.
MIN_LINES = 3


def check(identity: Identity, archives: NodeArchives | None, logs: Logs | None) -> Iterator[Hit]:
    now = identity.collected_at
    dropped = by_node(_matches(logs, now))
    names = sorted({*dropped, *(archives.nodes if archives is not None else ())})
    asked = False
    for name in names:
        archive = archives.nodes.get(name) if archives is not None else None
        table = _table(archive)
        asked = asked or table is not None
        lines = dropped.get(name, [])
        if lines or (table is not None and table[0] >= FULL * table[1]):
            yield _hit(name, lines, table, now)
    if not asked:
        if logs is None:
            raise NotCollected(Gap(path="nodes/*/host/sysctl", reason=Presence.NOT_ASKED))
        require_boot(m for m in logs.of("kernel-conntrack-full") if late(m) >= MIN_LINES)


def _matches(logs: Logs | None, now: datetime | None) -> tuple[Match, ...]:
    try:
        found = logs.of("kernel-conntrack-full") if logs is not None else ()
    except NotCollected:
        return ()
    return tuple(m for m in found if late(m) >= MIN_LINES and is_fresh(m, now))


def _table(archive: NodeFiles | None) -> tuple[int, int, EvidenceRef] | None:
    """Entries and size of the table, and where the entries stand."""
    file = archive.files.get("host/sysctl") if archive is not None else None
    values = parse_key_values(file, "=") if file is not None else {}
    if COUNT not in values or LIMIT not in values:
        return None
    count, limit = values[COUNT][0], values[LIMIT][0]
    if not (count.isdecimal() and limit.isdecimal() and int(limit)):
        return None
    return int(count), int(limit), values[COUNT][1]


def _hit(
    name: str, lines: list[Match], table: tuple[int, int, EvidenceRef] | None, now: datetime | None
) -> Hit:
    texts = []
    since = min((m.first_seen for m in lines if m.first_seen), default=None)
    if lines:
        texts.append(f"The kernel of {name} drops packets{stamp(since)} because the table is full")
    if table is not None:
        texts.append(f"{table[0]} of {table[1]} entries of {name} were taken at the collection")
    evidence = [sample for match in lines for sample in match.samples[:1]]
    evidence += [table[2]] if table is not None else []
    return Hit(
        subject=Subject(kind="Node", name=name),
        title=f"The connection tracking table of node {name} is "
        + ("full" if lines else "nearly full"),
        saw=f"{'; '.join(texts)}.",
        expected="The table has room, and the kernel drops nothing for lack of it.",
        evidence=tuple(evidence),
        variant="default" if lines else "nearly-full",
        first_seen=since,
        last_seen=now,
        produces=None if lines else frozenset(),
    )
