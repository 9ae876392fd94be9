"""One object from its bytes, with secrets masked as in every report.

All that the server hands out of listings goes through here.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from analyzer.redact.mask import mask_text
from analyzer.redact.secrets import mask_bytes

Obj = dict[str, Any]


def load_object(data: bytes) -> Obj:
    """Return an object; empty where the bytes are none."""
    masked, counts = mask_bytes(data)
    found = parsed(masked)
    if counts and not found:
        # a mask took a quote or a bracket with it: each text of the object by itself, then
        found = _each_text(parsed(data))
    return found


def parsed(data: bytes) -> Obj:
    """Return an object as it stands in the bundle, for what is not shown of it."""
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        # numbers beyond 64 bits, broken UTF-8, or no JSON at all
        try:
            found = json.loads(data.decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            return {}
    return found if isinstance(found, dict) else {}


def _each_text(value: Any) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, list):
        return [_each_text(one) for one in value]
    if isinstance(value, dict):
        return {mask_text(key): _each_text(one) for key, one in value.items()}
    return value
