"""Kubernetes listings, as real clusters and real people save them.

A member may be a typed List, a bare array, one object, YAML, a torn list, an API error that was
saved as data, or the error text of kubectl. Objects that can be read are read; the rest is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
import yaml
from pydantic import TypeAdapter, ValidationError, create_model

from analyzer.bundle.depth import value_deeper
from analyzer.bundle.limits import DEFAULT_LIMITS, told
from analyzer.facts.kube import KubeObject
from analyzer.model.gap import Gap, Presence

#: Gaps of single objects that are told one by one; the rest is a count.
MAX_OBJECT_GAPS = 20
#: YAML is read whole by a slow parser; kubectl dumps of this size take some ten seconds.
MAX_YAML_BYTES = 64 * 1024 * 1024
#: Levels of one object; what reads objects recurses over them.
MAX_DEPTH = DEFAULT_LIMITS.max_json_depth

_KUBECTL_ERROR = re.compile(rb"^\s*(?:error|Error from server|Unable to connect|The connection)\b")
_YAML_ALIAS = re.compile(rb"(?m)(?:^|[:\-\[,])\s*\*[A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What could be read of one listing, whether it is whole, and what is wrong with it."""

    items: tuple[KubeObject, ...] = ()
    presence: Presence = Presence.PRESENT
    detail: str = ""
    gaps: tuple[Gap, ...] = ()


class Tally:
    """The objects that are read of one list, and what is wrong with those that are not."""

    def __init__(self, path: str, model: type[KubeObject]) -> None:
        self.model = model
        self.items: list[KubeObject] = []
        self._path = path
        self._bad = 0
        self._gaps: list[Gap] = []

    def add(self, entry: Any) -> None:
        """Read one object, or note why it cannot be read."""
        try:
            if value_deeper(entry, MAX_DEPTH):
                raise RecursionError
            self.items.append(self.model.model_validate(entry))
        except (ValidationError, RecursionError) as error:
            position = self._bad + len(self.items)
            self._bad += 1
            if len(self._gaps) < MAX_OBJECT_GAPS:
                self._gaps.append(_object_gap(self._path, position, entry, error))

    def parsed(self, torn: str = "") -> Parsed:
        """What all objects come to; ``torn`` says why the list ends early."""
        items, gaps = tuple(self.items), tuple(self._gaps)
        if torn or self._bad:
            presence = Presence.TRUNCATED if items else Presence.FAILED
            total = self._bad + len(items)
            detail = torn or f"{self._bad} of {total} objects could not be read"
            return Parsed(items, presence, detail, gaps)
        return Parsed(items)


_LISTS: dict[type[KubeObject], TypeAdapter[Any]] = {}


def _list_of(model: type[KubeObject]) -> TypeAdapter[Any]:
    """Reads ``{"kind": …, "items": [model, …]}``; made once per object model."""
    if model not in _LISTS:
        items: Any = tuple[model, ...] | None  # type: ignore[valid-type]
        made = create_model(f"{model.__name__}Listing", items=(items, None))
        _LISTS[model] = TypeAdapter(made)
    return _LISTS[model]


def parse_listing(data: bytes, path: str, model: type[KubeObject]) -> Parsed:
    """Read one member as objects of ``model``; never raises, never returns a guess."""
    if not data.strip():
        # A list without objects is never an empty file: nothing came, and that says nothing.
        return Parsed(presence=Presence.FAILED, detail="an empty file in place of a list")
    if data.lstrip()[:1] in (b"{", b"["):
        return _from_json(data, path, model)
    if _KUBECTL_ERROR.match(data):
        return _error_text(data)
    return _from_yaml(data, path, model)


def _from_json(data: bytes, path: str, model: type[KubeObject]) -> Parsed:
    try:
        items: tuple[KubeObject, ...] | None = _list_of(model).validate_json(data).items
        if items is not None:
            return Parsed(items)
    except (ValidationError, ValueError):
        pass  # one bad object, another shape, or a torn file: read it the slow way
    try:
        document = orjson.loads(data)
    except (orjson.JSONDecodeError, RecursionError):
        return _salvage(data, path, model)
    return _from_document(document, path, model)


