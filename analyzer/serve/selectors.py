"""Label and field selectors, as https://kubernetes.io/docs/concepts/overview/working-with-objects/
describes them: each becomes a test of one object."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from analyzer.serve.status import ApiError

Test = Callable[[dict[str, Any]], bool]

_SET = re.compile(r"^(?P<key>\S+)\s+(?P<word>in|notin)\s*\((?P<values>[^)]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s=!]+)\s*(?P<word>==|=|!=)\s*(?P<value>\S*)$")
_COMPARE = re.compile(r"^(?P<key>[^\s<>]+)\s*(?P<word>[<>])\s*(?P<value>-?\d+)$")
_NAME = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$")
_COMMAS = re.compile(r",(?![^(]*\))")
_FIELD = re.compile(r"^(?P<key>[^=!]+)(?P<word>!=|==|=)(?P<value>.*)$", re.DOTALL)


def selector(labels: str, fields: str) -> Test:
    """Return one test for both selectors; empty ones let everything pass.

    Raises:
        ApiError: 400, a selector cannot be read.
    """
    tests = [_label(term.strip()) for term in _COMMAS.split(labels) if term.strip()]
    tests += [_field(term) for term in re.split(r"(?<!\\),", fields) if term]
    return lambda obj: all(test(obj) for test in tests)


def requires(labels: str, key: str, value: str) -> bool:
    """Tell whether a label selector lets nothing pass but objects with one label's value."""
    terms = [_EQUAL.match(term.strip()) for term in _COMMAS.split(labels)]
    return any(
        m is not None and m["word"] != "!=" and (m["key"], m["value"]) == (key, value)
        for m in terms
    )


def _labels(obj: dict[str, Any]) -> dict[str, Any]:
    found = obj["metadata"].get("labels")
    return found if isinstance(found, dict) else {}


def _label(term: str) -> Test:
    if match := _SET.match(term):
        key, wanted = match["key"], {value.strip() for value in match["values"].split(",")}
        if match["word"] == "in":
            return lambda obj: _labels(obj).get(key) in wanted
        return lambda obj: _labels(obj).get(key) not in wanted
    if match := _EQUAL.match(term):
        key, value = match["key"], match["value"]
        if match["word"] == "!=":
            return lambda obj: _labels(obj).get(key) != value
        return lambda obj: _labels(obj).get(key) == value
    if match := _COMPARE.match(term):
        return _compared(match["key"], match["word"], int(match["value"]))
    absent = term.startswith("!")
    key = term.lstrip("!").strip()
    if not _NAME.match(key):
        raise ApiError(400, f"unable to parse requirement: {term}")
    return lambda obj: (key in _labels(obj)) is not absent


def _compared(key: str, word: str, bound: int) -> Test:
    def test(obj: dict[str, Any]) -> bool:
        try:
            number = int(_labels(obj)[key])
        except (KeyError, TypeError, ValueError):
            return False
        return number > bound if word == ">" else number < bound

    return test


def _field(term: str) -> Test:
    match = _FIELD.match(term)
    if match is None:
        raise ApiError(400, f"invalid field selector: {term}")
    key, wanted = match["key"].strip(), re.sub(r"\\(.)", r"\1", match["value"])
    if match["word"] == "!=":
        return lambda obj: field_text(obj, key) != wanted
    return lambda obj: field_text(obj, key) == wanted


def field_text(obj: dict[str, Any], key: str) -> str:
    """Return a field as text, empty where it is not set: any field, not only the indexed ones."""
    if key == "source" and "involvedObject" in obj:
        source = obj.get("source")
        source = source if isinstance(source, dict) else {}
        return str(source.get("component") or obj.get("reportingComponent") or "")
    value: Any = obj
    for step in key.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return "false" if key == "spec.unschedulable" else ""
    return str(value).lower() if isinstance(value, bool) else str(value)
