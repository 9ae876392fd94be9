"""``demarc analyze``: the main job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from analyzer.cli.choices import (
    FailOn,
    fail_on_option,
    jobs_option,
    min_severity_option,
    owner_option,
    policy_option,
    quiet_option,
    require_complete_option,
)
from analyzer.cli.console import output_console, prepare_streams
from analyzer.cli.data_option import data_option
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.cli.files import write_all
from analyzer.cli.limit_option import limit_option, limits_of
from analyzer.cli.outputs import FORMATS, render_as, suffix_format
from analyzer.cli.running import STDIN, Choices, IncompleteError, run_analysis
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.owner import Owner
from analyzer.model.severity import Severity


@click.command()
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Write a report; the suffix picks the format (.html .json .md .txt .sarif .xml), '-' is "
    "JSON to standard output. May be repeated.",
)
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="Write this format to standard output; with -o the files are written too.",
)
@click.option("--no-report", is_flag=True, help="Write no HTML report into this folder.")
@click.option("--force", is_flag=True, help="Replace an existing report.")
@min_severity_option
@owner_option
@fail_on_option("Exit with 1 if there is such a finding, or worse.")
@require_complete_option
@policy_option
@data_option
@jobs_option
@limit_option
@quiet_option
@click.pass_context
def analyze(ctx: click.Context, /, bundles: tuple[str, ...], quiet: bool, **chosen: object) -> int:
    """Say whose problem it is, and who acts next.

    BUNDLE is an archive (.tar, .tar.gz, .tar.zst, .tar.xz, .zip), a folder, or '-' for standard
    input. Also read is what other tools write: kubectl cluster-info dump, troubleshoot,
    must-gather, the node logs.zip of AKS, sos, sonobuoy, cilium sysdump, JSON of az. Several
    inputs of one cluster are read together. Without -o the HTML report is written into this folder
    under a name that is ready for a ticket.

    Exit codes: 0 done; 1 a finding met --fail-on; 2 the work could not be done; 3 incomplete, with
    --require-complete; 130 interrupted.

    \b
    Examples:
      demarc analyze demarc-prod-20260301T120000Z.tar
      demarc analyze bundle.tar -o report.html -o findings.json
      demarc analyze bundle.tar -f json | jq '.findings[].title'
      demarc analyze bundle.tar --fail-on high:customer
      demarc analyze dump/ node-logs.zip managed-cluster.json
    """
    prepare_streams()
    request = _Request(**chosen)  # type: ignore[arg-type]
    request.check()
    diagnosis = _diagnose(bundles, request, quiet=quiet)
    shown = request.narrowed(diagnosis)
    to_stdout = _write(shown, request)
    if not quiet and not to_stdout:
        _summarise(ctx, shown)
    if request.fail_on.met_by(shown.findings):
        return Exit.FINDINGS
    if request.require_complete and not diagnosis.bundle.complete:
        raise IncompleteError("the bundle")
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
    fail_on: FailOn
    require_complete: bool
    policy: str | None
    data_dirs: tuple[Path, ...]
    jobs: int
    limits: tuple[tuple[str, float], ...]

    def check(self) -> None:
        """Refuse before the work what could not be written after it.

        Raises:
            CommandError: a suffix names no format, or two reports would go to standard output.
        """
        if self.format_ and STDIN in self.outputs:
            raise CommandError(
                "-f and '-o -' both ask for standard output",
                "use one of them, or -o FILE for the other",
            )
        for output in self.outputs:
            if output != STDIN and suffix_format(Path(output)) is None:
                raise CommandError(
                    f"{output}: no format is known by the suffix '{Path(output).suffix}'",
                    "'demarc analyze --help' lists the suffixes at -o",
                )

    def narrowed(self, diagnosis: Diagnosis) -> Diagnosis:
        """Only the findings that were asked for."""
        from analyzer.narrow import narrow

        owners = frozenset(Owner(owner) for owner in self.owners) or frozenset(Owner)
        return narrow(diagnosis, Severity(self.min_severity), owners)


def _diagnose(bundles: tuple[str, ...], request: _Request, *, quiet: bool) -> Diagnosis:
    from analyzer.diagnose import build_diagnosis

    limits = limits_of(request.limits)
    choices = Choices(request.policy, request.data_dirs, request.jobs, quiet, limits)
    return build_diagnosis(run_analysis(bundles, choices))


def _write(diagnosis: Diagnosis, request: _Request) -> bool:
    """Write what was asked for, all or nothing; True if a report went to standard output."""
    names = [name for name in request.outputs if name != STDIN]
    if not request.outputs and not request.no_report and not request.format_:
        from analyzer.render.names import report_file_name
        from analyzer.render.view import build_view

        names = [report_file_name(build_view(diagnosis), ".html")]
    files = {}
    for name in names:
        format_ = suffix_format(Path(name))
        assert format_ is not None
        files[Path(name)] = render_as(format_, diagnosis).encode("utf-8")
    write_all(files, force=request.force)
    for path in files:
        click.echo(f"wrote {path}", err=True)
    form = "json" if STDIN in request.outputs else request.format_
    if form:
        click.echo(render_as(form, diagnosis), nl=False)
    return bool(form)


def _summarise(ctx: click.Context, diagnosis: Diagnosis) -> None:
    from analyzer.render.terminal import print_summary
    from analyzer.render.view import build_view

    print_summary(build_view(diagnosis), output_console(ctx))
