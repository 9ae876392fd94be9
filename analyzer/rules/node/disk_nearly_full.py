"""A disk of a node is nearly full.

What it means:
  The file system of the kubelet or of the containers has little room or few inodes left, below
  what the kubelet keeps free, or close to it.
Why it matters:
  The kubelet removes images that are not in use, then evicts pods, and takes no new ones.
How we know:
  df and df -i of the node, for the file systems of /, /var/lib/kubelet and /var/lib/containerd. The
  kubelet begins to remove images at 85 percent and evicts at 90
  (95 for inodes); below that nothing is told. A node that reports pressure is a finding of its own.
What to do:
  customer: Find what fills the disk (kubectl debug node/<node>, du; container logs, emptyDir
    volumes, images), set limits for ephemeral-storage, or give the pool larger OS disks.
References:
  - Node-pressure eviction: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
  - Garbage collection: https://kubernetes.io/docs/concepts/architecture/garbage-collection/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.parse.host import Filesystem, parse_df
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import holds

RULE = Rule(
    id="AKS-NODE-017",
    title="A disk of a node is nearly full",
    component="node-disk",
    clauses=("SHR-05", "NODE-03"),
    signals=frozenset({Signal.CAPACITY_EXHAUSTED}),
)

#: Where the kubelet and containerd keep what they need.
_MOUNTS = frozenset({"/", "/var/lib/kubelet", "/var/lib/containerd"})
#: Percent used at which the kubelet evicts: nodefs.available<10%, nodefs.inodesFree<5%.
LIMITS = {"host/df": (90, "of its room"), "host/df-inodes": (95, "of its inodes")}


def check(archives: NodeArchives, nodes: Nodes | None) -> Iterator[Hit]:
    pressed = {
        node.name
        for node in (nodes.items if nodes is not None else ())
        if holds(node, "DiskPressure")
    }
    gaps: list[Gap] = []
    read = 0
    for archive in archives.require():
        for item in LIMITS:
            try:
                rows = parse_df(archive.get(item))
            except NotCollected as missing:
                gaps += missing.gaps
                continue
            read += 1
            for row in rows:
                full = row.mount in _MOUNTS and row.used_percent >= LIMITS[item][0]
                if full and archive.node not in pressed and not row.device.startswith("overlay"):
                    yield _hit(archive.node, item, row)
    if not read:
        raise NotCollected(*gaps)


def _hit(node: str, item: str, row: Filesystem) -> Hit:
    limit, what = LIMITS[item]
    return Hit(
        subject=Subject(kind="Node", name=node),
        title=f"The disk of {row.mount} on node {node} is nearly full",
        saw=f"On {node} the file system of {row.mount} ({row.device}) has used "
        f"{row.used_percent} percent {what}; the kubelet evicts from {limit} on.",
        expected="Less than 85 percent are used.",
        evidence=(row.where,),
        group=f"{node}|{row.mount}",
    )
