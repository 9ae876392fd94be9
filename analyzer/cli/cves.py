"""``demarc cves``: scanners' lists, cut down to what support accepts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.console import output_console, prepare_streams
from analyzer.cli.data_option import data_option
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.cli.outputs import write_file

if TYPE_CHECKING:
    from rich.console import Console

    from analyzer.cves.listing import CveList


@click.command()
@click.argument(
    "reports",
    nargs=-1,
    required=True,
    metavar="REPORT...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--bundle", required=True, metavar="BUNDLE", help="The bundle of the same cluster.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the list; the suffix picks the format (.csv .json .html). May be repeated.",
)
@click.option(
    "--dropped",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.csv",
    help="Write the rows that support does not take, with the reasons, as CSV.",
)
@click.option(
    "--fix-dates",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.csv",
    help="Days of vendors' fixes, for scanners that do not tell them (columns id,package,date).",
)
@click.option(
    "--node", default="", metavar="NAME", help="The node whose file system the reports are about."
)
@click.option("--policy", metavar="DATE", help="Support policy of that date (default: the newest).")
@data_option
@click.option("--force", is_flag=True, help="Replace existing files.")
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
@click.pass_context
def cves(
    ctx: click.Context,
    /,
    reports: tuple[Path, ...],
    bundle: str,
    outputs: tuple[Path, ...],
    dropped: Path | None,
    quiet: bool,
    force: bool,
    **chosen: object,
) -> int:
    """Cut scanners' CVE lists to what support accepts, and say whose every other row is.

    REPORT is the JSON of Trivy ('trivy image --format json', 'trivy rootfs', VulnerabilityReports
    of its operator) or of Grype ('grype -o json'). Kept are flaws in images and packages that
    Microsoft manages, on a current node image, with a vendor fix that was more than 30 days old
    when the bundle was collected. Every other row is told with its reason and whose it is.

    \b
    Examples:
      demarc cves coredns.json node.json --bundle bundle.tar -o for-support.csv
      demarc cves scans/*.json --bundle bundle.tar -o cves.html --dropped not-now.csv
      demarc cves host.json --bundle bundle.tar --node aks-pool1-12345678-vmss000000
      demarc cves trivy.json --bundle bundle.tar --fix-dates dates.csv -o cves.json
    """
    prepare_streams()
    for path in outputs:
        _check_suffix(path)
    listing = _filtered(reports, bundle, chosen)
    for path in outputs:
        write_file(path, _rendered(path, listing), force=force)
        click.echo(f"wrote {path}", err=True)
    if dropped is not None:
        from analyzer.cves.write import as_csv

        write_file(dropped, as_csv(listing.dropped), force=force)
        click.echo(f"wrote {dropped}", err=True)
    if not quiet:
        _summarise(listing, output_console(ctx))
    return Exit.DONE


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in (".csv", ".json", ".html"):
        raise CommandError(
            f"{path}: no format is known by the suffix '{path.suffix}'", "known: .csv .json .html"
        )


def _filtered(reports: tuple[Path, ...], bundle: str, chosen: dict[str, object]) -> CveList:
    from analyzer.cves.filter import filter_reports
    from analyzer.cves.read import read_fix_dates
    from analyzer.options import Options

    policy, folders, dates = chosen["policy"], chosen["data_dirs"], chosen["fix_dates"]
    options = Options(
        policy=policy if isinstance(policy, str) else None,
        data_dirs=folders if isinstance(folders, tuple) else (),
        bundle_name="standard-input.tar" if bundle == "-" else None,
    )
    return filter_reports(
        reports,
        sys.stdin.buffer if bundle == "-" else bundle,
        options=options,
        dates=read_fix_dates(dates) if isinstance(dates, Path) else None,
        node=str(chosen["node"]),
    )


def _rendered(path: Path, listing: CveList) -> str:
    from analyzer.cves.write import as_csv, as_html, as_json

    if path.suffix.lower() == ".json":
        return as_json(listing)
    return as_html(listing) if path.suffix.lower() == ".html" else as_csv(listing.accepted)


def _summarise(listing: CveList, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from analyzer.cves.reasons import EXPLAINED

    total = len(listing.accepted) + len(listing.dropped)
    console.print(
        Text(
            f"{len(listing.accepted):,} of {total:,} rows can go to support "
            f"(policy of {listing.policy}, collected {listing.collected_at:%Y-%m-%d}).",
            style="bold",
        )
    )
    unreadable = sum(report.unreadable for report in listing.reports)
    if unreadable:
        console.print(Text(f"{unreadable:,} rows have no id or no package and were left out."))
    if listing.dropped:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("Rows", justify="right", no_wrap=True)
        for title in ("Not for support, because", "Whose", "What to do"):
            table.add_column(title, overflow="fold")
        for reason, rows in listing.by_reason():
            told = EXPLAINED[reason]
            table.add_row(f"{len(rows):,}", told.title, told.owner.value, told.act)
        console.print(table)
