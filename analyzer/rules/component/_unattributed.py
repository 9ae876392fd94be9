"""Differences from the baseline whose author no managed field names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.baselines.attribution import author_of, changes
from analyzer.baselines.drift_rows import ABSENT
from analyzer.baselines.frames import frame_rows
from analyzer.baselines.history import Revision, past_of
from analyzer.baselines.projections import label_rows
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.objects import Workload
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow
from analyzer.model.owner import Confidence


def unattributed_rows(
    component: Component,
    workload: Workload,
    identity: Identity,
    revisions: Iterable[Revision],
) -> tuple[DriftRow, ...]:
    """What differs from what every AKS cluster has alike, and is owned by no field manager.

    Where the managed fields are shown, AKS's own values are no difference, and a value that nobody
    owns counts if an older revision had the expected one: removing a field leaves no other trace.
    """
    kept = tuple(revisions)
    rows = tuple(_firm(component, workload, identity))
    try:
        known = changes(workload) if rows else ()
    except NotCollected:
        return tuple(_dated(row, workload, kept) for row in rows)
    return tuple(
        _dated(row, workload, kept)
        for row in rows
        if author_of(row.path, known) is None and _was_there(row, workload, kept)
    )


def _firm(component: Component, workload: Workload, identity: Identity) -> Iterator[DriftRow]:
    yield from frame_rows(component, workload, identity, firm=True)
    if component.confidence is Confidence.HIGH:
        # a label that is missing may be one that older releases did not have
        yield from (row for row in label_rows(component, workload) if row.actual != ABSENT)


def _was_there(row: DriftRow, workload: Workload, revisions: tuple[Revision, ...]) -> bool:
    past = past_of(row.path, workload, revisions)
    return past is not None and past.value is not None


def _dated(row: DriftRow, workload: Workload, revisions: tuple[Revision, ...]) -> DriftRow:
    """The row with the time since when it is so, by the kept revisions of a workload."""
    past = past_of(row.path, workload, revisions)
    return row.model_copy(update={"changed_at": past.at}) if past is not None else row
