"""``demarc inspect``: what is there and what is missing, without judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analyzer.cli.console import output_console, prepare_streams
from analyzer.cli.limit_option import limit_option, limits_of
from analyzer.cli.running import STDIN, sources_of
from analyzer.model.gap import Presence

if TYPE_CHECKING:
    from analyzer.bundle import Limits
    from analyzer.bundle.describe import BundleDescription, PartDescription

#: Node parts that are listed one by one; more are summed up.
LISTED_PARTS = 12
LISTED_GAPS = 40
_COLUMNS = (
    ("present", (Presence.PRESENT,)),
    ("empty", (Presence.EMPTY,)),
    ("cut", (Presence.TRUNCATED,)),
    ("absent", (Presence.ABSENT,)),
    ("refused", (Presence.FORBIDDEN,)),
    ("failed", (Presence.FAILED,)),
    ("not asked", (Presence.NOT_ASKED,)),
)


@click.command()
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
@limit_option
@click.pass_context
def inspect(
    ctx: click.Context,
    bundles: tuple[str, ...],
    as_json: bool,
    limits: tuple[tuple[str, float], ...],
) -> None:
    """Show what a bundle holds and what is missing.

    BUNDLE is an archive, a folder, or '-' for standard input; what other tools wrote is told with
    what it cannot hold. Several are read together. Nothing is judged: for that, see
    'demarc analyze'.

    \b
    Examples:
      demarc inspect demarc-prod-20260301T120000Z.tar
      demarc inspect bundle.tar --json
    """
    prepare_streams()
    description = _describe(bundles, limits_of(limits))
    if as_json:
        click.echo(description.model_dump_json(indent=2))
        return
    _show(description, output_console(ctx))


def _describe(bundles: tuple[str, ...], limits: Limits) -> BundleDescription:
    from analyzer.bundle import open_bundle
    from analyzer.bundle.describe import describe

    source = sources_of(bundles)
    name = "standard input" if bundles == (STDIN,) else None
    opened = open_bundle(source, limits=limits, name=name)
    for _ in opened.members():
        pass
    return describe(opened, opened.finish())


def _plain(text: str) -> Text:
    """Show a name from the bundle as it is: neither markup nor control characters act."""
    return Text("".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text))


def _show(description: BundleDescription, console: Console) -> None:
    for name, value in _facts(description):
        console.print(Text(f"{name:<13}"), _plain(value), sep="")
    console.print()
    console.print(_parts_table(description.parts))
    _show_gaps(description, console)


def _facts(d: BundleDescription) -> list[tuple[str, str]]:
    window = f"{d.collected_at:%Y-%m-%d %H:%M:%S} UTC" if d.collected_at else "not told"
    if d.started and d.collected_at:
        window = f"{d.started:%Y-%m-%d %H:%M:%S} to {d.collected_at:%H:%M:%S} UTC"
    asked = f" of {d.nodes_asked} asked" if d.nodes_asked is not None else ""
    masked = ", ".join(f"{name} {count}" for name, count in sorted(d.masked.items()))
    rows = [
        ("Bundle", d.name),
        ("Layout", d.layout),
        ("Made by", "; ".join(tool.name for tool in d.tools)),
        ("Cannot hold", "; ".join(dict.fromkeys(lack for tool in d.tools for lack in tool.cannot))),
        ("SHA-256", d.sha256),
        ("Cluster", " ".join(part for part in (d.cluster, d.server_version) if part)),
        ("Collected", f"{window} ({d.collected_at_source})"),
        ("Collector", d.collector),
        ("Size", f"{_size(d.packed_bytes)} packed, {_size(d.unpacked_bytes)} unpacked"),
        ("Nodes", f"{len(d.nodes):,}{asked} sent an archive"),
        ("Masked", masked),
        ("Complete", "yes" if d.complete else "no"),
    ]
    return [(name, value) for name, value in rows if value]


def _size(count: int) -> str:
    return f"{count / 1024 / 1024:,.1f} MiB" if count >= 1024 * 1024 else f"{count / 1024:,.1f} KiB"


def _parts_table(parts: tuple[PartDescription, ...]) -> Table:
    """A row per part; presences that no part has are left out."""
    rows = [(part, [sum(part.items[p] for p in kinds) for _, kinds in _COLUMNS]) for part in parts]
    used = [at for at in range(len(_COLUMNS)) if any(counts[at] for _, counts in rows)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Part", no_wrap=True)
    for at in used:
        table.add_column(_COLUMNS[at][0].capitalize(), justify="right", no_wrap=True)
    for part, counts in rows[:LISTED_PARTS]:
        cells = [str(counts[at]) if counts[at] else "-" for at in used]
        table.add_row(_plain(part.name), *cells)
    if len(parts) > LISTED_PARTS:
        table.add_row(f"and {len(parts) - LISTED_PARTS:,} more parts")
    return table


def _show_gaps(description: BundleDescription, console: Console) -> None:
    gaps = [gap for part in description.parts for gap in part.missing]
    gaps = list(dict.fromkeys((*description.gaps, *gaps)))
    console.print()
    if not gaps:
        console.print("Nothing that was asked for is missing.")
        return
    console.print(Text(f"Missing or damaged ({len(gaps):,})", style="bold"))
    for gap in gaps[:LISTED_GAPS]:
        console.print("  ", _plain(str(gap)), sep="")
    if len(gaps) > LISTED_GAPS:
        console.print(f"  and {len(gaps) - LISTED_GAPS:,} more (all of them: --json)")
