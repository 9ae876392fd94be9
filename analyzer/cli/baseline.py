"""``demarc baseline``: what a cluster should run; own data, captured, checked and packed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.console import output_console, prepare_streams, progress
from analyzer.cli.data_option import DataPath, data_option
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.version import VERSION

if TYPE_CHECKING:
    from analyzer.analysis import Analysis
    from analyzer.baselines.capture import Capture
    from analyzer.baselines.capture_health import Fitness
    from analyzer.facts.identity import Identity


_PIPED_WIDTH = 300


@click.group()
def baseline() -> None:
    """Show the expected state of a cluster; capture, check and pack data of your own.

    \b
    Examples:
      demarc baseline show --for bundle.tar
      demarc baseline capture bundle.tar -o our-data/baselines/prod.yaml
      demarc baseline check ./our-data
      demarc baseline pack ./our-data -o our-data.tar.gz
    """


@baseline.command()
@click.option(
    "--for", "bundle", metavar="BUNDLE", help="Only what the cluster of this bundle should have."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all that is known.")
@data_option
@click.pass_context
def show(
    ctx: click.Context, bundle: str | None, as_json: bool, data_dirs: tuple[Path, ...]
) -> None:
    """Show which managed components are expected, and why.

    \b
    Examples:
      demarc baseline show
      demarc baseline show --for demarc-prod-20260301T120000Z.tar
    """
    from analyzer.baselines.catalogue import load
    from analyzer.baselines.show import as_dict, heading
    from analyzer.baselines.show import show as expected_state
    from analyzer.baselines.table_checks import use_tables

    prepare_streams()
    use_tables(data_dirs)
    catalogue = load(data_dirs)
    identity = _identity(bundle) if bundle is not None else None
    rows = expected_state(catalogue, identity)
    if as_json:
        import json

        click.echo(json.dumps(as_dict(catalogue, identity, rows), indent=2, ensure_ascii=False))
        return
    from rich.table import Table
    from rich.text import Text

    for line in heading(catalogue, identity):
        click.echo(line)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Component", no_wrap=True)
    for title in ("Expected", "Versions", "Why", "Object"):
        table.add_column(title, overflow="fold")
    for row in rows:
        cells = (row.id, row.expected, row.versions, row.why, f"{row.kind} {row.object}")
        table.add_row(*(Text(cell) for cell in cells))
    console = output_console(ctx)
    if not console.is_terminal:
        console.width = _PIPED_WIDTH  # one line a component, for grep
    console.print(table)


def _identity(bundle: str) -> Identity:
    from analyzer.bundle import open_bundle
    from analyzer.facts.load import load_facts
    from analyzer.facts.patterns import PatternSet

    source = sys.stdin.buffer if bundle == "-" else bundle
    return load_facts(open_bundle(source), PatternSet(())).facts.identity


@baseline.command()
@click.argument("bundle")
@click.option("-o", "--output", metavar="FILE", help="The data file to write ('-': print it).")
@click.option("--force", is_flag=True, help="Replace the file if it is there with other content.")
@click.option(
    "--even-if-unhealthy", "anyway", is_flag=True, help="Capture in spite of grave findings."
)
@data_option
def capture(
    bundle: str, output: str | None, force: bool, anyway: bool, data_dirs: tuple[Path, ...]
) -> int:
    """Make a baseline of your own healthy cluster, to compare later bundles with.

    Refused where a grave finding sits on what AKS runs. Objects with a finding, with pods that are
    not ready, or changed by a tool of the customer stay out, and are named.

    \b
    Example:
      demarc baseline capture bundle.tar -o our-data/baselines/prod.yaml
      demarc analyze later.tar --data our-data
    """
    from analyzer.cli.outputs import write_file

    prepare_streams()
    taken, fitness = _capture(bundle, data_dirs)
    for warning in fitness.warnings:
        click.echo(f"warning: {warning}", err=True)
    if fitness.obstacles and not anyway:
        for obstacle in fitness.obstacles:
            click.echo(f"  {obstacle}", err=True)
        hint = "capture it when it is healthy, or with --even-if-unhealthy"
        raise CommandError("the cluster is no model to compare with (see above)", hint)
    if not taken.objects:
        raise CommandError(f"{bundle}: no managed object to capture was found")
    for line in taken.left_out_lines():
        click.echo(f"left out: {line}", err=True)
    if output in (None, "-"):
        click.echo(taken.text, nl=False)
        return Exit.DONE
    path = Path(str(output))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, taken.text, force=force)
    click.echo(f"wrote {path}: {len(taken.objects)} objects, {len(taken.left_out)} left out")
    if path.parent.name != "baselines":
        click.echo(f"to use it: put it into DIR/baselines/{path.name}, then --data DIR", err=True)
    return Exit.DONE


def _capture(bundle: str, data_dirs: tuple[Path, ...]) -> tuple[Capture, Fitness]:
    """Analyse the bundle, judge whether it is a model, and take what is one."""
    from analyzer.baselines.capture import CAPTURED_LISTINGS, take
    from analyzer.baselines.capture_health import fitness
    from analyzer.diagnose import build_diagnosis
    from analyzer.options import Options
    from analyzer.pipeline import run_stages

    source = sys.stdin.buffer if bundle == "-" else bundle
    name = "standard-input.tar" if bundle == "-" else None
    options = Options(data_dirs=data_dirs, bundle_name=name)
    with progress(quiet=False) as step:
        analysis: Analysis = run_stages(source, options, step)
    diagnosis, facts = build_diagnosis(analysis), analysis.loaded.facts
    listings = [facts.of(kind) for kind in CAPTURED_LISTINGS]
    unread = [str(gap) for listing in listings for gap in listing.gaps]
    judged = fitness(diagnosis.findings, diagnosis.cluster.aks, unread)
    objects = (obj for listing in listings for obj in listing.items)
    taken = take(objects, analysis.reference.catalogue, facts.identity, judged.troubled)
    return taken, judged


@baseline.command()
@click.argument("folder", metavar="DIR|PACK", type=DataPath())
def check(folder: Path) -> int:
    """Check a data folder or a data pack; mistakes are told with file and line.

    Bugs, baselines, clauses and decision rows are checked, each as an analysis would read it.

    \b
    Examples:
      demarc baseline check ./our-data
      demarc baseline check our-data.tar.gz
    """
    from analyzer.baselines.packs import data_names

    problems = list(_problems(folder))
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    if problems:
        return Exit.FAILED
    names = data_names(folder)
    if not names:
        raise CommandError(f"{folder}: no data files in baselines/, bugs/, ownership/, policy/")
    click.echo(f"{folder}: {_files(len(names))}, all valid")
    return Exit.DONE


def _problems(folder: Path) -> Iterator[str]:
    """What an analysis would refuse, a line each: all of the baselines, the first of the rest."""
    from analyzer.baselines.data_files import read_data
    from analyzer.baselines.user_data import check as check_baselines
    from analyzer.bugs import load_bugs
    from analyzer.ownership.table import Row, load_table
    from analyzer.policy import PolicyError, available, load_pack

    def policies() -> None:
        for date in available((folder,)):
            load_pack(date, (folder,))

    def rows() -> None:
        for path in sorted((folder / "ownership").glob("*.yaml")):
            read_data(path, str(path), any_schema=True).records("rows", Row)
        load_table((folder,))

    yield from check_baselines(folder)
    for load in (lambda: load_bugs((folder,)), policies, rows):
        try:
            load()
        except (ValueError, PolicyError) as error:
            yield str(error).replace("\n", " ")


@baseline.command(name="pack")
@click.argument("folder", metavar="DIR", type=DataPath())
@click.option("-o", "--output", metavar="FILE", required=True, help="The pack: NAME.tar.gz.")
@click.option("--force", is_flag=True, help="Replace the file if it is there with other content.")
def pack_(folder: Path, output: str, force: bool) -> int:
    """Pack a data folder into one file with checksums, to carry into a closed network.

    --data takes the pack like the folder; its checksums and its schema version are checked there,
    and nothing is unpacked to disk.

    \b
    Example:
      demarc baseline pack ./our-data -o our-data.tar.gz
      demarc analyze bundle.tar --data our-data.tar.gz
    """
    from analyzer.baselines.packs import pack
    from analyzer.cli.outputs import write_bytes

    path = Path(output)
    if not path.name.endswith((".tar.gz", ".tgz")):
        raise CommandError(f"{path}: a pack is a .tar.gz file")
    problems = list(_problems(folder))
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    if problems:
        return Exit.FAILED
    packed = pack(folder, f"demarc {VERSION}")
    write_bytes(path, packed.data, force=force)
    dated = f", as of {packed.as_of}" if packed.as_of else ""
    click.echo(f"wrote {path}: {_files(packed.files)}{dated}")
    click.echo(f"sha256 {packed.sha256}")
    return Exit.DONE


def _files(number: int) -> str:
    return "1 data file" if number == 1 else f"{number} data files"
