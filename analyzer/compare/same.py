"""Whether two sides are one cluster, and which of them is the older."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analyzer.compare.snapshot import Snapshot

#: What a diagnosis calls a cluster whose name nothing tells.
_NAMELESS = frozenset({"", "unnamed cluster"})


@dataclass(frozen=True)
class Sameness:
    """The answer with its reason as a sentence."""

    answer: Literal["yes", "no", "unknown"]
    reason: str


def same_cluster(a: Snapshot, b: Snapshot) -> Sameness:
    """By the uid of kube-system, which a cluster keeps for life; by the name where it is not known.

    A cluster that was made again under the same name is another one.
    """
    names = a.diagnosis.cluster.name, b.diagnosis.cluster.name
    if a.cluster_uid and b.cluster_uid:
        if a.cluster_uid == b.cluster_uid:
            return Sameness("yes", "The namespace kube-system has the same uid in both.")
        called = f"both called {names[0]}" if names[0] == names[1] else " and ".join(names)
        return Sameness("no", f"The uids of kube-system differ ({called}).")
    if any(name in _NAMELESS for name in names):
        return Sameness("unknown", "Neither a uid nor a name is known for both.")
    if names[0] == names[1]:
        return Sameness("yes", f"Both are called {names[0]}; a report carries no uid to compare.")
    return Sameness("no", f"One is of the cluster {names[0]}, the other of {names[1]}.")


def in_order(a: Snapshot, b: Snapshot) -> tuple[Snapshot, Snapshot, bool]:
    """The older, the newer, and whether they were given the other way round."""
    first, second = a.diagnosis.bundle.collected_at, b.diagnosis.bundle.collected_at
    if first is not None and second is not None and second < first:
        return b, a, True
    return a, b, False
