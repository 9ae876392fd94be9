"""Differences between an expected state and the actual one, without noise, with their author."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.baselines.attribution import Change, author_of
from analyzer.baselines.drift_rows import ABSENT, text_of, written_at
from analyzer.baselines.normalise import Keyed, normalise
from analyzer.model.hit import DriftRow


def differences(
    expected: Mapping[str, Any], actual: Mapping[str, Any], *, extra: bool = False
) -> tuple[DriftRow, ...]:
    """Where the actual state differs from the expected projection, in the order of the paths.

    Only what the projection states is compared; with ``extra`` also what the actual state has on
    top. Lists are compared without order, named items by name; quantities, durations and numbers in
    text are compared by value; what the API server fills in is no difference.
    """
    left, right = normalise(expected), normalise(actual)
    if not extra:
        right = _projected(left, right)
    if left == right:
        return ()
    from deepdiff import DeepDiff  # here, because a cluster without drift does not need it

    diff = DeepDiff(
        left, right, ignore_order=True, ignore_numeric_type_changes=True, view="tree",
        threshold_to_diff_deeper=0,  # else two maps with few keys in common are one difference
    )  # fmt: skip
    rows: dict[str, DriftRow] = {}
    for report in diff.values():
        for item in report:
            path = _path(item.path(output_format="list"), left, right)
            wanted, found = _side(expected, path, item.t1), _side(actual, path, item.t2)
            rows.setdefault(path, DriftRow(path=path, expected=wanted, actual=found))
    return tuple(rows[path] for path in sorted(rows))


def with_authors(rows: Iterable[DriftRow], changes: Iterable[Change]) -> tuple[DriftRow, ...]:
    """The rows with who changed each path last and when, where a change owns that path."""
    known = tuple(change for change in changes if change.subresource != "status")
    found = []
    for row in rows:
        author = author_of(row.path, known)
        if author is not None:
            update = {"changed_by": author.manager or author.tool, "changed_at": author.time}
            found.append(row.model_copy(update=update))
        else:
            found.append(row)
    return tuple(found)


def _projected(expected: Any, actual: Any) -> Any:
    """The actual state cut to the shape of the expected one; lists are kept whole."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        kept = {key: _projected(expected[key], actual[key]) for key in expected if key in actual}
        return Keyed(kept) if isinstance(expected, Keyed) else kept
    return actual


def _path(steps: list[Any], left: Any, right: Any) -> str:
    """Steps of deepdiff as a path like those of managed fields."""
    text = ""
    for step in steps:
        named = isinstance(left, Keyed) or isinstance(right, Keyed)
        if named or isinstance(step, int) or any(mark in str(step) for mark in "./[]"):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else str(step)
        left, right = _step(left, step), _step(right, step)
    return text


def _step(value: Any, step: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _side(written: Any, path: str, value: Any) -> str:
    """The value as it was written, or ``absent``."""
    original = written_at(written, path)
    if original is not None:
        return text_of(original)
    return ABSENT if value is None or repr(value) == "not present" else text_of(value)
