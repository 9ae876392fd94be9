"""The gate of ``demarc diff``: every string is masked, and cleaned for people, before it shows."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any

from analyzer.compare.difference import Difference
from analyzer.redact.mask import mask_named, mask_text
from analyzer.render.text import clean

_OWN_FIELDS = frozenset({"sha256", "schema_version"})


def masked_difference(difference: Difference) -> Difference:
    """The difference without secrets; a value is judged by the name of its place too."""
    return _rebuilt(difference, cache(mask_text))


def cleaned_difference(difference: Difference) -> Difference:
    """The difference with ANSI sequences gone and unseen characters written out."""
    return _rebuilt(difference, clean)


def _rebuilt(difference: Difference, change: Callable[[str], str]) -> Difference:
    return Difference.model_validate(_walk(difference.model_dump(), change))


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return value if isinstance(value, Enum) else change(value)
    if isinstance(value, dict):
        if {"path", "before", "after"} <= value.keys():
            named = {side: mask_named(value["path"], value[side]) for side in ("before", "after")}
            value = value | named
        return {
            key: item if key in _OWN_FIELDS else _walk(item, change) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_walk(item, change) for item in value]
    return value
