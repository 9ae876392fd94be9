"""The few fields of a protobuf request that are needed here; newer kubectl posts reviews that way.

The envelope is four bytes and a ``runtime.Unknown``; the field numbers are those of
k8s.io/api/authorization/v1/generated.proto. Answers are JSON, which every client takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MAGIC = b"k8s\x00"
_RAW = 2
_SPEC = 2
_RESOURCE = {1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource"}
_RESOURCE |= {7: "name"}
_OTHER = {1: "path", 2: "verb"}
_LENGTHS = {1: 8, 5: 4}


def read_review(body: bytes, kind: str) -> dict[str, Any]:
    """Return a review as its JSON would be: the spec alone.

    Raises:
        ValueError: the body is no such message.
    """
    raw = _field(body[len(MAGIC) :], _RAW)
    spec = _field(raw, _SPEC)
    if kind == "selfsubjectrulesreviews":
        return {"spec": _texts(spec, {1: "namespace"})}
    if kind != "selfsubjectaccessreviews":
        return {}
    fields = dict(_fields(spec))
    if 2 in fields:
        return {"spec": {"nonResourceAttributes": _texts(fields[2], _OTHER)}}
    return {"spec": {"resourceAttributes": _texts(fields.get(1, b""), _RESOURCE)}}


def _field(data: bytes, number: int) -> bytes:
    return next((value for found, value in _fields(data) if found == number), b"")


def _texts(data: bytes, names: dict[int, str]) -> dict[str, str]:
    return {names[n]: v.decode("utf-8", "replace") for n, v in _fields(data) if n in names}


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of the fields that have a length; others are passed over."""
    at = 0
    while at < len(data):
        tag, at = _number(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 2:
            size, at = _number(data, at)
            if at + size > len(data):
                raise ValueError("a field is cut")
            yield number, data[at : at + size]
            at += size
        elif wire == 0:
            _, at = _number(data, at)
        elif wire in _LENGTHS:
            at += _LENGTHS[wire]
        else:
            raise ValueError("no protobuf message")


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a number is cut")
