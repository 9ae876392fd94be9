"""The scheduler's message about a pod, taken apart: how many nodes failed for which reason.

Source of the forms: kubernetes/kubernetes pkg/scheduler/framework (``0/5 nodes are available: 3
Insufficient cpu, 2 node(s) had untolerated taint {dedicated: app}.``) and its plugins; releases
before 1.24 write ``had taint {dedicated: app}, that the pod didn't tolerate``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Obstacle(StrEnum):
    """Why a node does not take a pod; ``OTHER`` is a form that is not known."""

    ROOM = "room"
    TAINT = "taint"
    CORDONED = "cordoned"
    SELECTOR = "selector"
    SPREAD = "spread"
    PORTS = "ports"
    VOLUME_PLACE = "volume-place"
    VOLUME_COUNT = "volume-count"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason with the number of nodes for which it holds; ``taint`` is the key of a taint."""

    count: int
    obstacle: Obstacle
    text: str
    taint: str = ""


@dataclass(frozen=True, slots=True)
class SchedulerMessage:
    """The message, read. ``claim``: the pod's own claim holds it back, whatever the nodes say."""

    reasons: tuple[Reason, ...] = ()
    claim: bool = False
    no_nodes: bool = False

    def count(self, obstacle: Obstacle) -> int:
        """Nodes for which a reason of that kind holds, added up."""
        return sum(r.count for r in self.reasons if r.obstacle is obstacle)


CORDON_TAINT = "node.kubernetes.io/unschedulable"
_REASON = re.compile(
    r"(?P<count>\d+) (?P<text>(?:node\(s\)|Insufficient|Too many pods)[^,.{]*(?:\{[^}]*\})?[^,.]*)"
)
_TAINT = re.compile(r"taint \{(?P<key>[^:}\s]+)")
_CLAIM = ("unbound immediate PersistentVolumeClaims", "persistentvolumeclaim")
_KINDS = (
    (re.compile(r"^(?:Insufficient|Too many pods)|enough free storage"), Obstacle.ROOM),
    (re.compile(r"were unschedulable"), Obstacle.CORDONED),
    (re.compile(r"free ports for the requested"), Obstacle.PORTS),
    (
        re.compile(
            r"volume node affinity conflict|no available volume zone|available persistent volumes"
        ),
        Obstacle.VOLUME_PLACE,
    ),
    (re.compile(r"exceed max volume count"), Obstacle.VOLUME_COUNT),
    (re.compile(r"topology spread"), Obstacle.SPREAD),
    (re.compile(r"affinity|node selector|node name"), Obstacle.SELECTOR),
)


def read_scheduler(message: str) -> SchedulerMessage:
    """Read a message of the PodScheduled condition; what follows ``preemption:`` is left out."""
    head = message.split(" preemption:", 1)[0]
    return SchedulerMessage(
        reasons=tuple(_reason(match) for match in _REASON.finditer(head)),
        claim=any(words in head for words in _CLAIM),
        no_nodes=head.startswith("no nodes available"),
    )


def _reason(match: re.Match[str]) -> Reason:
    count, text = int(match["count"]), match["text"].strip()
    taint = _TAINT.search(text)
    if taint is not None:
        key = taint["key"]
        kind = Obstacle.CORDONED if key == CORDON_TAINT else Obstacle.TAINT
        return Reason(count, kind, text, key)
    kind = next((kind for looks, kind in _KINDS if looks.search(text)), Obstacle.OTHER)
    return Reason(count, kind, text)
