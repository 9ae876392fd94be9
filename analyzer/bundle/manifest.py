"""``manifest.json``: what the packer says of a bundle of format 1. Every field may be missing."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from analyzer.bundle.collection import parse_time
from analyzer.bundle.names import shown_name

FILE_NAME = "manifest.json"
#: Characters of one text; the rest of a longer one is left out.
_LONGEST = 1024


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return shown_name(text, _LONGEST)


def _as_time(value: Any) -> datetime | None:
    return parse_time(value) if isinstance(value, str) else None


def _as_count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _dicts(value: Any) -> list[Any]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else {}


def _as_said(value: Any) -> bool:
    """``demarc redact`` writes counts there; an empty object says it too."""
    return value is True or isinstance(value, dict)


def _counts(value: Any) -> dict[str, int]:
    counts = {key: _as_count(count) for key, count in _dict(value).items()}
    return {key: count for key, count in sorted(counts.items()) if count is not None}


Text = Annotated[str, BeforeValidator(_as_text)]
Time = Annotated[AwareDatetime | None, BeforeValidator(_as_time)]
Count = Annotated[int | None, BeforeValidator(_as_count)]


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class CollectorInfo(_Lenient):
    """Which collector wrote the bundle."""

    name: Text = ""
    version: Text = ""


class ClusterId(_Lenient):
    """Which cluster it is: ``id`` is the uid of kube-system."""

    name: Text = ""
    id: Text = ""
    server_version: Text = ""


class MissingNode(_Lenient):
    """A node without an archive, and why."""

    node: Text = ""
    reason: Text = ""


class NodesAsked(_Lenient):
    """How many nodes were asked and answered."""

    asked: Count = None
    answered: Count = None
    missing: Annotated[tuple[MissingNode, ...], BeforeValidator(_dicts)] = ()


class ManifestMember(_Lenient):
    """One member of the outer archive with its size in bytes and its sum (hex)."""

    path: Text = ""
    bytes: Count = None
    sha256: Text = ""


class Manifest(_Lenient):
    """The manifest. Unknown fields are ignored, a field of the wrong type counts as missing."""

    format: Count = None
    collector: Annotated[CollectorInfo, BeforeValidator(_dict)] = CollectorInfo()
    cluster: Annotated[ClusterId, BeforeValidator(_dict)] = ClusterId()
    started: Time = None
    finished: Time = None
    options: Annotated[dict[str, Any], BeforeValidator(_dict)] = Field(default_factory=dict)
    nodes: Annotated[NodesAsked, BeforeValidator(_dict)] = NodesAsked()
    masked: Annotated[dict[str, int], BeforeValidator(_counts)] = Field(default_factory=dict)
    #: A copy whose names and addresses are stand-ins (``demarc redact``).
    redacted: Annotated[bool, BeforeValidator(_as_said)] = False
    members: Annotated[tuple[ManifestMember, ...], BeforeValidator(_dicts)] = ()


def _whole_text(value: Any) -> Any:
    """Replace lone surrogates, which JSON can spell and no output can hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_whole_text(item) for item in value]
    if isinstance(value, dict):
        return {_whole_text(key): _whole_text(item) for key, item in value.items()}
    return value


def parse_manifest(data: bytes) -> Manifest | str:
    """Read a manifest; a text says why it cannot be read."""
    try:
        value = _whole_text(json.loads(data))
    except (ValueError, RecursionError) as error:
        return f"is no JSON: {error}"
    if not isinstance(value, dict):
        return "is no JSON object"
    try:
        return Manifest.model_validate(value)
    except ValidationError as error:
        return f"is no manifest: {error.error_count()} fields are wrong"
