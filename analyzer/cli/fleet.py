"""``demarc fleet``: many bundles at once, and questions to all of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli import interrupt, verbosity
from analyzer.cli.choices import policy_option, quiet_option
from analyzer.cli.console import output_console, prepare_streams
from analyzer.cli.data_option import DataPath
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.cli.limit_option import limit_option, limits_of
from analyzer.cli.running import IncompleteError

if TYPE_CHECKING:
    from analyzer.fleet.query import Answer
    from analyzer.fleet.run import FleetOptions, FleetResult, OnOutcome

_DEFAULT = "run"
#: Bundles that are named when they could not be analysed; the table ``bundles`` has all.
_NAMED_MAX = 10
_PIPED_WIDTH = 300


class _RunByDefault(click.Group):
    """``demarc fleet PATH... -o DIR`` is ``demarc fleet run PATH... -o DIR``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command in where none is named."""
        own = {name for param in self.get_params(ctx) for name in param.opts}
        at = next((at for at, word in enumerate(args) if not _is_own(word, own)), None)
        if at is not None and args[at] not in self.commands:
            args = [*args[:at], _DEFAULT, *args[at:]]
        return super().parse_args(ctx, args)


def _is_own(word: str, own: set[str]) -> bool:
    return word in own or (word.startswith("-v") and set(word[1:]) == {"v"})


class _DataPlace(DataPath):
    """Data that is checked here and opened again by every worker: the path itself is passed on."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path as it was given, made absolute."""
        super().convert(value, param, ctx)
        return str(Path(value).resolve())


@click.group(cls=_RunByDefault)
def fleet() -> None:
    """Analyse many bundles into tables, and ask questions of all of them.

    'demarc fleet PATH... -o DIR' is short for 'demarc fleet run'. Needs the extra 'fleet'
    (pip install 'aks-demarc[fleet]').

    \b
    Examples:
      demarc fleet bundles/ -o our-fleet
      demarc fleet ask bugs --fleet our-fleet
      demarc fleet query "SELECT * FROM clusters WHERE latest" --fleet our-fleet
    """


@fleet.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The fleet's folder; a fleet that is there is added to.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Bundles at a time on this machine (default: one per core).",
)
@click.option(
    "--engine",
    default="",
    metavar="URL",
    help="Workers that run already: dask://HOST:PORT (extra 'dask'), or dask+tls://HOST:PORT.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=1800.0,
    show_default=True,
    metavar="SECONDS",
    help="Give a bundle up after that time (on this machine; an engine has limits of its own).",
)
@click.option("--again", is_flag=True, help="Analyse what is done already, too.")
@click.option(
    "--require-complete", is_flag=True, help="Exit with 3 if a bundle could not be analysed."
)
@policy_option
@click.option(
    "--data",
    "data",
    multiple=True,
    type=_DataPlace(),
    metavar="DIR|PACK",
    help="Your own bugs, baselines, clauses and decision rows: a folder, or a pack (.tar.gz).",
)
@limit_option
@quiet_option
def run(
    paths: tuple[str, ...],
    output: Path,
    require_complete: bool,
    limits: tuple[tuple[str, float], ...],
    quiet: bool,
    **chosen: Any,
) -> int:
    """Analyse bundles into a folder of tables (Parquet) and one page.

    PATH is a bundle, a folder of bundles, a pattern, or an address of an object store
    (abfs://container/folder, s3://bucket/*.tar; the store's package has to be installed). What is
    done is kept: the same command again does what is left, and adds what is new. A bundle that
    cannot be read is told, and stops nothing.

    \b
    Examples:
      demarc fleet run bundles/ -o our-fleet
      demarc fleet run 'bundles/2026-*/*.tar' -o our-fleet --workers 8
      demarc fleet run abfs://bundles/prod -o our-fleet --engine dask://scheduler:8786
    """
    from analyzer.fleet.run import PAGE, FleetOptions, run_fleet

    prepare_streams()
    options = FleetOptions(
        workers=chosen["workers"],
        engine=chosen["engine"],
        seconds=chosen["timeout"],
        again=chosen["again"],
        policy=chosen["policy"],
        data=chosen["data"],
        limits=limits_of(limits),
    )
    result = run_fleet(paths, output, options, _progress(options, quiet))
    interrupt.check()
    _tell(result, output / PAGE, quiet=quiet)
    if result.found == len(result.not_analysed):
        raise CommandError("no bundle could be analysed", f"see {output / PAGE}")
    if require_complete and result.not_analysed:
        raise IncompleteError("the fleet")
    return Exit.DONE


