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
    return _changed(diagnosis, lambda text: text)


def readable(diagnosis: Diagnosis) -> tuple[Diagnosis, dict[str, int]]:
    """The same for people: ANSI sequences gone as well, unseen characters written out."""
    return _changed(diagnosis, clean)


def _changed(diagnosis: Diagnosis, after: Callable[[str], str]) -> tuple[Diagnosis, dict[str, int]]:
    """Mask, then change each text; equal texts (most are) are worked out once."""
    counts: Counter[str] = Counter()
    seen: dict[str, tuple[str, dict[str, int]]] = {}

    def change(text: str) -> str:
        known = seen.get(text)
        if known is None:
            safe, kinds = mask_count(text)
            known = seen[text] = after(safe), kinds
        if known[1]:
            counts.update(known[1])
        return known[0]

    return _rebuilt(diagnosis, change), dict(sorted(counts.items()))


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
