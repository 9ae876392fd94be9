"""Everything on a node waits for its disk.

What it means:
  For a large part of the last five minutes not one task of the node could go on, because all waited
  for reads and writes.
Why it matters:
  The kubelet, the runtime and etcd-like workloads time out; the node may turn NotReady although CPU
  and memory are free. On Azure a machine that reaches the limit of its OS disk or of its size is
  throttled in this way.
How we know:
  The kernel's pressure stall information (io full avg300) of the node. A short peak does not count.
  The metrics OS Disk Bandwidth and IOPS Consumed Percentage of the scale set would tell whether it
  is throttling; they are not part of a bundle.
What to do:
  customer: Use a larger or faster OS disk, ephemeral OS disks, or a larger machine (az aks nodepool
    add --node-osdisk-type Ephemeral); move what writes much to data volumes of its own.
References:
  - Pressure stall information: https://docs.kernel.org/accounting/psi.html
  - Disk throttling: https://learn.microsoft.com/azure/virtual-machines/disks-performance
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.parse.host import Pressure, parse_pressure
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import files_of, passing

RULE = Rule(
    id="AKS-NODE-018",
    title="Everything on a node waits for its disk",
    component="node-disk",
    clauses=("SHR-05", "SUP-09"),
    signals=frozenset({Signal.CAPACITY_EXHAUSTED, Signal.NODE_HOST}),
)

#: Percent of five minutes in which all tasks stalled; a busy build node stays below a third.
LONG = 40.0


def check(archives: NodeArchives, nodes: Nodes | None, identity: Identity) -> Iterator[Hit]:
    young = passing(nodes, identity.collected_at)
    for name, file in files_of(archives, "host/pressure"):
        for row in parse_pressure(file):
            full = row.resource == "io" and row.kind == "full"
            if full and row.avg300 >= LONG and row.avg60 >= LONG and name not in young:
                yield _hit(name, row)


def _hit(node: str, row: Pressure) -> Hit:
    return Hit(
        subject=Subject(kind="Node", name=node),
        title=f"Everything on node {node} waits for its disk",
        saw=f"In {row.avg300:.0f} percent of the last five minutes all tasks on {node} waited for "
        f"reads and writes ({row.avg60:.0f} percent of the last minute).",
        expected="Tasks wait for the disk for a few percent of the time.",
        evidence=(row.where,),
    )
