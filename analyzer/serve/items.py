"""Where each object of a listing lies, found without building all of them at once.

A listing of 2,000 nodes is 30 MB of JSON and ten times that as objects. So a listing is walked
object by object, and what stays in memory is a name and a place for each.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import yaml

from analyzer.bundle.limits import MIB
from analyzer.serve.jsonwalk import DamagedError, walk
from analyzer.serve.store import Piece, Store

#: Larger YAML is not read: its parser takes seconds for each 10 MB.
MAX_YAML_BYTES = 64 * 1024 * 1024
#: Objects of one file whose places are kept.
MAX_ITEMS = 500_000
#: Spaces before the first character of a JSON text.
_HEAD = 4096
_AS_JSON = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True, slots=True)
class ItemAt:
    """One object: its namespace (empty for none), its name, and where its JSON lies."""

    namespace: str
    name: str
    piece: Piece


@dataclass(frozen=True, slots=True)
class Places:
    """The objects of a file, and in words what of it could not be read; empty for all of it."""

    items: list[ItemAt]
    lost: str = ""


def find_items(store: Store, piece: Piece, is_yaml: bool) -> Places:
    """Return the objects of one file; of a torn list those at its head; of rubbish none."""
    found: list[ItemAt] = []
    try:
        for item in _items(store, piece, is_yaml):
            if len(found) == MAX_ITEMS:
                return Places(found, f"only its first {MAX_ITEMS} objects are shown")
            found.append(item)
    except DamagedError as error:
        return Places(found, str(error) or f"it is cut or damaged behind object {len(found)}")
    return Places(found)


def each_item(store: Store, piece: Piece, is_yaml: bool) -> Iterator[ItemAt]:
    """Yield the objects of one file as they are found, up to where it is damaged."""
    with contextlib.suppress(DamagedError):
        yield from _items(store, piece, is_yaml)


def _items(store: Store, piece: Piece, is_yaml: bool) -> Iterator[ItemAt]:
    head = store.read(Piece(piece.offset, min(piece.size, _HEAD))).lstrip()[:1]
    if is_yaml or head not in (b"{", b"["):
        if piece.size > MAX_YAML_BYTES:
            most = MAX_YAML_BYTES // MIB
            raise DamagedError(f"it is YAML of more than {most} MiB, which is not read")
        yield from _of_documents(store, store.read(piece))
        return
    for item, start, end in walk(store.chunks(piece)):
        if _is_object(item):
            yield ItemAt(*_names(item), Piece(piece.offset + start, end - start))


def _is_object(item: Any) -> bool:
    """Tell an object from what else was saved in its place, such as a Status."""
    meta = item.get("metadata") if isinstance(item, dict) else None
    return isinstance(meta, dict) and isinstance(meta.get("name"), str) and bool(meta["name"])


def _names(item: dict[str, Any]) -> tuple[str, str]:
    meta = item["metadata"]
    # one text for each namespace, however many objects it has
    return sys.intern(str(meta.get("namespace") or "")), meta["name"]


def _of_documents(store: Store, data: bytes) -> Iterator[ItemAt]:
    """Keep the objects of YAML as JSON in the store."""
    try:
        for item in _documents(data):
            if _is_object(item):
                piece = store.append(orjson.dumps(item, default=str, option=_AS_JSON))
                yield ItemAt(*_names(item), piece)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise DamagedError("it is no YAML that can be read") from error


def _documents(data: bytes) -> Iterator[dict[str, Any]]:
    # A few bytes of aliases can stand for gigabytes; kubectl writes none.
    if any(isinstance(e, yaml.AliasEvent) for e in yaml.parse(data, Loader=yaml.CSafeLoader)):
        raise ValueError("YAML with aliases")
    for document in list(yaml.load_all(data, Loader=yaml.CSafeLoader)):
        if not isinstance(document, dict):
            continue
        items = document.get("items") if "items" in document else [document]
        items = items if isinstance(items, list) else ()
        yield from (item for item in items if isinstance(item, dict))
