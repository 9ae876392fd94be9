"""``demarc diff``: two states of one cluster."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import click

from analyzer.cli.choices import (
    FailOn,
    fail_on_option,
    jobs_option,
    min_severity_option,
    policy_option,
    quiet_option,
)
from analyzer.cli.console import output_console, prepare_streams
from analyzer.cli.data_option import data_option
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.cli.files import write_all
from analyzer.cli.limit_option import limit_option, limits_of
from analyzer.cli.running import STDIN, Choices, IncompleteError, run_analysis
from analyzer.compare.difference import Difference
from analyzer.compare.snapshot import Snapshot
from analyzer.model.severity import Severity

_PEEKED = 256
FORMATS = {".html": "html", ".htm": "html", ".json": "json", ".txt": "text"}


@dataclass(frozen=True, slots=True)
class _Request:
    """What the options ask for."""

    outputs: tuple[str, ...]
    format_: str | None
    force: bool
    min_severity: str
    fail_on: FailOn
    require_complete: bool
    policy: str | None
    data_dirs: tuple[Path, ...]
    jobs: int
    limits: tuple[tuple[str, float], ...]
    more_before: tuple[str, ...]
    more_after: tuple[str, ...]


@click.command()
@click.argument("before")
@click.argument("after")
@click.option(
    "--with-before",
    "more_before",
    multiple=True,
    metavar="BUNDLE",
    help="One more input of the cluster as in BEFORE, read together with it. May be repeated.",
)
@click.option(
    "--with-after",
    "more_after",
    multiple=True,
    metavar="BUNDLE",
    help="One more input of the cluster as in AFTER. May be repeated.",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Write the difference; the suffix picks the format (.html .json .txt). May be repeated.",
)
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(["json", "text", "html"]),
    help="Write this format to standard output instead of the summary.",
)
@click.option("--force", is_flag=True, help="Compare two clusters all the same; replace files.")
@min_severity_option
@fail_on_option("Exit with 1 if such a finding, or a worse one, appeared.")
@click.option("--require-complete", is_flag=True, help="Exit with 3 if an input is incomplete.")
@policy_option
@data_option
@jobs_option
@limit_option
@quiet_option
@click.pass_context
def diff(ctx: click.Context, /, before: str, after: str, quiet: bool, **chosen: object) -> int:
    """Compare two states of a cluster.

    BEFORE and AFTER are each what 'demarc analyze' takes, or a folder that holds several inputs of
    one collection, or a JSON report that 'demarc analyze -o report.json' wrote. Shown are findings
    that appeared, went, or changed owner or severity; objects of AKS that were changed, and by
    whom; versions, pools and nodes that moved. Restarts, generated names, machines replaced by
    scaling and counters are no difference. The older input is taken as the one before, whichever
    comes first. A finding that one side could not check is said to be in doubt.

    \b
    Examples:
      demarc diff monday.tar thursday.tar
      demarc diff monday.json thursday.tar -o diff.html
      demarc diff monday.tar thursday.tar -q --fail-on high
      demarc diff monday/ thursday.tar --with-after node-logs.zip
    """
    prepare_streams()
    request = _Request(**chosen)  # type: ignore[arg-type]
    formats = [_format_of(output) for output in request.outputs]
    difference = _difference(before, after, request, quiet=quiet)
    files = {
        Path(output): _rendered(format_, difference).encode("utf-8")
        for output, format_ in zip(request.outputs, formats, strict=True)
    }
    write_all(files, force=request.force)
    for path in files:
        click.echo(f"wrote {path}", err=True)
    if request.format_:
        click.echo(_rendered(request.format_, difference), nl=False)
    elif not quiet:
        _print(ctx, difference)
    if request.fail_on.met_by(difference.appeared):
        return Exit.FINDINGS
    if request.require_complete:
        for side in (difference.before, difference.after):
            if not side.complete:
                raise IncompleteError(side.name)
    return Exit.DONE


def _format_of(output: str) -> str:
    suffix = Path(output).suffix.lower()
    if suffix not in FORMATS:
        raise CommandError(
            f"{output}: no format is known by the suffix '{suffix}'",
            f"known: {' '.join(FORMATS)}; or -f to standard output",
        )
    return FORMATS[suffix]


def _difference(before: str, after: str, request: _Request, *, quiet: bool) -> Difference:
    from analyzer.compare.compare import compare
    from analyzer.compare.same import same_cluster

    sides = [before, *request.more_before], [after, *request.more_after]
    if sum(side.count(STDIN) for side in sides) > 1:
        raise CommandError("only one of them can come from standard input", "name a file")
    limits = limits_of(request.limits)
    choices = Choices(request.policy, request.data_dirs, request.jobs, quiet, limits)
    first, second = (_snapshot(side, choices) for side in sides)
    same = same_cluster(first, second)
    if same.answer == "no" and not request.force:
        raise CommandError(
            f"these are two clusters. {same.reason}",
            "if they are to be compared all the same: --force",
        )
    return compare(first, second, at_least=Severity(request.min_severity))


def _snapshot(named: Sequence[str], choices: Choices) -> Snapshot:
    from analyzer.compare.keep import Seen, keep
    from analyzer.diagnose import build_diagnosis

    for source in named:
        report = _report(source, choices)
        if report is not None and len(named) == 1:
            return report
        if report is not None:
            raise CommandError(
                f"{_name(source)} is a report, and nothing can be read together with it",
                "compare it alone, or name the bundle that it was made from",
            )
    analysis = run_analysis(_inputs(named, choices), choices)
    seen = Seen(analysis.bundle, analysis.loaded.facts, analysis.reference.catalogue)
    return keep(build_diagnosis(analysis), seen)


def _report(source: str, choices: Choices) -> Snapshot | None:
    """The snapshot of a JSON report; None for any other input, JSON of kubectl or az too."""
    from analyzer.compare.report_file import MAX_BYTES, looks_like_report, read_report
    from analyzer.inputs import is_input

    with _opened(source) as stream:
        if stream is None or not looks_like_report(head := stream.peek(_PEEKED)):
            return None
        ours = source == STDIN or b'"schema_version"' in head
        if not ours and is_input(Path(source), choices.limits):
            return None
        data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise CommandError(f"{_name(source)} is larger than any report of demarc")
        return read_report(_name(source), data)


def _inputs(named: Sequence[str], choices: Choices) -> list[str]:
    """What a side consists of; folders of inputs become their inputs."""
    from analyzer.inputs import side_of
    from analyzer.render.text import clean

    inputs: list[str] = []
    for source in named:
        side = side_of(source, choices.limits)
        inputs += side.inputs
        for name, why in side.left_out:
            click.echo(clean(f"left out of {_name(source)}: {name} ({why})"), err=True)
    return inputs


def _name(source: str) -> str:
    return "standard input" if source == STDIN else Path(source).name


def _opened(source: str) -> AbstractContextManager[io.BufferedReader | None]:
    """The bytes of a file or of standard input; a report is told by its first ones."""
    if source == STDIN:
        stream = sys.stdin.buffer
        return nullcontext(stream if isinstance(stream, io.BufferedReader) else None)
    return Path(source).open("rb") if Path(source).is_file() else nullcontext(None)


def _rendered(format_: str, difference: Difference) -> str:
    from analyzer.render.diff_view import build_diff_view

    if format_ == "json":
        from analyzer.render.diff_json import render_diff_json

        return render_diff_json(difference)
    view = build_diff_view(difference)
    if format_ == "html":
        from analyzer.render.diff_html import render_diff_html

        return render_diff_html(view)
    from analyzer.render.diff_terminal import difference_text

    return difference_text(view)


def _print(ctx: click.Context, difference: Difference) -> None:
    from analyzer.render.diff_terminal import print_difference
    from analyzer.render.diff_view import build_diff_view

    print_difference(build_diff_view(difference), output_console(ctx))
