"""A difference on a terminal. Nothing rests on colour, and no text of a cluster is mark-up."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analyzer.model.owner import Owner
from analyzer.render.diff_shape import DiffView, FindingGroup, MoveRow, ObjectGroup, ObjectRow
from analyzer.render.marks import OwnerMark
from analyzer.render.text import clip, count
from analyzer.render.words import OWNER_ASCII

_STYLES = {
    "microsoft": "blue",
    "customer": "yellow",
    "upstream": "green",
    "byocni-excluded": "bright_black",
    "undetermined": "bright_black",
}
_SIGNS = {"appeared": "+", "gone": "-", "changed": "~"}
#: Rows of a section on a terminal; the HTML and JSON have more.
ROWS_MAX = 40
#: More symptoms than this are told as a number.
SYMPTOMS_MAX = 3
_VALUE_MAX = 120


def print_difference(view: DiffView, console: Console) -> None:
    """Print every section that has rows, in the console's width and colours."""
    shown = _Shown(console)
    shown.line(Text(view.cluster, style="bold"))
    for side in view.sides:
        facts = ", ".join((side.collected, *side.facts))
        shown.line(Text.assemble((f"{side.role}  ", "dim"), side.name, (f"  {facts}", "dim")))
    shown.line(Text(""))
    shown.line(Text(" ".join(view.verdict)))
    for notice in view.notices:
        shown.line(Text.assemble(("! ", "bold"), notice))
    for group in view.findings:
        _findings(shown, group)
    for objects in view.objects:
        _objects(shown, objects)
    if view.objects_note and view.objects:
        shown.line(Text(view.objects_note, "dim"))
    _moves(shown, "Versions", view.versions)
    _moves(shown, "Pools and nodes", view.pools)
    _moves(shown, "Settings", view.settings)
    if view.not_compared:
        shown.head("Not compared")
        for text in view.not_compared:
            shown.line(Text(f"  {text}"))


def difference_text(view: DiffView) -> str:
    """The same as plain text, 100 columns wide."""
    buffer = io.StringIO()
    print_difference(view, Console(file=buffer, width=100, no_color=True, force_terminal=False))
    return buffer.getvalue()


class _Shown:
    """The console, and whether its encoding has the marks (an old Windows code page has not)."""

    def __init__(self, console: Console) -> None:
        self.console = console
        try:
            "■●◆○→…".encode(console.encoding)
            self.plain = False
        except (UnicodeEncodeError, LookupError):
            self.plain = True

    def text(self, text: Text) -> Text:
        """The same text, with what the encoding lacks written in ASCII."""
        if not self.plain:
            return text
        swapped = text.plain.replace("→", "->").replace("…", "...")
        return Text(swapped.encode("ascii", "replace").decode("ascii"), text.style)

    def owner(self, mark: OwnerMark) -> Text:
        """Glyph and name of an owner."""
        glyph = OWNER_ASCII[Owner(mark.key)] if self.plain else mark.glyph
        return Text.assemble((f"{glyph} ", _STYLES[mark.key]), mark.name)

    def line(self, text: Text) -> None:
        """One paragraph."""
        self.console.print(self.text(text), soft_wrap=False, highlight=False)

    def head(self, title: str) -> None:
        """A section's heading after an empty line."""
        self.line(Text(""))
        self.line(Text(title, style="bold"))


def _findings(shown: _Shown, group: FindingGroup) -> None:
    shown.head(f"{group.title} ({len(group.rows):,})")
    table = _table(4)
    folded = len(group.symptoms) > SYMPTOMS_MAX and bool(group.roots) and group.key != "changed"
    rows = group.roots if folded else group.rows
    for row in rows[:ROWS_MAX]:
        role = f"  {row.role}" if row.role else ""
        title = Text.assemble(row.title, (f"{role}  {row.rule}", "dim"))
        for note in row.notes:
            title.append(f"\n{note}")
        severity = Text(row.severity, "bold" if row.severity == "Critical" else "")
        sign = Text(_SIGNS[group.key])
        table.add_row(sign, severity, shown.owner(row.owner), shown.text(title))
    shown.console.print(table)
    if folded:
        where = "-o diff.html or -f json has all"
        shown.line(Text(f"   and {group.symptoms_label} of such causes ({where})", "dim"))
    _more(shown, len(rows))


def _objects(shown: _Shown, group: ObjectGroup) -> None:
    shown.head(f"{group.title} ({count(len(group.rows), 'object')})")
    for row in group.rows[:ROWS_MAX]:
        values = count(len(row.values), "value") if group.brief else ""
        more = f"  {values or row.whose}"
        shown.line(Text.assemble(f"  {row.what} {row.name}", (more, "dim")))
        for line in () if group.brief else _value_lines(row):
            shown.console.print(Padding(shown.text(Text(line)), (0, 0, 0, 4)))
    _more(shown, len(group.rows))


def _value_lines(row: ObjectRow) -> Iterable[str]:
    for value in row.values:
        if row.what == "added":
            yield f"by {value.author}"
            continue
        before, after = (
            clip(" | ".join(text.splitlines()), _VALUE_MAX) for text in (value.before, value.after)
        )
        by = "" if value.author == "not shown" else f"  by {value.author}"
        yield f"{value.path}: {before} → {after}{by}"
    if row.more:
        yield row.more


def _moves(shown: _Shown, title: str, rows: tuple[MoveRow, ...]) -> None:
    if not rows:
        return
    shown.head(f"{title} ({len(rows):,})")
    table = _table(3)
    for row in rows[:ROWS_MAX]:
        moved = Text(f"{row.before} → {row.after}")
        if row.note and not row.short:
            moved.append(f"  {row.note}", "dim")
        table.add_row(Text(row.what), Text(row.short or row.where), shown.text(moved))
    shown.console.print(table)
    _more(shown, len(rows))


def _table(columns: int) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for position in range(columns):
        last = position == columns - 1
        table.add_column(no_wrap=not last and columns == 4, ratio=1 if last else None)
    return table


def _more(shown: _Shown, rows: int) -> None:
    if rows > ROWS_MAX:
        shown.line(Text(f"  and {rows - ROWS_MAX:,} more (-o diff.html or -f json has all)", "dim"))
