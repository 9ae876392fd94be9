"""From objects to a Table, or to their metadata alone (meta.k8s.io/v1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from analyzer.serve.catalogue import Kind
from analyzer.serve.tables import cluster, network, pods, settings, workloads
from analyzer.serve.tables.cells import UNKNOWN, Obj, age, at, since
from analyzer.serve.tables.paths import values

Row = Callable[[Obj, datetime | None], list[Any]]
Printer = tuple[str, str, Row]

_EVENTS: Printer = (
    "Last_Seen Type Reason Object ~Subobject ~Source Message ~First_Seen ~Count ~Name",
    "",
    cluster.event,
)
_PRINTERS: dict[tuple[str, str], Printer] = {
    ("", "pods"): (*pods.COLUMNS, pods.row),
    ("", "events"): _EVENTS,
    ("events.k8s.io", "events"): _EVENTS,
    **workloads.PRINTERS,
    **cluster.PRINTERS,
    **network.PRINTERS,
    **settings.PRINTERS,
}
_META = "meta.k8s.io/v1"
#: Columns in which the API server sends a time, and not an age.
_DATES = ("Created At",)


def table_of(kind: Kind, objects: list[Obj], now: datetime | None, include: str) -> Obj:
    """Return a Table of objects; ``include`` is ``None``, ``Metadata`` or ``Object``."""
    columns, row = _printer(kind)
    rows = []
    for obj in objects:
        found: Obj = {"cells": _cells(row, obj, now, len(columns))}
        if include == "Object":
            found["object"] = obj
        elif include != "None":
            found["object"] = _row_of(obj)
        rows.append(found)
    return {
        "kind": "Table",
        "apiVersion": _META,
        "metadata": {},
        "columnDefinitions": columns,
        "rows": rows,
    }


def _cells(row: Row, obj: Obj, now: datetime | None, width: int) -> list[Any]:
    """Return the cells; of an object whose fields have other types than its kind the name alone."""
    try:
        return row(obj, now)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return [at(obj, "metadata.name"), *[UNKNOWN] * (width - 1)]


def as_table(listing: Obj, kind: Kind, now: datetime | None, include: str) -> Obj:
    """Return a list, or one object, as a Table with the list's metadata."""
    objects = listing.get("items", [listing])
    table = table_of(kind, objects, now, include)
    meta = listing.get("metadata") or {}
    kept = ("resourceVersion", "continue", "remainingItemCount")
    return table | {"metadata": {key: meta[key] for key in kept if meta.get(key)}}


def as_partial_list(listing: Obj) -> Obj:
    """Return a list, or one object, with nothing but the metadata of its objects."""
    if "items" not in listing:
        return _partial(listing)
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": _META,
        "metadata": listing["metadata"],
        "items": [_partial(obj) for obj in listing["items"]],
    }


def _partial(obj: Obj) -> Obj:
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": _META,
        "metadata": obj.get("metadata") or {},
    }


def _row_of(obj: Obj) -> Obj:
    """The object behind a row, without managedFields: half of its bytes, and never printed."""
    found = _partial(obj)
    meta = found["metadata"]
    return found | {"metadata": {k: meta[k] for k in meta if k != "managedFields"}}


def _printer(kind: Kind) -> tuple[list[Obj], Row]:
    found = _PRINTERS.get((kind.group, kind.name))
    if found is None:
        return _custom(kind)
    shown, wide, row = found
    columns = [_column(word, word.startswith("~")) for word in shown.split()]
    return columns + [_column(word, True) for word in wide.split()], row


def _column(word: str, wide: bool) -> Obj:
    """Make a column of ``Up-to-date#``: ``#`` marks a number, ``?`` a yes or no, ``_`` a space."""
    kind = {"#": "integer", "?": "boolean"}.get(word[-1], "string")
    name = word.strip("~#?").replace("_", " ")
    return {
        "name": name,
        "type": "date" if name in _DATES else kind,
        "format": "name" if name == "Name" else "",
        "description": "",
        "priority": int(wide),
    }


def _custom(kind: Kind) -> tuple[list[Obj], Row]:
    """Return the printer of a custom resource: the columns of its definition, else the age."""
    given = kind.columns or ({"name": "Age", "type": "date", "jsonPath": _CREATED},)
    columns = [_column("Name", False)]
    columns += [
        {
            "name": str(c.get("name") or ""),
            "type": "string" if c.get("type") == "date" else str(c.get("type") or "string"),
            "format": str(c.get("format") or ""),
            "description": str(c.get("description") or ""),
            "priority": int(c.get("priority") or 0),
        }
        for c in given
    ]
    return columns, lambda obj, now: [
        at(obj, "metadata.name"),
        *(_cell(obj, column, now) for column in given),
    ]


_CREATED = ".metadata.creationTimestamp"


def _cell(obj: Obj, column: Obj, now: datetime | None) -> Any:
    path = str(column.get("jsonPath") or "")
    if path == _CREATED:
        return age(obj, now)
    found = values(obj, path)
    if not found:
        return None
    if column.get("type") == "date":
        return since(found[0], now)
    if len(found) == 1 and isinstance(found[0], (int, float, str)):
        return found[0] if column.get("type") != "string" else _plain(found[0])
    return ",".join(_plain(value) for value in found)


def _plain(value: Any) -> str:
    if isinstance(value, (dict, list, bool)):
        return orjson.dumps(value).decode()
    return str(value)
