"""What the last roll-outs of a Deployment changed, from its replica sets: old value, new, when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from analyzer.baselines.attribution import Change
from analyzer.baselines.drift import differences, with_authors
from analyzer.baselines.drift_rows import written_at
from analyzer.facts.objects import Workload
from analyzer.model.hit import DriftRow

_REVISION = "deployment.kubernetes.io/revision"
#: Set by ``kubectl rollout restart`` and by the controller: no change of what runs.
_NOISE = ("pod-template-hash", "kubectl.kubernetes.io/restartedAt")


@dataclass(frozen=True, slots=True)
class RollOut:
    """A step from one revision to the next. ``at`` is when the newer replica set was made.

    ``rows`` give the older value as expected and the newer as actual; empty for a restart. A
    roll-back reuses its old replica set, so that its time is that of the first use.
    """

    revision: int
    before: int
    at: datetime | None
    rows: tuple[DriftRow, ...]


def roll_outs(
    deployment: Workload, replica_sets: Iterable[Workload], changes: Iterable[Change] = ()
) -> tuple[RollOut, ...]:
    """The steps between the revisions that are still there, the newest first.

    ``changes`` (of the Deployment) give the newest step its authors; older steps have none left.
    """
    own = sorted(
        ((number, rs) for rs in replica_sets if (number := _revision(rs)) and _of(rs, deployment)),
        key=lambda pair: -pair[0],
    )
    known = tuple(changes)
    found = []
    for position, ((newer, after), (older, before)) in enumerate(pairwise(own)):
        rows = differences(_template(before), _template(after), extra=True)
        if position == 0:
            rows = with_authors(rows, known)
        found.append(RollOut(newer, older, after.metadata.creation_timestamp, rows))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Past:
    """What a field was before: ``value`` (None: it was not there), and since when it is otherwise.

    ``at`` is when the oldest revision with the present value was made.
    """

    value: Any
    at: datetime | None


def past_of(path: str, workload: Workload, revisions: Iterable[Workload]) -> Past | None:
    """The value of a field of the pod template in the newest revision that had another one.

    ``revisions`` are the replica sets of the cluster. None where none is kept that differs. What
    stands there is what ran before, whoever had set it.
    """
    if not path.startswith("spec.template."):
        return None
    own = ((number, rs) for rs in revisions if (number := _revision(rs)) and _of(rs, workload))
    present = written_at(_dump(workload), path)
    at: datetime | None = None
    for _, revision in sorted(own, key=lambda pair: -pair[0]):
        value = written_at(_dump(revision), path)
        if value != present:
            return Past(value, at)
        at = revision.metadata.creation_timestamp
    return None


def _dump(workload: Workload) -> dict[str, Any]:
    return workload.model_dump(by_alias=True, mode="json", exclude_none=True)


def _of(replica_set: Workload, deployment: Workload) -> bool:
    if replica_set.namespace != deployment.namespace:
        return False
    return any(
        owner.kind == "Deployment" and owner.name == deployment.name
        for owner in replica_set.metadata.owner_references
    )


def _revision(replica_set: Workload) -> int:
    text = replica_set.metadata.annotations.get(_REVISION, "")
    return int(text) if text.isdigit() else 0


def _template(replica_set: Workload) -> dict[str, Any]:
    template = replica_set.spec.template.model_dump(by_alias=True, exclude_defaults=True)
    metadata = template.get("metadata", {})
    for part in ("labels", "annotations"):
        kept = {k: v for k, v in metadata.get(part, {}).items() if k not in _NOISE}
        metadata[part] = kept
    return {"spec": {"template": template}}
