"""Field paths as people read them, from the ``fieldsV1`` of a field manager.

Format: https://kubernetes.io/docs/reference/using-api/server-side-apply/ and the project
structured-merge-diff: ``f:`` names a field, ``k:`` a list item by its keys, ``v:`` a value, ``i:``
a position.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

#: Keys that name a list item by themselves, best first.
_NAMING = ("name", "mountPath", "devicePath", "topologyKey", "type", "key", "ip", "uid")


def field_paths(fields: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The leaves as paths such as ``spec.template.spec.containers[coredns].image``, in order.

    A list item is named by its ``name`` (ports by ``53/UDP``), a map key with dots or slashes is in
    brackets. Never fails: what is not understood is shown as it is.
    """
    return tuple(dict.fromkeys(_leaves(fields or {}, "")))


def _leaves(fields: Mapping[str, Any], path: str) -> Iterator[str]:
    children = [key for key in fields if key != "."]
    if not children:
        if path:
            yield path
        return
    for key in children:
        value = fields[key]
        deeper = _join(path, key)
        yield from _leaves(value if isinstance(value, Mapping) else {}, deeper)


def _join(path: str, key: str) -> str:
    kind, _, rest = key.partition(":")
    if kind == "f":
        if any(mark in rest for mark in "./[]"):
            return f"{path}[{rest}]"
        return f"{path}.{rest}" if path else rest
    if kind == "k":
        return f"{path}[{_item_name(rest)}]"
    if kind in ("v", "i"):
        return f"{path}[{rest}]"
    return f"{path}[{key}]"


def _item_name(text: str) -> str:
    try:
        keys = json.loads(text)
    except ValueError:
        return text
    if not isinstance(keys, dict):
        return text
    return item_name(keys)


def item_name(keys: Mapping[str, Any]) -> str:
    """How a list item is called: its name, ``53/UDP`` for a port, else its keys."""
    port = keys.get("containerPort", keys.get("port"))
    if port is not None:
        return f"{port}/{keys.get('protocol', 'TCP')}"
    for key in _NAMING:
        if key in keys:
            return str(keys[key])
    return ",".join(f"{key}={keys[key]}" for key in sorted(keys))


def is_named(item: Mapping[str, Any]) -> bool:
    """True where :func:`item_name` is a name, and not the list of all that the item says."""
    key = next((key for key in ("containerPort", "port", *_NAMING) if key in item), None)
    return key is not None and isinstance(item[key], str | int)
