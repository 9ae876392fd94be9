"""An answer as text: cells for people, CSV for a spreadsheet, JSON for a program."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from typing import Any

from analyzer.fleet.query import Answer
from analyzer.render.text import clean, one_line

#: What a spreadsheet may take for a formula, by its first character
#: (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def shown_cell(value: Any) -> str:
    """A value for people, on one line: commas in numbers, times to the minute, null as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(shown_cell(item) for item in value)
    return one_line(clean(str(value)))


def is_number(answer: Answer, at: int) -> bool:
    """True for a column of numbers alone; nulls do not count."""
    cells = [row[at] for row in answer.rows if row[at] is not None]
    return bool(cells) and all(
        isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells
    )


def as_csv(answer: Answer) -> str:
    """Every text quoted, none that a spreadsheet would take for a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_cell(cell) for cell in row] for row in answer.rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = _plain(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return " ".join(_plain(item) for item in value)
    return clean(str(value))


def as_json(answer: Answer) -> str:
    """A list of objects, ASCII alone; a column's name that comes twice gets a number."""
    names: list[str] = []
    for name in answer.columns:
        names.append(name if name not in names else f"{name}_{len(names) + 1}")
    rows = [dict(zip(names, row, strict=True)) for row in answer.rows]
    return json.dumps(rows, indent=2, default=_json_value) + "\n"


def _json_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value)