def _progress(options: FleetOptions, quiet: bool) -> OnOutcome:
    """A line every now and then on a terminal; with -v one for each bundle, anywhere."""
    from rich.console import Console

    console = Console(stderr=True)
    drawn = console.is_terminal and not quiet
    each = verbosity.level() > 0 and not quiet
    start = time.monotonic()

    def tell(outcome: Any, done: int, total: int) -> None:
        interrupt.check()
        if each:
            why = f" ({outcome.error})" if outcome.error else ""
            click.echo(f"{outcome.state}: {outcome.source.name}{why}", err=True)
        elif drawn:
            rate = done / max(time.monotonic() - start, 0.001) * 60
            click.echo(f"\r{done:,} of {total:,} bundles, {rate:,.0f} a minute ",
                       err=True, nl=done == total)  # fmt: skip

    return tell


def _tell(result: FleetResult, page: Path, *, quiet: bool) -> None:
    from analyzer.redact.mask import mask_text
    from analyzer.render.text import clean

    lost = result.not_analysed
    for outcome in lost[:_NAMED_MAX]:
        place = clean(mask_text(outcome.source.place))
        click.echo(f"{outcome.state}: {place}: {outcome.error}", err=True)
    if len(lost) > _NAMED_MAX:
        more = len(lost) - _NAMED_MAX
        click.echo(f"{more:,} more could not be analysed: demarc fleet ask not-analysed", err=True)
    if not quiet:
        click.echo(
            f"{result.found:,} bundles: {result.analysed:,} analysed now, "
            f"{result.kept:,} done before, {len(lost):,} not analysed."
        )
        click.echo(f"wrote {page}")


_fleet_option = click.option(
    "--fleet",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    metavar="DIR",
    help="The fleet's folder (default: this one).",
)
_form_option = click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to print the answer.",
)


@fleet.command()
@click.argument("sql", metavar="SQL")
@_fleet_option
@_form_option
@click.pass_context
def query(ctx: click.Context, sql: str, folder: Path, form: str) -> int:
    """Ask a question in SQL (of DuckDB).

    The tables are clusters, findings, nodes, drift, bugs and bundles ('demarc fleet tables' shows
    their columns). The question can read these tables and no other file, and changes nothing.

    \b
    Examples:
      demarc fleet query "SELECT cluster, count(*) FROM nodes WHERE latest GROUP BY ALL"
      demarc fleet query "SELECT * FROM drift WHERE latest" --fleet our-fleet -f csv
    """
    from analyzer.fleet.query import Fleet

    prepare_streams()
    with Fleet(folder) as opened:
        _print(ctx, opened.ask(sql), form)
    return Exit.DONE


@fleet.command()
@click.argument("question", required=False, metavar="QUESTION")
@_fleet_option
@_form_option
@click.option("--sql", is_flag=True, help="Print the SQL and ask nothing.")
@click.pass_context
def ask(ctx: click.Context, question: str | None, folder: Path, form: str, sql: bool) -> int:
    """Ask a ready-made question; without its name, list the questions.

    \b
    Examples:
      demarc fleet ask
      demarc fleet ask bugs --fleet our-fleet
      demarc fleet ask images --fleet our-fleet -f csv
    """
    from analyzer.fleet.query import Answer, Fleet
    from analyzer.fleet.questions import questions

    prepare_streams()
    known = {item.id: item for item in questions()}
    if question is None:
        rows = tuple((item.id, item.title) for item in known.values())
        _print(ctx, Answer(("Question", "What it shows"), rows), form)
        return Exit.DONE
    if question not in known:
        raise CommandError(f"there is no question '{question}'", f"there are: {', '.join(known)}")
    if sql:
        click.echo(known[question].sql.rstrip())
        return Exit.DONE
    with Fleet(folder) as opened:
        _print(ctx, opened.ask(known[question].sql), form)
    return Exit.DONE


@fleet.command()
@_form_option
@click.pass_context
def tables(ctx: click.Context, form: str) -> int:
    """Show the tables and their columns.

    \b
    Examples:
      demarc fleet tables
      demarc fleet tables -f json
    """
    from analyzer.fleet.query import Answer
    from analyzer.fleet.rows import TABLES, columns

    prepare_streams()
    rows = tuple(
        (table, column, kind)
        for table, model in TABLES.items()
        for column, kind in columns(model).items()
    )
    _print(ctx, Answer(("Table", "Column", "Type"), rows), form)
    return Exit.DONE


def _print(ctx: click.Context, answer: Answer, form: str) -> None:
    from analyzer.fleet import answers

    if form == "csv":
        click.echo(answers.as_csv(answer), nl=False)
        return
    if form == "json":
        click.echo(answers.as_json(answer), nl=False)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, column in enumerate(answer.columns):
        right = answers.is_number(answer, at)
        table.add_column(column, overflow="fold", justify="right" if right else "left")
    for row in answer.rows:
        table.add_row(*(Text(answers.shown_cell(cell)) for cell in row))
    console = output_console(ctx)
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    console.print(table)
    console.print(Text(f"{len(answer.rows):,} rows", style="dim"))
