"""The objects of a difference as rows, by who changed them."""

from __future__ import annotations

from analyzer.compare.difference import Author, Difference, ObjectChange, ValueChange
from analyzer.render.diff_shape import ObjectGroup, ObjectRow, ValueRow
from analyzer.render.text import clip, count, one_line, when

#: Objects and values that are shown; the JSON has all.
OBJECTS_MAX = 300
VALUES_MAX = 30
_VALUE_MAX = 600
_TITLES: dict[Author, str] = {
    "customer": "Changed by the customer",
    "unknown": "Changed by a writer that is not known",
    "not-shown": "Changed; the bundles do not show by whom",
    "aks": "Changed by AKS",
    "kubernetes": "Changed by Kubernetes itself",
}
_WHOSE = {
    "aks": "managed by AKS",
    "customer": "the customer's",
    "unknown": "whose it is, its marks do not tell",
}


def object_groups(difference: Difference) -> tuple[tuple[ObjectGroup, ...], str]:
    """Groups by author, customers' first, and a sentence on what is equal or left out."""
    shown = difference.objects[:OBJECTS_MAX]
    groups = tuple(
        ObjectGroup(title, rows, brief=by in ("aks", "kubernetes"))
        for by, title in _TITLES.items()
        if (rows := tuple(_object(change) for change in shown if change.by == by))
    )
    note = ""
    if difference.objects_equal:
        note = f"{count(difference.objects_equal, 'object')} compared equal."
    if len(difference.objects) > len(shown):
        note += f" {len(difference.objects) - len(shown):,} more are in the JSON output."
    return groups, note.strip()


def _object(change: ObjectChange) -> ObjectRow:
    values = change.values[:VALUES_MAX]
    hidden = len(change.values) - len(values)
    return ObjectRow(
        what=change.what,
        name=clip(one_line(str(change.subject)), 160),
        whose=_WHOSE[change.whose],
        values=tuple(_value(value) for value in values),
        more=f"and {count(hidden, 'more value')}" if hidden else "",
    )


def _value(value: ValueChange) -> ValueRow:
    return ValueRow(
        path=clip(one_line(value.path), 240) or "the object",
        before=clip(value.before.strip(), _VALUE_MAX),
        after=clip(value.after.strip(), _VALUE_MAX),
        author=_author(value),
    )


def _author(value: ValueChange) -> str:
    if not value.changed_by:
        return "not shown"
    name = clip(one_line(value.changed_by), 80)
    at = f", {when(value.changed_at)}" if value.changed_at else ""
    return f"{name}{at}" if value.certain else f"probably {name}, the only writer in between{at}"
