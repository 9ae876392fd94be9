"""The fleet on one HTML page: offline, no script, the look of the report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.fleet.answers import is_number, shown_cell
from analyzer.fleet.query import Answer, Fleet
from analyzer.fleet.questions import Question, questions
from analyzer.model.owner import Owner
from analyzer.render.html import asset, render_page
from analyzer.render.marks import OwnerMark
from analyzer.render.text import clip, count
from analyzer.render.words import OWNER_GLYPHS, OWNER_NAMES

#: Characters of a cell; the tables have the whole text.
_CELL_MAX = 300
_BAR_WIDTH = 180
_DAY = re.compile(r"\d{4}-\d{2}(?:-\d{2})?")
_LEDGER = """
  SELECT owner, count(DISTINCT cluster_id), count(*) FROM findings
  WHERE latest AND root GROUP BY owner
"""
_COMMONEST = """
  SELECT owner, any_value(title ORDER BY title), count(DISTINCT cluster_id) AS clusters
  FROM findings WHERE latest AND root GROUP BY owner, rule
  ORDER BY owner, clusters DESC, rule
"""
_TOTALS = """
  SELECT count(*), count(*) FILTER (roots = 0), (SELECT count(*) FROM clusters),
         coalesce(sum(nodes), 0)::BIGINT, min(collected_at), max(collected_at),
         count(*) FILTER (NOT complete)
  FROM clusters WHERE latest
"""
_MADE_WITH = """
  SELECT DISTINCT demarc_version, policy_date, baselines_date, bugs_date FROM clusters ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An owner with what is theirs over all clusters as they are now."""

    owner: OwnerMark
    clusters: int
    findings: int
    commonest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar: the owner's key, where it starts, how wide it is (of the bar's width)."""

    key: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Table:
    """An answer as texts. ``bars`` is empty or has a bar a row.

    ``kinds`` has a word for each column that the style sheet knows: ``num``, ``time`` or nothing.
    ``more`` says how many rows are left out; empty where none are.
    """

    id: str
    title: str
    says: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int
    bars: tuple[tuple[Bar, ...], ...]
    more: str


@dataclass(frozen=True, slots=True)
class FleetView:
    """All that the page shows."""

    title: str
    kicker: str
    meta: tuple[str, ...]
    verdict: str
    ledger: tuple[LedgerRow, ...]
    notices: tuple[str, ...]
    tables: tuple[Table, ...]
    bar_width: int = _BAR_WIDTH


def render_fleet(fleet: Fleet) -> str:
    """The page as ASCII text.

    Raises:
        analyzer.render.errors.RenderError: it would be too large to be attached anywhere.
    """
    return render_page(
        "fleet.html.j2",
        style=asset("report.css") + asset("diff.css"),
        hint="ask the tables: demarc fleet ask",
        view=build_fleet_view(fleet),
    )


