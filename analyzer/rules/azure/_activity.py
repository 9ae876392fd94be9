"""Operations of the activity log that took effect and were not AKS's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.model.evidence import EvidenceRef
from analyzer.model.signal import Signal
from analyzer.rules.azure._callers import Who, own_ids, who_wrote

_DONE = frozenset({"succeeded", "accepted"})
#: The author is told as the customer, or as somebody who is not known.
SIGNALS = {
    Who.PERSON: frozenset({Signal.CHANGED_BY_CUSTOMER}),
    Who.APPLICATION: frozenset({Signal.CHANGED_BY_UNKNOWN}),
}


@dataclass(frozen=True, slots=True)
class Write:
    """One operation on one resource, in lower case; ``at`` is None where the row has no time."""

    operation: str
    resource: str
    caller: str
    who: Who
    at: datetime | None
    correlation: str
    stamp: str

    @property
    def foreign(self) -> bool:
        """True where somebody other than AKS did it."""
        return self.who in (Who.PERSON, Who.APPLICATION)

    @property
    def action(self) -> str:
        """The operation without its provider: ``virtualMachineScaleSets/write``."""
        return self.operation.partition("/")[2]

    def __str__(self) -> str:
        """``deallocate/action by ops@… at 2026-…``."""
        when = f" at {self.at:%Y-%m-%dT%H:%M:%SZ}" if self.at else ""
        return f"{self.action} by {self.caller}{when}"

    def where(self, azure: AzureExports) -> EvidenceRef:
        """Point at its row."""
        anchors = [f"correlationId: {self.correlation}"] if self.correlation else []
        return azure.where(
            "activity-log", *anchors, f"eventTimestamp: {self.stamp}", what=str(self)
        )


def writes(azure: AzureExports) -> tuple[Write, ...]:
    """All operations that took effect, oldest first, those of AKS among them.

    Azure writes a row when an operation starts and another when it ends: they are told once, and an
    operation that failed is none.

    Raises:
        NotCollected: the activity log was not exported.
    """
    own = own_ids(azure)
    rows = azure.rows("activity-log")
    failed = {_key(row) for row in rows if _status(row) == "failed"}
    found: dict[tuple[str, str, str], Write] = {}
    for row in rows:
        key = _key(row)
        if _status(row) in _DONE and key not in failed:
            write = _write(row, own)
            known = found.get(key)
            if known is None or _order(write) < _order(known):
                found[key] = write
    return tuple(sorted(found.values(), key=_order))


def latest(found: Iterable[Write]) -> Write | None:
    """The last of them, or None."""
    return max(found, key=_order, default=None)


def signals_of(write: Write | None) -> frozenset[Signal]:
    """Who changed it, for the decision; somebody unknown where no row tells."""
    if write is None:
        return frozenset({Signal.CHANGED_BY_UNKNOWN})
    return SIGNALS.get(write.who, frozenset({Signal.CHANGED_BY_UNKNOWN}))


def _write(row: Mapping[str, Any], own: frozenset[str]) -> Write:
    stamp = str(row.get("eventTimestamp") or "")
    return Write(
        operation=_value(row, "operationName"),
        resource=str(row.get("resourceId") or "").lower(),
        caller=str(row.get("caller") or "somebody unknown"),
        who=who_wrote(row, own),
        at=_time(stamp),
        correlation=str(row.get("correlationId") or ""),
        stamp=stamp,
    )


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    name = str(row.get("correlationId") or row.get("eventTimestamp") or "")
    return name, _value(row, "operationName"), str(row.get("resourceId") or "").lower()


def _status(row: Mapping[str, Any]) -> str:
    return _value(row, "status")


def _value(row: Mapping[str, Any], key: str) -> str:
    """``{"value": …}`` of older and newer exports, or the plain text of others, in lower case."""
    value = row.get(key)
    value = value.get("value") if isinstance(value, dict) else value
    return str(value or "").lower()


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _order(write: Write) -> tuple[bool, float, str, str]:
    at = write.at
    return at is not None, at.timestamp() if at else 0.0, write.operation, write.resource
