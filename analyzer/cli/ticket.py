"""``demarc ticket``: what a support case needs, in archives that the portal takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.choices import (
    SEVERITIES,
    jobs_option,
    owner_option,
    policy_option,
    quiet_option,
    require_complete_option,
)
from analyzer.cli.console import prepare_streams
from analyzer.cli.data_option import data_option
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.cli.files import write_all
from analyzer.cli.limit_option import limit_option, limits_of
from analyzer.cli.outputs import render_as
from analyzer.cli.running import Choices, IncompleteError, run_analysis
from analyzer.model.owner import Owner
from analyzer.model.severity import Severity

if TYPE_CHECKING:
    from analyzer.analysis import Analysis
    from analyzer.model.diagnosis import Diagnosis
    from analyzer.ticket.contents import Ticket

_MB = 1_000_000
#: Less has no room for a report.
_MB_MIN = 0.3


@dataclass(frozen=True, slots=True)
class _Request:
    """What the options ask for."""

    output: Path | None
    force: bool
    max_size: float
    min_severity: str
    owners: tuple[str, ...]
    require_complete: bool
    policy: str | None
    data_dirs: tuple[Path, ...]
    jobs: int
    limits: tuple[tuple[str, float], ...]


@click.command()
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.zip",
    help="The archive to write (default: in this folder, named after cluster, time and bundle).",
)
@click.option("--force", is_flag=True, help="Replace an existing archive.")
@click.option(
    "--max-size",
    type=click.FloatRange(min=_MB_MIN),
    default=5.0,
    show_default=True,
    metavar="MB",
    help="Size of one archive in millions of bytes; the Azure portal takes 5.",
)
@click.option(
    "--min-severity",
    type=click.Choice(SEVERITIES),
    default="info",
    show_default=True,
    help="Take findings of this severity and worse.",
)
@owner_option
@require_complete_option
@policy_option
@data_option
@jobs_option
@limit_option
@quiet_option
def ticket(bundles: tuple[str, ...], quiet: bool, **chosen: object) -> int:
    """Pack what a support case needs, under the portal's limit.

    BUNDLE is what 'demarc analyze' takes; several inputs of one cluster are read together. It is
    analysed, and a zip is written with the HTML report, its JSON, the text for the case, and the
    files of the bundle that the findings cite: masked, cut to what is cited, and listed in a
    README. What does not fit goes into further archives (-1of2.zip, -2of2.zip), at most five. The
    text for the case is printed. The same bundle gives the same bytes.

    \b
    Examples:
      demarc ticket demarc-prod-20260301T120000Z.tar
      demarc ticket bundle.tar -o case-12345.zip --min-severity medium
      demarc ticket dump/ node-logs.zip -o case-12345.zip
    """
    prepare_streams()
    request = _Request(**chosen)  # type: ignore[arg-type]
    if request.output is not None and request.output.suffix.lower() != ".zip":
        raise CommandError(f"{request.output}: a ticket is a zip archive", "name it .zip")
    limits = limits_of(request.limits)
    choices = Choices(request.policy, request.data_dirs, request.jobs, quiet, limits)
    analysis = run_analysis(bundles, choices)
    diagnosis, shown = _diagnosis(analysis, request)
    made = _made(analysis, shown, request)
    folder = request.output.parent if request.output is not None else Path()
    files = {folder / archive.name: archive.data for archive in made.archives}
    write_all(files, force=request.force)
    if not quiet:
        click.echo(_summary(shown))
    _tell(files, made)
    if request.require_complete and not diagnosis.bundle.complete:
        raise IncompleteError("the bundle")
    return Exit.DONE


def _diagnosis(analysis: Analysis, request: _Request) -> tuple[Diagnosis, Diagnosis]:
    """The whole diagnosis, and the part of it that was asked for."""
    from analyzer.diagnose import build_diagnosis
    from analyzer.narrow import narrow

    whole = build_diagnosis(analysis)
    owners = frozenset(Owner(owner) for owner in request.owners) or frozenset(Owner)
    return whole, narrow(whole, Severity(request.min_severity), owners)


def _made(analysis: Analysis, shown: Diagnosis, request: _Request) -> Ticket:
    from analyzer.render.names import report_file_name
    from analyzer.render.view import build_view
    from analyzer.ticket.contents import Reports, build_ticket, collect_evidence

    view = build_view(shown)
    name = report_file_name(view, ".html")
    reports = Reports(
        html_name=name,
        html=render_as("html", shown),
        json=render_as("json", shown),
        markdown=render_as("md", shown),
        summary=view.ticket.text,
    )
    refs = {candidate.id: candidate.hit.evidence for candidate in analysis.candidates}
    refs[""] = analysis.loaded.facts.identity.network.evidence
    evidence = collect_evidence(analysis.bundle, shown, refs)
    stem = (request.output or Path(name)).stem
    max_bytes = int(request.max_size * _MB)
    return build_ticket(shown, reports, evidence, stem=stem, max_bytes=max_bytes)


def _summary(shown: Diagnosis) -> str:
    from analyzer.render.view import build_view

    return build_view(shown).ticket.text


def _tell(files: dict[Path, bytes], made: Ticket) -> None:
    for path, data in files.items():
        click.echo(f"wrote {path} ({len(data) / _MB:,.2f} MB)", err=True)
    if made.left_out:
        names = f"{len(made.left_out)} files of evidence"
        click.echo(f"left out, since the archives are full: {names} (README.txt names them)",
                   err=True)  # fmt: skip
    click.echo("  look through it before you attach it: README.txt says what to check", err=True)
