"""What the last roll-outs of a workload changed, from its kept revisions: old value, new, when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from analyzer.baselines.attribution import Change
from analyzer.baselines.drift import differences, with_authors
from analyzer.baselines.drift_rows import written_at
from analyzer.baselines.object_kind import kind_of
from analyzer.facts.objects import ControllerRevision, Workload
from analyzer.model.hit import DriftRow

#: Replica sets are the revisions of a Deployment; other workloads keep theirs apart.
Revision = Workload | ControllerRevision

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


def past_of(path: str, workload: Workload, revisions: Iterable[Revision]) -> Past | None:
    """The value of a field of the pod template in the newest revision that had another one.

    ``revisions`` are replica sets and controller revisions of the cluster. None where none is kept
    that differs. What stands there is what ran before, whoever had set it.
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


def _dump(workload: Revision) -> dict[str, Any]:
    whole = workload.data if isinstance(workload, ControllerRevision) else workload
    return whole.model_dump(by_alias=True, mode="json", exclude_none=True)


def _of(revision: Revision, workload: Workload) -> bool:
    if revision.namespace != workload.namespace:
        return False
    return any(
        owner.kind == kind_of(workload) and owner.name == workload.name
        for owner in revision.metadata.owner_references
    )


def _revision(revision: Revision) -> int:
    if isinstance(revision, ControllerRevision):
        return revision.revision
    text = revision.metadata.annotations.get(_REVISION, "")
    return int(text) if text.isdecimal() else 0


def _template(replica_set: Workload) -> dict[str, Any]:
    template = replica_set.spec.template.model_dump(by_alias=True, exclude_defaults=True)
    metadata = template.get("metadata", {})
    for part in ("labels", "annotations"):
        kept = {k: v for k, v in metadata.get(part, {}).items() if k not in _NOISE}
        metadata[part] = kept
    return {"spec": {"template": template}}
