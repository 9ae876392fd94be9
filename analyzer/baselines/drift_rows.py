"""Paths and values of drift rows: the words that a reader sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analyzer.baselines.fields import item_name

#: Shown for a value that one side does not have.
ABSENT = "absent"
_LONG = 160


def text_of(value: Any) -> str:
    """A value in one line, cut where it is long."""
    if isinstance(value, Mapping):
        text = ", ".join(f"{key}: {text_of(value[key])}" for key in sorted(value, key=str))
    elif isinstance(value, list | tuple):
        text = ", ".join(text_of(item) for item in value)
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = str(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def written_at(value: Any, path: str) -> Any:
    """The value at a path as the object has it (``500Mi``, not bytes); None if there is none."""
    for step in path_steps(path):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list | tuple):
            value = _item(value, step)
        else:
            return None
    return value


def path_steps(path: str) -> list[str]:
    """``a.b[c/d.e].f`` as its four steps."""
    steps: list[str] = []
    word, depth = "", 0
    for char in path:
        opens, closes = char == "[" and depth == 0, char == "]" and depth == 1
        if opens or closes or (char == "." and depth == 0):
            steps.append(word)
            word = ""
        else:
            word += char
        depth += {"[": 1, "]": -1}.get(char, 0)
    return [step for step in (*steps, word) if step]


def _item(items: Any, step: str) -> Any:
    for item in items:
        if isinstance(item, Mapping) and item_name(item) == step:
            return item
    return items[int(step)] if step.isdecimal() and int(step) < len(items) else None