def build_fleet_view(fleet: Fleet) -> FleetView:
    """Ask all that the page shows."""
    clusters, quiet, bundles, nodes, first, last, incomplete = fleet.ask(_TOTALS).rows[0]
    ledger = tuple(_ledger(fleet))
    tables = tuple(_table(q, fleet.ask(q.sql)) for q in questions() if q.page)
    meta = [count(bundles, "bundle"), count(nodes, "node")]
    if first is not None:
        days = sorted({f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"})
        meta.append(f"collected {' to '.join(days)}")
    return FleetView(
        title=f"AKS fleet: {count(clusters, 'cluster')}",
        kicker="AKS diagnostics: a fleet",
        meta=tuple(meta),
        verdict=_verdict(clusters, quiet, ledger),
        ledger=ledger,
        notices=tuple(_notices(fleet, tables, incomplete)),
        tables=tuple(table for table in tables if table.rows),
    )


def _verdict(clusters: int, quiet: int, ledger: Sequence[LedgerRow]) -> str:
    if not clusters:
        return "No bundle could be analysed."
    if quiet == clusters:
        return f"{count(clusters, 'cluster')}, and no finding in any of them."
    by_key = {row.owner.key: row.clusters for row in ledger}
    parts = [
        f"{count(number, 'cluster has', 'clusters have')} findings that are {whose}"
        for key, whose in (
            (Owner.MICROSOFT, "Microsoft's"), (Owner.CUSTOMER, "the customer's"),
            (Owner.UPSTREAM, "upstream bugs"), (Owner.BYOCNI_EXCLUDED, "excluded under BYOCNI"),
            (Owner.UNDETERMINED, "not yet anybody's"),
        )
        if (number := by_key[key.value])
    ]  # fmt: skip
    return f"{count(quiet, 'cluster')} of {clusters:,} without findings; " + ", ".join(parts) + "."


def _ledger(fleet: Fleet) -> Iterator[LedgerRow]:
    counts = {owner: numbers for owner, *numbers in fleet.ask(_LEDGER).rows}
    commonest: dict[str, list[str]] = {}
    for owner, title, clusters in fleet.ask(_COMMONEST).rows:
        commonest.setdefault(owner, []).append(f"{title} ({count(clusters, 'cluster')})")
    for owner in Owner:
        clusters, findings = counts.get(owner.value, (0, 0))
        mark = OwnerMark(owner.value, OWNER_NAMES[owner], OWNER_GLYPHS[owner])
        yield LedgerRow(mark, clusters, findings, tuple(commonest.get(owner.value, ())[:3]))


def _notices(fleet: Fleet, tables: Sequence[Table], incomplete: int) -> Iterator[str]:
    lost = next((table.total for table in tables if table.id == "not-analysed"), 0)
    if lost:
        yield f"{count(lost, 'bundle')} could not be analysed; see below."
    if incomplete:
        yield f"{count(incomplete, 'cluster')} sent an incomplete bundle: findings may be hidden."
    made = fleet.ask(_MADE_WITH).rows
    if len(made) > 1:
        yield (
            "The bundles were analysed with several versions of demarc or its data; run it again "
            "over all of them to compare like with like."
        )
    for version, policy, baselines, bugs in made[:1] if len(made) == 1 else ():
        yield f"demarc {version}, policy of {policy}, baselines of {baselines}, bugs of {bugs}."


def _table(question: Question, answer: Answer) -> Table:
    shown = answer.rows[: question.shown]
    left_out = len(answer.rows) - len(shown)
    more = f"{count(left_out, 'more row')}: demarc fleet ask {question.id}" if left_out else ""
    return Table(
        id=question.id,
        title=question.title,
        says=question.says,
        columns=answer.columns,
        kinds=tuple(_kind(answer, at) for at in range(len(answer.columns))),
        rows=tuple(tuple(clip(shown_cell(cell), _CELL_MAX) for cell in row) for row in shown),
        total=len(answer.rows),
        bars=tuple(_bars(answer.columns, row) for row in shown) if question.id == "owners" else (),
        more=more,
    )


def _kind(answer: Answer, at: int) -> str:
    if is_number(answer, at):
        return "num"
    cells = [str(row[at]) for row in answer.rows if row[at]]
    return "time" if cells and all(_DAY.fullmatch(cell) for cell in cells) else ""


def _bars(columns: Sequence[str], row: Sequence[Any]) -> tuple[Bar, ...]:
    """The split of one row among the owners, drawn from left to right in the order of owners."""
    named: Mapping[str, Any] = dict(zip(columns, row, strict=True))
    parts = [(owner.value, int(named.get(OWNER_NAMES[owner], 0) or 0)) for owner in Owner]
    total = sum(number for _, number in parts)
    bars, start = [], 0.0
    for key, number in parts:
        if number:
            width = round(_BAR_WIDTH * number / total, 1)
            bars.append(Bar(key, round(start, 1), width))
            start += width
    return tuple(bars)
