"""Where each object of a listing lies, found without building all of them at once.

A listing of 2,000 nodes is 30 MB of JSON and ten times that as objects. So a listing is walked
object by object, and what stays in memory is a name and a place for each.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import yaml

from analyzer.serve.store import Piece, Store

#: Larger YAML is not read: its parser takes seconds for each 10 MB.
MAX_YAML_BYTES = 64 * 1024 * 1024
_SPACE = " \t\r\n"
_AS_JSON = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True, slots=True)
class ItemAt:
    """One object: its namespace (empty for none), its name, and where its JSON lies."""

    namespace: str
    name: str
    piece: Piece


def find_items(store: Store, piece: Piece, is_yaml: bool) -> list[ItemAt]:
    """Return the objects of one file; of a torn list those at its head; of rubbish none."""
    data = store.read(piece)
    if is_yaml or data.lstrip()[:1] not in (b"{", b"["):
        return _of_documents(store, _yaml_documents(data))
    return [
        ItemAt(*_names(item), Piece(piece.offset + start, end - start))
        for item, start, end in _walk(data)
        if _is_object(item)
    ]


def _is_object(item: Any) -> bool:
    """Tell an object from what else was saved in its place, such as a Status."""
    return isinstance(item, dict) and bool((item.get("metadata") or {}).get("name"))


def _names(item: dict[str, Any]) -> tuple[str, str]:
    meta = item["metadata"]
    return str(meta.get("namespace") or ""), str(meta.get("name") or "")


def _walk(data: bytes) -> Iterator[tuple[Any, int, int]]:
    """Yield the objects of a JSON text, each with its first byte and the one behind its last.

    Read as Latin-1, in which every byte is one character: positions are those of the bytes. What
    is read this way serves for names alone, and those are ASCII.
    """
    text = data.decode("latin-1")
    decode = json.JSONDecoder(strict=False).raw_decode
    start = _skip(text, 0)
    try:
        if text[start] == "[":
            yield from _walk_array(text, start, decode)
            return
        array = _items_of(text, start, decode)
        if array is not None:
            yield from _walk_array(text, array, decode)
            return
        item, end = decode(text, start)
        yield item, start, end
    except (ValueError, IndexError, RecursionError):
        return  # torn here: what came before it is whole


def _items_of(text: str, start: int, decode: Any) -> int | None:
    """Return where the array of a list's own ``items`` starts; None where it is one object."""
    at = _skip(text, start + 1)
    while text[at] == '"':
        key, at = decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == "items" and text[at] == "[":
            return at
        _, at = decode(text, at)
        at = _skip(text, at)
        if text[at] != ",":
            return None
        at = _skip(text, at + 1)
    return None


def _walk_array(text: str, start: int, decode: Any) -> Iterator[tuple[Any, int, int]]:
    at = _skip(text, start + 1)
    while text[at] != "]":
        item, end = decode(text, at)
        yield item, at, end
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


def _yaml_documents(data: bytes) -> Iterator[dict[str, Any]]:
    if len(data) > MAX_YAML_BYTES:
        return
    try:
        # A few bytes of aliases can stand for gigabytes; kubectl writes none.
        if any(isinstance(e, yaml.AliasEvent) for e in yaml.parse(data, Loader=yaml.CSafeLoader)):
            return
        documents = list(yaml.load_all(data, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    for document in documents:
        if not isinstance(document, dict):
            continue
        items = document.get("items") if "items" in document else [document]
        yield from (item for item in items or () if isinstance(item, dict))


def _of_documents(store: Store, items: Iterator[dict[str, Any]]) -> list[ItemAt]:
    found = []
    for item in items:
        if _is_object(item):
            piece = store.append(orjson.dumps(item, default=str, option=_AS_JSON))
            found.append(ItemAt(*_names(item), piece))
    return found
