"""``demarc analyze``: the main job."""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import click

from analyzer.cli.console import output_console, prepare_streams, progress
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.cli.outputs import FORMATS, render_as, suffix_format, write_file
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.owner import Owner
from analyzer.model.severity import Severity

SEVERITIES = [severity.value for severity in Severity]
OWNERS = [owner.value for owner in Owner]


@dataclass(frozen=True, slots=True)
class FailOn:
    """``--fail-on SEVERITY[:OWNER]``; None for ``never``."""

    severity: Severity
    owner: Owner | None

    def met_by(self, diagnosis: Diagnosis) -> bool:
        """True if a finding is at least that bad (and that owner's, where one is named)."""
        return any(
            f.severity.rank <= self.severity.rank and self.owner in (None, f.owner)
            for f in diagnosis.findings
        )


def _fail_on(ctx: click.Context, param: click.Parameter, value: str) -> FailOn | None:
    if value == "never":
        return None
    severity, _, owner = value.partition(":")
    if severity not in SEVERITIES or (owner and owner not in OWNERS):
        raise click.BadParameter(
            f"'{value}' is neither 'never' nor SEVERITY[:OWNER]; severities are "
            f"{', '.join(SEVERITIES)}, owners are {', '.join(OWNERS)}"
        )
    return FailOn(Severity(severity), Owner(owner) if owner else None)


@click.command()
@click.argument("bundle")
@click.option(
    "-o",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Write a report; the suffix picks the format (.html .json .md). May be repeated.",
)
@click.option(
    "-f",
    "format_",
    type=click.Choice(FORMATS),
    help="Write this format to standard output instead.",
)
@click.option("--no-report", is_flag=True, help="Write no HTML report into this folder.")
@click.option("--force", is_flag=True, help="Replace an existing report.")
@click.option(
    "--min-severity",
    type=click.Choice(SEVERITIES),
    default="info",
    show_default=True,
    help="Show findings of this severity and worse.",
)
@click.option(
    "--owner",
    "owners",
    multiple=True,
    type=click.Choice(OWNERS),
    help="Show findings of this owner only. May be repeated.",
)
@click.option(
    "--fail-on",
    callback=_fail_on,
    default="never",
    metavar="SEVERITY[:OWNER]",
    help="Exit with 1 if there is such a finding, or worse.",
)
@click.option("--require-complete", is_flag=True, help="Exit with 3 if the bundle is incomplete.")
@click.option("--policy", metavar="DATE", help="Support policy of that date (default: the newest).")
@click.option(
    "--data",
    "data_dirs",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Your own bugs, baselines, clauses and decision rows.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=0),
    default=0,
    help="Processes for node archives (default: one per core).",
)
@click.option("-q", "--quiet", is_flag=True, help="No summary, no progress.")
@click.pass_context
def analyze(ctx: click.Context, /, bundle: str, quiet: bool, **chosen: object) -> int:
    """Say whose problem it is, and who acts next.

    BUNDLE is an archive (.tar, .tar.gz, .tar.zst), a folder, or '-' for standard input. Also read:
    a 'kubectl cluster-info dump' folder, and loose folders of node files.

    \b
    Examples:
      demarc analyze demarc-prod-20260301T120000Z.tar
      demarc analyze bundle.tar -o report.html -o findings.json
      demarc analyze bundle.tar -f json | jq '.findings[].title'
      demarc analyze bundle.tar --fail-on high:customer
    """
    prepare_streams()
    request = _Request(**chosen)  # type: ignore[arg-type]
    diagnosis = _diagnose(bundle, request, quiet=quiet)
    shown = request.narrowed(diagnosis)
    to_stdout = _write(shown, request)
    if not quiet and not to_stdout:
        _summarise(ctx, shown)
    if request.fail_on is not None and request.fail_on.met_by(shown):
        return Exit.FINDINGS
    if request.require_complete and not diagnosis.bundle.complete:
        click.echo("error: the bundle is incomplete (see what is missing in the report)", err=True)
        return Exit.INCOMPLETE
    return Exit.DONE


@dataclass(frozen=True, slots=True)
class _Request:
    """What the options ask for."""

    outputs: tuple[str, ...]
    format_: str | None
    no_report: bool
    force: bool
    min_severity: str
    owners: tuple[str, ...]
    fail_on: FailOn | None
    require_complete: bool
    policy: str | None
    data_dirs: tuple[Path, ...]
    jobs: int

    def narrowed(self, diagnosis: Diagnosis) -> Diagnosis:
        """Only the findings that were asked for."""
        from analyzer.narrow import narrow

        owners = frozenset(Owner(owner) for owner in self.owners) or frozenset(Owner)
        return narrow(diagnosis, Severity(self.min_severity), owners)


def _diagnose(bundle: str, request: _Request, *, quiet: bool) -> Diagnosis:
    from analyzer.options import Options
    from analyzer.pipeline import analyze as run_analysis

    # The process ends with the report: walking millions of facts for cycles frees nothing.
    gc.disable()
    source: str | BinaryIO = sys.stdin.buffer if bundle == "-" else bundle
    options = Options(
        policy=request.policy,
        data_dirs=request.data_dirs,
        jobs=request.jobs,
        bundle_name="standard-input.tar" if bundle == "-" else None,
    )
    with progress(quiet=quiet) as step:
        return run_analysis(source, options=options, on_step=step)


def _write(diagnosis: Diagnosis, request: _Request) -> bool:
    """Write what was asked for; True if a report went to standard output."""
    if request.format_:
        click.echo(render_as(request.format_, diagnosis), nl=False)
        return True
    outputs = request.outputs
    if not outputs and not request.no_report:
        from analyzer.render.names import report_file_name
        from analyzer.render.view import build_view

        outputs = (report_file_name(build_view(diagnosis), ".html"),)
    for output in outputs:
        if output == "-":
            click.echo(render_as("json", diagnosis), nl=False)
            return True
        path = Path(output)
        format_ = suffix_format(path)
        if format_ is None:
            raise CommandError(
                f"{path}: no format is known by the suffix '{path.suffix}'",
                "known: .html .json .md",
            )
        write_file(path, render_as(format_, diagnosis), force=request.force)
        click.echo(f"wrote {path}", err=True)
    return False


def _summarise(ctx: click.Context, diagnosis: Diagnosis) -> None:
    from analyzer.render.terminal import print_summary
    from analyzer.render.view import build_view

    print_summary(build_view(diagnosis), output_console(ctx))
