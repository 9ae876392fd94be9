"""The gate: every string of a diagnosis is masked, and cleaned for people, before it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Any

from analyzer.model.diagnosis import Diagnosis
from analyzer.redact.mask import mask_count, mask_named
from analyzer.render.text import clean

#: Digests and fixed words of our own; nothing of a cluster is in them.
_OWN_FIELDS = frozenset({"sha256", "schema_version"})


def masked(diagnosis: Diagnosis) -> tuple[Diagnosis, dict[str, int]]:
    """The diagnosis without secrets, and how many of which kind were masked here."""
    counts: Counter[str] = Counter()
    seen: dict[str, tuple[str, dict[str, int]]] = {}

    def change(text: str) -> str:
        if text not in seen:
            seen[text] = mask_count(text)
        result, kinds = seen[text]
        counts.update(kinds)
        return result

    return _rebuilt(diagnosis, change), dict(sorted(counts.items()))


def cleaned(diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with ANSI sequences gone and unseen characters written out."""
    return _rebuilt(diagnosis, clean)


def _rebuilt(diagnosis: Diagnosis, change: Callable[[str], str]) -> Diagnosis:
    return Diagnosis.model_validate(_walk(diagnosis.model_dump(), change))


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return value if isinstance(value, Enum) else change(value)
    if isinstance(value, dict):
        if "expected" in value and "actual" in value and "path" in value:
            value = _drift_row(value)
        return {
            _walk(key, change): item if key in _OWN_FIELDS else _walk(item, change)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_walk(item, change) for item in value]
    return value


def _drift_row(row: dict[str, Any]) -> dict[str, Any]:
    """A drift row's values have no name beside them: the path tells whether they are secret."""
    path = row["path"]
    return row | {name: mask_named(path, row[name]) for name in ("expected", "actual")}
