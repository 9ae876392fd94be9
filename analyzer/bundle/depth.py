"""How deeply a JSON text is nested, told without parsing it: parsers of C code recurse."""

from __future__ import annotations

import re

#: A string, or one bracket. Strings are taken whole, so that brackets in them do not count.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def nested_deeper(data: bytes, limit: int) -> bool:
    """Tell whether lists and objects lie more than ``limit`` deep in a JSON text.

    Any bytes may be given; what is no JSON gets some answer.
    """
    if data.count(b"{") + data.count(b"[") <= limit:
        return False
    depth = 0
    for token in _TOKEN.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            if depth > limit:
                return True
        elif first != 0x22:
            depth -= 1
    return False


def value_deeper(value: object, limit: int) -> bool:
    """Tell the same of a value that was parsed already: its lists and dicts, level by level."""
    level: list[object] = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        if not level:
            return False
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(inner for inner in item.values() if isinstance(inner, dict | list))
            elif isinstance(item, list):
                below.extend(inner for inner in item if isinstance(inner, dict | list))
        level = below
    return bool(level)