def _from_document(document: Any, path: str, model: type[KubeObject]) -> Parsed:
    """Read a parsed document: a list, an array, one object, or a Status."""
    if isinstance(document, dict) and document.get("kind") == "Status":
        return _api_status(document)
    if isinstance(document, dict) and "items" in document:
        raw = document["items"] or []
    elif isinstance(document, dict) and "metadata" in document:
        raw = [document]
    elif isinstance(document, list):
        raw = document
    else:
        return Parsed(presence=Presence.FAILED, detail="not a Kubernetes list or object")
    if not isinstance(raw, list):
        return Parsed(presence=Presence.FAILED, detail="its items are not a list")
    return _one_by_one(raw, path, model)


def _one_by_one(raw: Iterable[Any], path: str, model: type[KubeObject]) -> Parsed:
    tally = Tally(path, model)
    for entry in raw:
        tally.add(entry)
    return tally.parsed()


def _object_gap(path: str, position: int, entry: Any, error: Exception) -> Gap:
    meta = entry.get("metadata") if isinstance(entry, dict) else None
    name = str(meta.get("name", "")) if isinstance(meta, dict) else ""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        why = f"{where}: {first['msg']}" if where else str(first["msg"])
    else:
        why = told("nested too deeply", "json-depth")
    return Gap(path=path, reason=Presence.FAILED, detail=f"item {position} {name[:80]}: {why}")


def _api_status(status: dict[str, Any]) -> Parsed:
    """An answer of the API server that says no: a fact about the listing, not an object."""
    reason = str(status.get("reason") or "")
    code = status.get("code")
    presence = {"Forbidden": Presence.FORBIDDEN, "NotFound": Presence.ABSENT}.get(
        reason, Presence.FAILED
    )
    return Parsed(presence=presence, detail=f"the API server answered {code} {reason}".strip())


def _error_text(data: bytes) -> Parsed:
    line = data.strip().splitlines()[0][:160].decode("utf-8", "replace")
    presence = Presence.FAILED
    if b"Forbidden" in data[:400] or b"forbidden" in data[:400]:
        presence = Presence.FORBIDDEN
    elif b"NotFound" in data[:400] or b"doesn't have a resource type" in data[:400]:
        presence = Presence.ABSENT
    return Parsed(presence=presence, detail=f"an error text in place of data: {line}")


def _salvage(data: bytes, path: str, model: type[KubeObject]) -> Parsed:
    """Read the whole objects at the head of a torn list."""
    text = data.decode("utf-8", "replace")
    start = re.search(r'"items"\s*:\s*\[', text)
    position = start.end() if start else (1 if text.lstrip().startswith("[") else len(text))
    decoder = json.JSONDecoder()
    raw: list[Any] = []
    while position < len(text):
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        try:
            entry, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            break
        raw.append(entry)
    parsed = _one_by_one(raw, path, model)
    if not parsed.items:
        return Parsed(presence=Presence.FAILED, detail="not readable as JSON", gaps=parsed.gaps)
    detail = f"torn JSON: {len(parsed.items)} objects could be read"
    return Parsed(parsed.items, Presence.TRUNCATED, detail, parsed.gaps)


def _from_yaml(data: bytes, path: str, model: type[KubeObject]) -> Parsed:
    if len(data) > MAX_YAML_BYTES:
        return Parsed(presence=Presence.FAILED, detail="YAML of more than 64 MiB is not read")
    if _YAML_ALIAS.search(data) and _has_alias(data):
        return Parsed(presence=Presence.FAILED, detail="YAML with aliases is not read")
    try:
        documents = [d for d in yaml.load_all(data, Loader=yaml.CSafeLoader) if d is not None]
    except (yaml.YAMLError, RecursionError, ValueError):
        return Parsed(presence=Presence.FAILED, detail="neither JSON nor YAML")
    if not documents or not all(isinstance(d, (dict, list)) for d in documents):
        return Parsed(presence=Presence.FAILED, detail="neither JSON nor YAML")
    parts = [_from_document(document, path, model) for document in documents]
    worst = next((p for p in parts if p.presence is not Presence.PRESENT), parts[0])
    return Parsed(
        tuple(item for part in parts for item in part.items),
        worst.presence,
        worst.detail,
        tuple(gap for part in parts for gap in part.gaps),
    )


def _has_alias(data: bytes) -> bool:
    """True if the document really uses aliases: a few bytes of them can stand for gigabytes."""
    try:
        return any(
            isinstance(e, yaml.AliasEvent) for e in yaml.parse(data, Loader=yaml.CSafeLoader)
        )
    except yaml.YAMLError:
        return False
