"""``demarc baseline``: the expected state of a cluster, and checks of users' own data."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from analyzer.cli.console import output_console, prepare_streams
from analyzer.cli.data_option import data_option
from analyzer.cli.exits import Exit


@click.group()
def baseline() -> None:
    """Show the expected state of a cluster, and check your own data files.

    \b
    Examples:
      demarc baseline show
      demarc baseline show --for bundle.tar
      demarc baseline check ./our-data
    """


@baseline.command()
@click.option(
    "--for", "bundle", metavar="BUNDLE", help="Only what the cluster of this bundle should have."
)
@data_option
@click.pass_context
def show(ctx: click.Context, bundle: str | None, data_dirs: tuple[Path, ...]) -> None:
    """Show which managed components are expected, and why.

    \b
    Example:
      demarc baseline show --for demarc-prod-20260301T120000Z.tar
    """
    from rich.table import Table
    from rich.text import Text

    from analyzer.baselines.catalogue import load
    from analyzer.baselines.show import show as expected_state
    from analyzer.facts.patterns import PatternSet

    prepare_streams()
    identity = None
    if bundle is not None:
        from analyzer.bundle import open_bundle
        from analyzer.facts.load import load_facts

        source = sys.stdin.buffer if bundle == "-" else bundle
        identity = load_facts(open_bundle(source), PatternSet(())).facts.identity
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Component", "Object", "Expected", "Why", "Versions"):
        table.add_column(title, overflow="fold")
    for row in expected_state(load(data_dirs), identity):
        cells = (row.id, f"{row.kind} {row.object}", row.expected, row.why, row.versions)
        table.add_row(*(Text(cell) for cell in cells))
    output_console(ctx).print(table)


@baseline.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(folder: Path) -> int:
    """Check the baseline files of a --data folder; mistakes are told with file and line.

    \b
    Example:
      demarc baseline check ./our-data
    """
    from analyzer.baselines.user_data import check as check_folder

    problems = check_folder(folder)
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    if problems:
        return Exit.FAILED
    click.echo(f"{folder}: all baseline files are valid")
    return Exit.DONE
