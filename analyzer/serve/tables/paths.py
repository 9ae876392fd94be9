"""The JSONPath of printer columns: fields, indexes, wildcards and filters by equality.

What a CustomResourceDefinition may use is the simple form of
https://kubernetes.io/docs/reference/kubectl/jsonpath/, without functions and scripts.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_STEP = re.compile(
    r"""\.?\[\?\(\s*@\.(?P<field>[\w.\\/-]+)\s*(?P<word>==|!=)\s*(?P<quote>['"]?)(?P<value>.*?)(?P=quote)\s*\)\]
      | \.?\[(?P<index>-?\d+|\*)\]
      | \.?\[(?P<mark>['"])(?P<key>.*?)(?P=mark)\]
      | \.(?P<name>(?:\\.|[^.\[\\])+)""",
    re.VERBOSE,
)
_MOST_STEPS = 32
Step = tuple[str, ...]


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[Step, ...] | None:
    """Take a path apart; None where it is not of the simple form."""
    found: list[Step] = []
    at = 0
    text = path.strip()
    text = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None or len(found) == _MOST_STEPS:
            return None
        at = match.end()
        if match["field"]:
            found.append(("filter", match["field"], match["word"], match["value"]))
        elif match["index"]:
            found.append(("index", match["index"]))
        else:
            key = match["key"] or re.sub(r"\\(.)", r"\1", match["name"] or "")
            found.append(("key", key))
    return tuple(found)


def values(obj: Any, path: str) -> list[Any]:
    """Return what a path finds, in the order of the object; nothing for a path of another form."""
    here = [obj]
    for step in _steps(path) or (("none",),):
        here = [value for item in here for value in _taken(item, step)]
    return here


def _taken(item: Any, step: Step) -> list[Any]:
    if step[0] == "key":
        return [item[step[1]]] if isinstance(item, dict) and item.get(step[1]) is not None else []
    if step[0] == "index":
        if step[1] == "*":
            return list(item.values()) if isinstance(item, dict) else list(_as_list(item))
        found = _as_list(item)
        number = int(step[1])
        return [found[number]] if -len(found) <= number < len(found) else []
    if step[0] == "filter":
        _, field, word, wanted = step
        return [e for e in _as_list(item) if (_text(e, field) == wanted) is (word == "==")]
    return []


def _as_list(item: Any) -> list[Any]:
    return item if isinstance(item, list) else []


def _text(entry: Any, field: str) -> str | None:
    for name in field.split("."):
        entry = entry.get(name) if isinstance(entry, dict) else None
    if isinstance(entry, bool):
        return str(entry).lower()
    return None if entry is None else str(entry)
