"""A status condition, as nodes, pods and workloads have them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from analyzer.facts.kube import Slim, Time, slim
from analyzer.facts.shared import Word


@slim
class Condition(Slim):
    """A status condition; ``status`` is ``True``, ``False`` or ``Unknown``."""

    type: Word = ""
    status: Word = ""
    reason: Word = ""
    message: Word = ""
    last_heartbeat_time: Time | None = None
    last_transition_time: Time | None = None


def condition_in(status: dict[str, Any], type_: str) -> Condition | None:
    """The condition of that type in a status that is kept as it is; None without a readable one."""
    rows = status.get("conditions")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("type") == type_:
            try:
                return Condition.model_validate(row)
            except ValidationError:
                return None
    return None


def moment(value: Any) -> datetime | None:
    """An RFC 3339 time in a status that is kept as it is, in UTC; None for anything else."""
    try:
        return _TIME.validate_python(value) if isinstance(value, str) else None
    except ValidationError:
        return None


_TIME: TypeAdapter[datetime] = TypeAdapter(Time)
