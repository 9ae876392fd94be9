"""Version numbers: Kubernetes minors, minor ranges of the data, and version lines of image tags."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TAG = re.compile(r"^v?(\d+)\.(\d+)(?:\.(\d+))?")


def minor_number(minor: str | None) -> int | None:
    """``33`` of ``1.33`` (or of ``1.33.5``); None if it is no Kubernetes 1.x version."""
    match = re.match(r"^v?1\.(\d+)", minor or "")
    return int(match.group(1)) if match else None


def in_range(minor: int, text: str) -> bool:
    """True if a minor lies in ``1.33``, ``1.24-1.31``, ``>=1.34`` or ``<=1.32``."""
    if text.startswith((">=", "<=")):
        bound = minor_number(text[2:])
        return bound is not None and (minor >= bound if text[0] == ">" else minor <= bound)
    first, _, last = text.partition("-")
    low, high = minor_number(first), minor_number(last or first)
    return low is not None and high is not None and low <= minor <= high


def for_minor(table: Mapping[str, tuple[str, ...]], minor: int | None) -> tuple[str, ...]:
    """The entry of a table by minor or range; empty where the table has none."""
    if minor is None:
        return ()
    for text, value in table.items():
        if text != "same" and in_range(minor, text):
            return value
    return ()


def tag_version(tag: str) -> tuple[int, ...] | None:
    """``(1, 12, 1)`` of ``v1.12.1-7``; None where a tag has no version (``master.250902.1``)."""
    match = _TAG.match(tag)
    return tuple(int(part) for part in match.groups() if part is not None) if match else None


def line_of(tag: str) -> str | None:
    """The version line ``1.12`` of a tag ``v1.12.1-7``."""
    version = tag_version(tag)
    return f"{version[0]}.{version[1]}" if version else None


def line_key(line: str) -> tuple[int, int]:
    """A sort key of a version line."""
    major, _, minor = line.partition(".")
    return int(major), int(minor or 0)
