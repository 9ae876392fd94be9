"""The list as CSV, JSON and one HTML file to attach."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from functools import cache
from importlib import resources

import jinja2

from analyzer.cves.listing import CveList, CveRow
from analyzer.cves.reasons import EXPLAINED
from analyzer.cves.scan import CveError

#: The Azure portal takes files up to 5 MB.
PAGE_BYTES_MAX = 4_500_000
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
        CveError: the page would be larger than :data:`PAGE_BYTES_MAX`.
    """
    style = _environment().get_template("report.css").render()
    page = (
        _environment()
        .get_template("cves.html.j2")
        .render(
            listing=listing,
            explained=EXPLAINED,
            rows_max=PAGE_ROWS_MAX,
            policy=f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'; "
            "form-action 'none'",
        )
    )
    text = page.encode("ascii", "xmlcharrefreplace").decode("ascii")
    if len(text) > PAGE_BYTES_MAX:
        raise CveError(
            f"the HTML list would be {len(text):,} bytes, more than {PAGE_BYTES_MAX:,}",
            "write .csv or .json, or give fewer reports at a time",
        )
    return text


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _asset(name: str) -> str:
    return resources.files("reports").joinpath(f"templates/{name}").read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
