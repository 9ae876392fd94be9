"""The summary on a terminal: verdict, ledger, root causes, and what is missing.

Nothing rests on colour; where the output cannot show the marks of the owners, plain letters stand
for them. Texts go in as ``Text``, so that nothing from a cluster is read as mark-up.
"""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analyzer.model.owner import Owner
from analyzer.render.marks import OwnerMark
from analyzer.render.roots import first_of_kinds
from analyzer.render.shape import CauseItem, ReportView
from analyzer.render.text import count
from analyzer.render.words import OWNER_ASCII

_STYLES = {
    "microsoft": "blue",
    "customer": "yellow",
    "upstream": "green",
    "byocni-excluded": "bright_black",
    "undetermined": "bright_black",
}
#: Root causes that a summary names; the report has all.
ROOTS_MAX = 10
#: Below this width the ledger's next steps go under the names.
_WIDE = 100
#: Below this width columns would leave no room for words; lines with an indent do.
_NARROW = 64


def print_summary(view: ReportView, console: Console) -> None:
    """Print the first screen of the report to ``console``, in its width and its colours."""
    plain = not _shows_marks(console)
    _line(console, Text(view.cluster, style="bold"))
    _line(console, Text(" - ".join(view.meta), style="dim"), plain)
    _line(console, Text(""))
    _line(console, Text(_verdict(view)), plain)
    if view.ledger:
        _line(console, Text(""))
        if console.width < _NARROW:
            _ledger_lines(view, console, plain)
        else:
            console.print(_ledger(view, console.width, plain))
    if view.roots.number:
        _roots(view, console, plain)
    elif view.ledger:
        _line(console, Text(""))
    if text := _beside(view):
        _line(console, Text(text), plain)
    for notice in view.notices:
        _line(console, Text.assemble(("! ", "bold"), notice.text), plain)


def _verdict(view: ReportView) -> str:
    verdict = view.verdict
    start = f" Start with “{verdict.start.text}”: {verdict.start_reason}" if verdict.start else ""
    return " ".join(verdict.sentences) + start


def _ledger(view: ReportView, width: int, plain: bool) -> Table:
    wide = width >= _WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("Owner", no_wrap=True)
    table.add_column("Count", no_wrap=True)
    if wide:
        table.add_column("Root causes", ratio=3)
    table.add_column("Next step", ratio=2)
    for row in view.ledger:
        style = "" if row.number else "dim"
        roots = [root.text for root in row.roots] + ([row.more_roots] if row.more_roots else [])
        cells = [_owner(row.owner, plain), Text(row.count, style)]
        if wide:
            cells.append(_ascii(Text("\n".join(roots) or "none", style), plain))
        cells.append(_ascii(Text(row.next_step, style), plain))
        table.add_row(*cells)
    return table


def _ledger_lines(view: ReportView, console: Console, plain: bool) -> None:
    for row in view.ledger:
        _line(console, Text.assemble(_owner(row.owner, plain), f": {row.count}"), plain)
        if row.number:
            _indented(console, Text(row.next_step), plain)


def _shown_roots(view: ReportView) -> list[tuple[CauseItem, int]]:
    """The roots that a summary names, and how many more of the same kind each stands for."""
    folded = [cause for _, causes in view.roots.folded for cause in causes]
    kinds = first_of_kinds([*view.roots.items, *folded], lambda c: (c.rule, c.owner.key))
    return [(cause, len(same)) for cause, same in kinds[:ROOTS_MAX]]


def _tail(cause: CauseItem, same: int) -> str:
    explains = f" (explains {cause.explains:,} more)" if cause.explains else ""
    return explains + (f", and {same:,} more of this kind" if same else "")


def _root_lines(view: ReportView, console: Console, plain: bool) -> None:
    for number, (cause, same) in enumerate(_shown_roots(view), start=1):
        severity = Text(cause.severity_name, "bold" if cause.severity_name == "Critical" else "")
        head = Text.assemble(f"{number}. ", severity, ", ", _owner(cause.owner, plain))
        _line(console, head, plain)
        tail = f"{_tail(cause, same)}  {cause.rule}"
        _indented(console, Text.assemble(cause.link.text, (tail, "dim")), plain)


def _indented(console: Console, text: Text, plain: bool) -> None:
    console.print(Padding(_ascii(text, plain), (0, 0, 0, 3)), highlight=False)


def _beside(view: ReportView) -> str:
    """What else the report tells, without a verdict."""
    bugs = view.exposures.number if view.exposures else 0
    leads = len(view.leads.rows) if view.leads else 0
    parts = [f"{count(bugs, 'known bug')} could strike here" if bugs else ""]
    parts += [f"{count(leads, 'lead')} where to look" if leads else ""]
    said = ", ".join(part for part in parts if part)
    return f"Also in the report, none of it a cause: {said}." if said else ""


def _roots(view: ReportView, console: Console, plain: bool) -> None:
    _line(console, Text(""))
    _line(console, Text("Root causes", style="bold"))
    if console.width < _NARROW:
        _root_lines(view, console, plain)
    else:
        console.print(_root_table(view, plain))
    hidden = view.roots.number - sum(1 + same for _, same in _shown_roots(view))
    if hidden > 0:
        _line(console, Text(f"and {count(hidden, 'more root cause')} in the report", "dim"))
    _line(console, Text(""))


def _root_table(view: ReportView, plain: bool) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for number, (cause, same) in enumerate(_shown_roots(view), start=1):
        title = Text.assemble(cause.link.text, (f"{_tail(cause, same)}  {cause.rule}", "dim"))
        severity = Text(cause.severity_name, "bold" if cause.severity_name == "Critical" else "")
        table.add_row(
            Text(f"{number}."), severity, _owner(cause.owner, plain), _ascii(title, plain)
        )
    return table


def _owner(mark: OwnerMark, plain: bool) -> Text:
    glyph = OWNER_ASCII[Owner(mark.key)] if plain else mark.glyph
    return Text.assemble((f"{glyph:<2} " if plain else f"{glyph} ", _STYLES[mark.key]), mark.name)


def _shows_marks(console: Console) -> bool:
    """True where the output's encoding has the marks (an old Windows code page has not)."""
    try:
        "■●◆○“”…".encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _ascii(text: Text, plain: bool) -> Text:
    """The same text with what the encoding lacks written as question marks."""
    if not plain:
        return text
    swapped = text.plain.replace("…", "...").replace("“", '"').replace("”", '"')
    return Text(swapped.encode("ascii", "replace").decode("ascii"), text.style)


def _line(console: Console, text: Text, plain: bool = False) -> None:
    console.print(_ascii(text, plain), soft_wrap=False, highlight=False)
