"""Exposures as the report shows them: one row per bug, the fixed ones among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from analyzer.bugs.sightings import BugSighting, BugSightings, Status
from analyzer.model.diagnosis import Exposure
from analyzer.model.evidence import Evidence, EvidenceRef
from analyzer.model.subject import Subject

_EVIDENCE = 3
_REASONS = 6
#: Objects that are named; ``count`` has them all.
_NAMED = 100
_ORDER = {Status.AFFECTED: 0, Status.POSSIBLE: 1, Status.FIXED_HERE: 2}


def exposure_refs(sightings: BugSightings) -> set[EvidenceRef]:
    """The references that :func:`exposures` shows."""
    return {ref for group in _groups(sightings) for ref in _refs(group)}


def exposures(
    sightings: BugSightings, cut: Callable[[EvidenceRef], Evidence | None]
) -> tuple[Exposure, ...]:
    """What could strike here by version or setting alone, then what is fixed here already.

    ``cut`` gives the excerpt of a reference. Ordered by status, then by the bug's severity and id.
    """
    return tuple(_row(group, cut) for group in _groups(sightings))


def _groups(sightings: BugSightings) -> list[list[BugSighting]]:
    found: dict[tuple[str, Status], list[BugSighting]] = defaultdict(list)
    for one in (*sightings.exposures, *sightings.fixed_here):
        known = found[(one.bug.id, one.status)]
        if one not in known:
            known.append(one)
    return sorted(found.values(), key=_order)


def _order(group: list[BugSighting]) -> tuple[int, int, str]:
    first = group[0]
    return _ORDER[first.status], first.bug.severity.rank, first.bug.id


def _row(group: list[BugSighting], cut: Callable[[EvidenceRef], Evidence | None]) -> Exposure:
    first = group[0]
    bug = first.bug
    subjects = sorted(
        {s for one in group for s in (one.subject, *one.affects)}, key=lambda s: s.key
    )
    subject = first.subject if len(group) == 1 else subjects[0]
    evidence = [found for ref in _refs(group) if (found := cut(ref)) is not None]
    return Exposure(
        bug=bug.id,
        title=bug.title,
        component=bug.component,
        status=first.status.value,
        why=_unique(why for one in group for why in one.why)[:_REASONS],
        subject=subject,
        affects=tuple(s for s in _objects(subjects) if s != subject)[:_NAMED],
        count=max(1, len(_objects(subjects))),
        links=bug.links,
        fixed_in=first.fix,
        workaround=bug.workaround,
        evidence=tuple(evidence),
    )


def _objects(subjects: Iterable[Subject]) -> tuple[Subject, ...]:
    """The nodes and pods; the cluster as a whole counts only where it is alone."""
    found = tuple(subjects)
    single = tuple(s for s in found if s.kind != "Cluster")
    return single or found


def _refs(group: Iterable[BugSighting]) -> tuple[EvidenceRef, ...]:
    return tuple(dict.fromkeys(ref for one in group for ref in one.evidence))[:_EVIDENCE]


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
