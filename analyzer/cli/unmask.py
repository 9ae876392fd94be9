"""``demarc unmask``: the report of a redacted bundle with the names back in it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from analyzer.cli.console import prepare_streams
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.cli.files import write_all

STDOUT = "-"


@click.command()
@click.argument(
    "report", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="REPORT"
)
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The key file that 'demarc redact' wrote.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="The file to write, or '-' (default: beside the report, with .unmasked in its name).",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def unmask(report: Path, key_file: Path, output: str | None, force: bool) -> int:
    """Put the names back into a report of a redacted bundle.

    REPORT is any text: an HTML, JSON or Markdown report, a log, the answer to a ticket. Secrets
    were not kept: they stay masked.

    \b
    Examples:
      demarc unmask report.html --key case-12345.key.json
      demarc unmask answer.txt --key case-12345.key.json -o -
    """
    from analyzer.redact.key import load_key
    from analyzer.redact.unmask import unmask as put_back

    prepare_streams()
    data = report.read_bytes()
    if b"\0" in data[:4096]:
        raise CommandError(f"{report} is no text", "name a report, not the bundle or an archive")
    text, count = put_back(data, load_key(key_file), report.suffix)
    if output == STDOUT:
        sys.stdout.buffer.write(text)
        return Exit.DONE
    target = Path(output) if output else report.with_suffix(f".unmasked{report.suffix}")
    write_all({target: text}, force=force)
    click.echo(f"wrote {target} ({count:,} names put back)")
    return Exit.DONE
