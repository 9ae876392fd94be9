"""Values of foreign JSON, whatever their type turns out to be: short clean texts, lists, days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from analyzer.render.text import clean

#: Characters of one cell; titles of scanners are sentences, names are shorter.
CELL_MAX = 300


def text(value: Any) -> str:
    """A short text without control characters; empty for anything that is no text or number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    found = clean(str(value)[: CELL_MAX * 4]).replace("\n", " ").strip()
    return found if len(found) <= CELL_MAX else f"{found[: CELL_MAX - 1]}…"


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> Iterator[Any]:
    """The items of a list; nothing for anything else."""
    yield from value if isinstance(value, list) else ()


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list, in order, without empty ones and doubles."""
    return tuple(dict.fromkeys(found for one in items(value) if (found := text(one))))


def day(value: Any) -> date | None:
    """A day written ``YYYY-MM-DD``, with or without a time after it; None for anything else.

    The year 1 of scanners that print an unset time is no day.
    """
    try:
        found = date.fromisoformat(text(value)[:10])
    except ValueError:
        return None
    return found if found.year > 1990 else None


def moment(value: Any) -> datetime | None:
    """A time as RFC 3339 writes it, in UTC; None for anything else."""
    found = day(value)
    try:
        parsed = datetime.fromisoformat(text(value)[:19])
    except ValueError:
        return None if found is None else datetime(found.year, found.month, found.day, tzinfo=UTC)
    return parsed.replace(tzinfo=UTC) if found else None


def web_link(value: Any) -> str:
    """An ``https`` address, or nothing: a report must not bring other kinds of links in."""
    found = text(value)
    return found if found.startswith("https://") and " " not in found else ""
