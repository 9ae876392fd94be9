"""What somebody wrote into a managed object, as rows: which field, from what to what, who, when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from analyzer.baselines.attribution import Change
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.drift_rows import ABSENT, text_of
from analyzer.baselines.frames import State, as_written, frame_state, same_value, value_at
from analyzer.baselines.history import Revision, past_of
from analyzer.baselines.object_kind import kind_of
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.objects import Workload
from analyzer.model.hit import DriftRow

#: Shown where neither the baseline nor an older revision tells what AKS has there.
AS_SET = "as AKS set it"
#: Shown for a value that the facts do not hold.
NOT_SHOWN = "not shown"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Before:
    """What the fields of one workload should be, by the baseline and by its older revisions."""

    workload: Workload
    state: State
    labels: dict[str, str]
    revisions: tuple[Revision, ...]
    captured: State

    def expected(self, path: str) -> tuple[Any, bool]:
        """The expected value, and whether anything tells it; (None, True) says it was not there."""
        stated = None if path.endswith(".image") else value_at(self.captured, path)
        if stated is None:
            stated = value_at(self.state, path)
        if stated is None and path.startswith("spec.template.metadata.labels"):
            stated = self.labels.get(
                path.removeprefix("spec.template.metadata.labels").strip(".[]")
            )
        if stated is not None:
            return stated, True
        past = past_of(path, self.workload, self.revisions)
        return (past.value, True) if past is not None else (None, False)


def before(
    component: Component,
    workload: Workload,
    identity: Identity,
    revisions: Iterable[Revision],
    baseline: Baseline,
) -> Before:
    """Gather what tells the expected values of a workload."""
    return Before(
        workload=workload,
        state=frame_state(component, workload, identity),
        labels=component.labels,
        revisions=tuple(revisions),
        captured=captured_state(workload, baseline),
    )


def captured_state(obj: KubeObject, baseline: Baseline) -> State:
    """What the user captured of an object; empty where nothing was."""
    found = baseline.captured.get((kind_of(obj), obj.namespace or "", obj.name))
    return found.state if found is not None else {}


def rows_of(found: Iterable[Change], known: Before, skip: Iterable[str] = ()) -> list[DriftRow]:
    """One row for each field that differs from what it should be, in the order of the changes.

    ``skip`` are paths that other rules tell. A list item that the author added is one row; a field
    that was written back to its expected value is none.
    """
    dump = as_written(known.workload)
    left_out = set(skip)
    rows: dict[str, DriftRow] = {}
    for change in found:
        for path, is_item in _places(change, known):
            if path in rows or _told(path, left_out):
                continue
            wanted, tells = (None, True) if is_item else known.expected(path)
            actual = value_at(dump, path)
            if tells and actual is not None and same_value(path, wanted, actual):
                continue
            rows[path] = DriftRow(
                path=path,
                expected=_text(wanted) if tells else AS_SET,
                actual=text_of(actual) if actual is not None else NOT_SHOWN,
                changed_by=change.manager or change.tool,
                changed_at=change.time,
            )
    return list(rows.values())


def content_only(found: Iterable[Change]) -> tuple[Change, ...]:
    """Changes without those of the object's own labels and annotations, which AKS-CMP-010 tells."""
    kept = (
        replace(change, fields=tuple(f for f in change.fields if not f.startswith("metadata.")))
        for change in found
    )
    return tuple(change for change in kept if change.fields)


def sentence(rows: Iterable[DriftRow], found: Iterable[Change]) -> str:
    """Each row as ``spec.replicas 2 → 5, by kubectl-edit (kubectl edit), at 2026-11-18T09:12Z``."""
    tools = {change.manager or change.tool: change.tool for change in found}
    shown = list(rows)
    texts = [_told_of(row, tools) for row in shown[:_SHOWN]]
    more = f"; and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return "; ".join(texts) + more


def _told_of(row: DriftRow, tools: dict[str, str]) -> str:
    if row.expected == AS_SET:
        what = f"`{row.path}` was set" + (f" to {row.actual}" if row.actual != NOT_SHOWN else "")
    else:
        what = f"`{row.path}` {row.expected} → {row.actual}"
    if row.changed_by is None:
        return f"{what}, by whom is not shown"
    tool = tools.get(row.changed_by, "")
    known = f" ({tool})" if tool and tool != row.changed_by else ""
    when = f", at {row.changed_at:%Y-%m-%dT%H:%MZ}" if row.changed_at else ""
    return f"{what}, by `{row.changed_by}`{known}{when}"


def _places(change: Change, known: Before) -> Iterator[tuple[str, bool]]:
    """The changed fields; those below a list item that the author added are that item, once."""
    items = {
        field.removesuffix(".name")
        for field in change.fields
        if field.endswith("].name") and not known.expected(field)[0]
    }
    for field in change.fields:
        item = next((i for i in sorted(items) if field == i or field.startswith(f"{i}.")), None)
        if item is not None:
            yield item, True
        elif not field.endswith("].name"):
            yield field, False


def _told(path: str, left_out: set[str]) -> bool:
    """True for a path that another rule tells, or a new container whose image it tells."""
    return path in left_out or f"{path}.image" in left_out


def _text(value: Any) -> str:
    return ABSENT if value is None else text_of(value)
