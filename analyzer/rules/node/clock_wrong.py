"""The clock of a node is wrong or not synchronised.

What it means:
  The node's clock is off by more than a second, or nothing keeps it right.
Why it matters:
  Certificates and tokens look expired or not yet valid, leases seem to have run out, and the
  times of logs cannot be compared.
How we know:
  What chronyc tracking or timedatectl says on the node. The first minutes after the boot do not
  count.
What to do:
  customer: Restart chrony on the node (systemctl restart chrony) or reimage the node, and see
    that nothing of your own runs another time service there.
  microsoft: Look at the time source of the host (PTP clock of Hyper-V).
References:
  - Time sync for Linux VMs in Azure: https://learn.microsoft.com/azure/virtual-machines/linux/time-sync
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives, TextFile
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import files_of, passing

RULE = Rule(
    id="AKS-NODE-012",
    title="The clock of a node is wrong",
    component="node-clock",
    clauses=("NODE-01", "NODE-03"),
    signals=frozenset({Signal.NODE_HOST, Signal.UNHEALTHY}),
)

#: Seconds; chrony keeps Azure's machines within microseconds.
TOO_FAR = 1.0
#: Forms of chronyc tracking (chrony.tuxfamily.org) and of timedatectl (systemd).
_OFFSET = re.compile(
    r"^System time\s*:\s*(?P<seconds>[\d.]+) seconds (?P<way>fast|slow) of NTP time"
)
_LEAP = re.compile(r"^Leap status\s*:\s*(?P<leap>.+?)\s*$")
_SYNCED = re.compile(r"^\s*(?:System clock synchronized|NTP synchronized):\s*(?P<synced>yes|no)\b")


def check(archives: NodeArchives, nodes: Nodes | None, identity: Identity) -> Iterator[Hit]:
    young = passing(nodes, identity.collected_at)
    for name, file in files_of(archives, "host/clock"):
        if name not in young:
            yield from _judge(name, file)


def _judge(node: str, file: TextFile) -> Iterator[Hit]:
    chrony = False
    synced: tuple[bool, EvidenceRef] | None = None
    for number, line in file.lines():
        if match := _OFFSET.match(line):
            chrony = True
            seconds = float(match["seconds"])
            if seconds > TOO_FAR:
                said = f"{seconds:.1f} seconds {match['way']}"
                yield _hit(node, f"The clock of {node} is {said}.", file.at(number), "default")
                return
        elif match := _LEAP.match(line):
            chrony = True
            synced = (match["leap"].lower() != "not synchronised", file.at(number))
        elif (match := _SYNCED.match(line)) and not chrony:
            synced = (match["synced"] == "yes", file.at(number))
    if synced is not None and not synced[0]:
        yield _hit(node, f"Nothing keeps the clock of {node} right.", synced[1], "not-synchronised")


def _hit(node: str, saw: str, where: EvidenceRef, variant: str) -> Hit:
    wrong = variant == "default"
    return Hit(
        subject=Subject(kind="Node", name=node),
        title=f"The clock of node {node} is {'wrong' if wrong else 'not synchronised'}",
        saw=saw,
        expected="The clock is synchronised, within a millisecond of its source.",
        evidence=(where,),
        variant=variant,
    )
