"""Read a JSON report back as a diagnosis, also one that a newer version wrote."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import ValidationError

from analyzer.compare.snapshot import Snapshot
from analyzer.model.diagnosis import Diagnosis

#: A report of 5,000 nodes is about 20 MB.
MAX_BYTES = 256 * 1024 * 1024
_ROUNDS = 8


class ReportError(Exception):
    """A file that is no JSON report of demarc. ``what`` and ``hint`` are for the user."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def looks_like_report(head: bytes) -> bool:
    """True for the first bytes of a JSON object: no bundle starts like that."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def read_report(name: str, data: bytes) -> Snapshot:
    """A snapshot of what a JSON report (schema version "1") holds.

    Fields that a newer version added are left out.

    Raises:
        ReportError: it is not such a report.
    """
    hint = "a JSON report is what 'demarc analyze BUNDLE -o report.json' writes"
    try:
        document = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise ReportError(f"{name} is not valid JSON: {error}", hint) from None
    if not isinstance(document, dict) or "findings" not in document or "bundle" not in document:
        raise ReportError(f"{name} is JSON, but no report of demarc", hint)
    if document.get("schema_version") != "1":
        shown = str(document.get("schema_version"))[:20]
        raise ReportError(
            f"{name} has the schema version '{shown}'; this program reads '1'",
            "use the version of demarc that wrote it, or analyse the bundle again",
        )
    return Snapshot(kind="report", diagnosis=_diagnosis(name, document, hint))


def _diagnosis(name: str, document: dict[str, Any], hint: str) -> Diagnosis:
    for _ in range(_ROUNDS):
        try:
            return Diagnosis.model_validate(document)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False, include_context=False)
            extra = [fault["loc"] for fault in faults if fault["type"] == "extra_forbidden"]
            others = [fault for fault in faults if fault["type"] != "extra_forbidden"]
            if others or not extra:
                first = (others or faults)[0]
                place = ".".join(str(step) for step in first["loc"])
                raise ReportError(f"{name}: {place}: {first['msg']}", hint) from None
            try:
                for place_of_extra in extra:
                    _drop(document, place_of_extra)
            except (KeyError, IndexError, TypeError):
                raise ReportError(f"{name} has a form that is not known", hint) from None
    raise ReportError(f"{name} holds too many unknown fields", hint)


def _drop(document: Any, place: tuple[int | str, ...]) -> None:
    for step in place[:-1]:
        document = document[step]
    del document[place[-1]]
