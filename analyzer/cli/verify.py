"""``demarc verify``: the sums of a bundle against its manifest."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from analyzer.cli.console import prepare_streams
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit


@click.command()
@click.argument("bundle")
def verify(bundle: str) -> int:
    """Check a bundle's archives against the sums of its manifest.

    Says for every node's archive whether it is whole, changed or missing, and exits with 2 if any
    is not as the manifest says.

    BUNDLE is an archive, a folder, or '-' for standard input.

    \b
    Examples:
      demarc verify demarc-prod-20260301T120000Z.tar
      demarc verify - < bundle.tar
    """
    from analyzer.bundle import open_bundle
    from analyzer.bundle.verify import Verdict
    from analyzer.bundle.verify import verify as check_sums

    prepare_streams()
    opened = open_bundle(sys.stdin.buffer if bundle == "-" else Path(bundle))
    checks = check_sums(opened)
    if not checks:
        raise CommandError(
            "the bundle has no manifest: there are no sums to compare with",
            "see what is in it: demarc inspect",
        )
    bad = [check for check in checks if check.verdict is not Verdict.OK]
    for check in bad:
        sizes = f" ({check.expected_bytes} bytes expected, {check.actual_bytes} found)"
        click.echo(f"{check.verdict.value}: {check.path}{sizes}")
    missing = opened.manifest.nodes.missing if opened.manifest else ()
    for node in missing:
        click.echo(f"never collected: node {node.node} ({node.reason})")
    click.echo(f"{len(checks) - len(bad)} of {len(checks)} archives are as the manifest says.")
    return Exit.FAILED if bad else Exit.DONE
