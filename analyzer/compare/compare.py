"""One function from two snapshots to their difference."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.compare.difference import Difference
from analyzer.compare.findings import compare_findings
from analyzer.compare.moves import pool_moves, setting_moves, version_moves
from analyzer.compare.objects import ObjectChanges, compare_objects
from analyzer.compare.same import in_order, same_cluster
from analyzer.compare.snapshot import Snapshot
from analyzer.model.severity import Severity


def compare(first: Snapshot, second: Snapshot, *, at_least: Severity = Severity.INFO) -> Difference:
    """Compare two states of a cluster; the older is ``before``, whichever came first.

    ``at_least`` leaves out findings that are milder on both sides. The same input gives the same
    difference; nothing is read or written here.
    """
    before, after, turned = in_order(first, second)
    same = same_cluster(before, after)
    findings = compare_findings(before.diagnosis, after.diagnosis)
    objects = _objects(before, after)
    old, new = before.diagnosis.cluster, after.diagnosis.cluster
    return Difference(
        before=before.side,
        after=after.side,
        turned=turned,
        same_cluster=same.answer,
        same_cluster_reason=same.reason,
        appeared=tuple(f for f in findings.appeared if f.severity.rank <= at_least.rank),
        gone=tuple(f for f in findings.gone if f.severity.rank <= at_least.rank),
        changed=tuple(
            c
            for c in findings.changed
            if c.finding.severity.rank <= at_least.rank
            or any(Severity(f.before).rank <= at_least.rank for f in c.changes
                   if f.field == "severity")
        ),
        unchanged=findings.unchanged,
        objects=objects.changes,
        objects_equal=objects.equal,
        versions=version_moves(before, after),
        pools=pool_moves(old, new),
        settings=setting_moves(old, new),
        not_compared=(*_not_compared(before, after), *objects.not_compared),
    )  # fmt: skip


def _objects(before: Snapshot, after: Snapshot) -> ObjectChanges:
    if before.objects is None or after.objects is None:
        return ObjectChanges((), 0, ())
    times = before.diagnosis.bundle.collected_at, after.diagnosis.bundle.collected_at
    return compare_objects(before.objects, after.objects, *times)


def _not_compared(before: Snapshot, after: Snapshot) -> Iterator[str]:
    sides = (("older", before), ("newer", after))
    reports = [which for which, side in sides if side.kind == "report"]
    if reports:
        which = " and the ".join(reports)
        yield (
            f"objects, kernels and images of components: the {which} input is a JSON report, which "
            "does not carry them"
        )
    for which, side in sides:
        if not side.diagnosis.bundle.complete:
            yield f"what the {which} input lacks: it is incomplete (demarc inspect shows what)"
    if any(side.diagnosis.bundle.collected_at is None for _, side in sides):
        yield "the order in time: an input does not say when it was collected"
    data = [
        (side.tool, side.policy, side.baselines, side.bugs) for side in (before.side, after.side)
    ]
    if data[0] != data[1]:
        yield (
            "the judgement alone: the two reports were made with different versions of demarc or "
            "its data, so that a finding may differ for that reason"
        )
