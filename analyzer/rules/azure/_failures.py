"""Operations of the activity log that failed, and what Azure said.

Form of a row: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema; the
error stands as JSON text in ``properties.statusMessage``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap
from analyzer.rules.azure._sets import inside, rows_of

_MAX_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Failure:
    """An operation of the activity log that failed and did not succeed later.

    ``operation`` and ``resource`` are in lower case, ``text`` is what Azure said, JSON and all.
    """

    operation: str
    resource: str
    text: str
    stamp: str
    row: Mapping[str, Any]

    @property
    def at(self) -> datetime | None:
        """When it failed."""
        return time_of(self.stamp)

    @property
    def said(self) -> str:
        """The error's own sentence."""
        return plain(self.text)

    def where(self, azure: AzureExports) -> EvidenceRef:
        """Point at its row."""
        return azure.where("activity-log", f"eventTimestamp: {self.stamp}", what=self.operation)


def failures(azure: AzureExports, missing: list[Gap]) -> Iterator[Failure]:
    """Failed operations; one that succeeded on the same resource later is over."""
    rows = rows_of(azure, "activity-log", missing)
    ended: dict[tuple[str, str], str] = {}
    for row in rows:
        if word_of(row, "status") == "succeeded":
            key = (word_of(row, "operationName"), str(row.get("resourceId") or "").lower())
            ended[key] = max(ended.get(key, ""), str(row.get("eventTimestamp") or ""))
    for row in rows:
        key = (word_of(row, "operationName"), str(row.get("resourceId") or "").lower())
        stamp = str(row.get("eventTimestamp") or "")
        if word_of(row, "status") == "failed" and ended.get(key, "") <= stamp:
            text = message_of(inside(row, "properties", "statusMessage") or row.get("properties"))
            yield Failure(*key, text, stamp, row)


def word_of(row: Mapping[str, Any], key: str) -> str:
    """``{"value": …}`` of the log, or the plain text of other exports, in lower case."""
    value = row.get(key)
    value = value.get("value") if isinstance(value, dict) else value
    return str(value or "").lower()


def message_of(value: Any) -> str:
    """An error as text, cut where it is long."""
    if isinstance(value, str):
        return value[:_MAX_TEXT]
    return json.dumps(value, sort_keys=True)[:_MAX_TEXT] if value else ""


def plain(text: str) -> str:
    """The error's own sentence, out of the JSON that wraps it."""
    match = re.search(r'\\*"message\\*": ?\\*"(?P<said>(?:[^"\\]|\\(?!"))+)', text)
    said = match["said"] if match else text
    return " ".join(said.replace("\\n", " ").replace("\\r", " ").split())


def time_of(text: str) -> datetime | None:
    """An aware time, or None where the text is none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
