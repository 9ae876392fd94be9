"""The list as CSV, JSON and one HTML file to attach."""

from __future__ import annotations

import csv
import io

from analyzer.cves.listing import CveList, CveRow
from analyzer.cves.reasons import EXPLAINED
from analyzer.render.html import asset, render_page
from analyzer.render.words import OWNER_NAMES

#: Dropped rows of one reason that the page shows; the CSV of dropped rows and the JSON have all.
PAGE_ROWS_MAX = 500
#: What a spreadsheet may take for a formula, by its first character
#: (https://owasp.org/www-community/attacks/CSV_Injection), and the full-width forms of the same.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
_COLUMNS = (
    "id", "aliases", "severity", "package", "installed", "fixed", "fixed_on", "fix_age",
    "fix_known_from", "artifact", "component", "place", "reason", "owner", "clause", "why", "link",
    "report",
)  # fmt: skip


def as_json(listing: CveList) -> str:
    """The whole list, accepted and dropped, two spaces deep."""
    return listing.model_dump_json(indent=2) + "\n"


def as_csv(rows: tuple[CveRow, ...]) -> str:
    """Rows for a spreadsheet: every cell quoted, none that would be taken for a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        values = row.model_dump(mode="json")
        writer.writerow([_cell(values[name]) for name in _COLUMNS])
    return out.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        value = " ".join(str(one) for one in value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def as_html(listing: CveList) -> str:
    """One ASCII page that asks for nothing and runs nothing.

    Raises:
        RenderError: the page would be larger than can be attached.
    """
    return render_page(
        "cves.html.j2",
        style=asset("report.css"),
        hint="write .csv or .json, or give fewer reports at a time",
        listing=listing,
        explained=EXPLAINED,
        owner_names=OWNER_NAMES,
        rows_max=PAGE_ROWS_MAX,
    )
