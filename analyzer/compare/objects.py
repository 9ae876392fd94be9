"""Objects of two bundles: what was added, removed and changed in between, and by whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analyzer.baselines.attribution import Change, author_of
from analyzer.baselines.drift import differences
from analyzer.baselines.drift_rows import ABSENT, text_of, written_at
from analyzer.compare.difference import Author, ObjectChange, ValueChange
from analyzer.compare.image_moves import same_image
from analyzer.compare.snapshot import KeptObject, ObjectsSeen
from analyzer.model.hit import DriftRow

#: Characters kept of one side of a value; the rest can be looked up in the bundle.
VALUE_MAX = 2000
#: Whose change a reader must see first.
_WEIGHT: dict[Author, int] = {
    "customer": 0, "unknown": 1, "not-shown": 2, "aks": 3, "kubernetes": 4,
}  # fmt: skip


@dataclass(frozen=True)
class ObjectChanges:
    """The changes, customers' first; how many objects are equal; what could not be compared."""

    changes: tuple[ObjectChange, ...]
    equal: int
    not_compared: tuple[str, ...]


@dataclass(frozen=True)
class _Window:
    """The time between the two collections; None where a bundle does not tell its time."""

    start: datetime | None
    end: datetime | None

    def holds(self, change: Change) -> bool:
        """True where the change may have happened between the collections."""
        if change.time is None:
            return False
        return (self.start is None or change.time >= self.start) and (
            self.end is None or change.time <= self.end
        )


def compare_objects(
    before: ObjectsSeen, after: ObjectsSeen, start: datetime | None, end: datetime | None
) -> ObjectChanges:
    """Compare by kind, namespace and name. An object that a torn listing lacks is not removed."""
    window = _Window(start, end)
    found: list[ObjectChange] = []
    unsure: set[str] = set()
    equal = 0
    for key in sorted({*before.objects, *after.objects}):
        old, new = before.objects.get(key), after.objects.get(key)
        if old is not None and new is not None:
            change = _changed(old, new, window)
            equal += change is None
            found += [change] if change is not None else []
            continue
        there = old or new
        assert there is not None
        other = after if new is None else before
        subject = there.subject
        if other.listed(subject.kind, subject.namespace):
            found.append(_came_or_went(there, "added" if new else "removed", window))
        else:
            which = "newer" if new is None else "older"
            place = f" in {subject.namespace}" if subject.namespace else ""
            unsure.add(f"{subject.kind} objects{place}: not listed whole in the {which} bundle")
    found.sort(key=lambda c: (_WEIGHT[c.by], c.whose != "aks", c.subject.key))
    return ObjectChanges(tuple(found), equal, tuple(sorted(unsure)))


def _came_or_went(obj: KeptObject, what: Any, window: _Window) -> ObjectChange:
    """A new object's first writer made it; nothing of a removed one tells who removed it."""
    by: Author = "not-shown"
    values: tuple[ValueChange, ...] = ()
    if what == "added" and obj.changes:
        writers = [c for c in obj.changes if c.time is not None]
        first = min(writers, key=lambda c: (c.time, c.manager), default=None)
        if first is not None:
            by = first.kind
            text = f"created {obj.created}" if obj.created else "created"
            values = (_value("", ABSENT, text, first, certain=True),)
    return ObjectChange(
        what=what, subject=obj.subject, component=obj.component, whose=obj.whose, by=by,
        values=values,
    )  # fmt: skip


def _changed(old: KeptObject, new: KeptObject, window: _Window) -> ObjectChange | None:
    if old.content == new.content:
        return None
    rows = differences(old.content, new.content, extra=True)
    values = tuple(
        value
        for row in rows
        if (value := _attributed(row, old.content, new, window)) is not None
        and not _counts_by_itself(value)
    )
    if not values:
        return None
    return ObjectChange(
        what="changed",
        subject=new.subject,
        component=new.component,
        whose=new.whose,
        by=min((value.by for value in values), key=lambda by: _WEIGHT[by]),
        values=values,
    )


def _attributed(
    row: DriftRow, old: Mapping[str, Any], new: KeptObject, window: _Window
) -> ValueChange | None:
    if _only_tag(row):
        return None  # told as a version that moved
    before, after = written_at(old, row.path), written_at(new.content, row.path)
    sides = _sides(before, after, row)
    if new.changes is None:
        return _value(row.path, *sides, None, certain=True)
    owner = author_of(row.path, new.changes)
    if owner is not None and window.holds(owner):
        return _value(row.path, *sides, owner, certain=True)
    writers = {c.manager: c for c in new.changes if window.holds(c)}
    only = next(iter(writers.values())) if len(writers) == 1 else None
    return _value(row.path, *sides, only, certain=only is None)


def _value(
    path: str, before: str, after: str, author: Change | None, *, certain: bool
) -> ValueChange:
    return ValueChange(
        path=path,
        before=before[:VALUE_MAX],
        after=after[:VALUE_MAX],
        by=author.kind if author is not None else "not-shown",
        changed_by=(author.manager or author.tool) if author is not None else "",
        changed_at=author.time if author is not None else None,
        certain=certain,
    )


def _sides(before: Any, after: Any, row: DriftRow) -> tuple[str, str]:
    """The two values as texts; of texts with several lines only the lines that differ."""
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        old_lines, new_lines = before.splitlines(), after.splitlines()
        if sorted(old_lines) == sorted(new_lines):
            return "lines in one order", "the same lines in another order"
        old = "\n".join(_only_in(old_lines, new_lines))
        new = "\n".join(_only_in(new_lines, old_lines))
        return old or ABSENT, new or ABSENT
    old = row.expected if before is None else _text(before)
    return old, row.actual if after is None else _text(after)


def _only_in(lines: list[str], others: list[str]) -> Iterator[str]:
    """Lines that the other text has not, or has less often; in linear time."""
    left = Counter(others)
    for line in lines:
        if left[line]:
            left[line] -= 1
        else:
            yield line


def _text(value: Any) -> str:
    return value if isinstance(value, str) else text_of(value)


def _only_tag(row: DriftRow) -> bool:
    return row.path.endswith(".image") and same_image(row.expected, row.actual)


def _counts_by_itself(value: ValueChange) -> bool:
    """Replicas that an autoscaler moves; a step from or to zero is always told."""
    if value.path != "spec.replicas" or "0" in (value.before, value.after):
        return False
    return value.by != "customer"
