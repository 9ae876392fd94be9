"""The nodes take no further disks.

What it means:
  Each VM size takes a fixed number of data disks. All nodes that a pod may run on have as many as
  they can.
Why it matters:
  Pods with disks wait, though CPU and memory are there.
How we know:
  The scheduler says of the pod "exceed max volume count", and of no node that room is lacking.
What to do:
  customer: Add nodes, use a VM size that takes more data disks, or put volumes on Azure Files.
References:
  - Azure disks on AKS: https://learn.microsoft.com/azure/aks/azure-disk-csi
  - Node-specific volume limits: https://kubernetes.io/docs/concepts/storage/storage-limits/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Pods
from analyzer.facts.parse.scheduler import Obstacle
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.storage._waiting import claims_of, held_back, subject_of, workload_of

RULE = Rule(
    id="AKS-STO-004",
    title="The nodes take no further disks",
    component="storage",
    clauses=("SHR-05", "SUP-03"),
    signals=frozenset({Signal.STORAGE, Signal.CAPACITY_EXHAUSTED}),
)


def check(pods: Pods, identity: Identity) -> Iterator[Hit]:
    for pod, read, since in held_back(pods, Obstacle.VOLUME_COUNT, identity.collected_at):
        own = claims_of(pod)
        count = read.count(Obstacle.VOLUME_COUNT)
        yield Hit(
            subject=own[0],
            title=f"No node takes a further disk for {own[0].namespace}/{own[0].name}",
            saw=f"{count} nodes have as many data disks as their VM size takes; pod {pod.name} "
            "waits.",
            expected="A node that can take another data disk.",
            evidence=(pod.where("type: PodScheduled", "reason: Unschedulable"),),
            affects=(subject_of(pod), workload_of(pod), *own),
            first_seen=since,
            last_seen=identity.collected_at,
        )
