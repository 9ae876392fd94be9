"""``demarc verify``: a bundle against its manifest, and against a signature."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.console import prepare_streams
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.cli.limit_option import limit_option, limits_of
from analyzer.cli.verify_signatures import check_signatures

if TYPE_CHECKING:
    from analyzer.bundle.verify import MemberCheck

#: Lines for one kind of difference; the others are counted.
_LISTED = 20
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("bundle")
@click.option(
    "--signers",
    type=_FILE,
    metavar="FILE",
    help="Who may sign (an allowed_signers file of OpenSSH): check the signature as well.",
)
@click.option(
    "--signature",
    "signatures",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="A signature, or several in one file (default: the bundle's name with .sig).",
)
@click.option(
    "--signed-by",
    multiple=True,
    metavar="NAME",
    help="One of the signers that must have signed; may be repeated.",
)
@limit_option
def verify(
    bundle: str,
    signers: Path | None,
    signatures: tuple[Path, ...],
    signed_by: tuple[str, ...],
    limits: tuple[tuple[str, float], ...],
) -> int:
    """Check a bundle against the sums of its manifest, and its signature.

    Says for every node's archive whether it is whole, changed, missing or not in the manifest, and
    exits with 2 if any is not as the manifest says, or if the signature does not count. Sums tell
    damage; only a signature tells that nobody changed bundle and manifest together.

    BUNDLE is an archive, a folder, or '-' for standard input. A signature is made on the machine
    that collects: ssh-keygen -Y sign -n demarc-bundle -f KEY BUNDLE. Where several people sign,
    each signature that is given must count.

    \b
    Examples:
      demarc verify demarc-prod-20260301T120000Z.tar
      demarc verify bundle.tar --signers allowed_signers --signed-by ops@example.com
    """
    from analyzer.bundle import open_bundle
    from analyzer.bundle.verify import verify as check_sums

    prepare_streams()
    check_signatures(bundle, signers, signatures, signed_by)
    source = sys.stdin.buffer if bundle == "-" else Path(bundle)
    opened = open_bundle(source, limits=limits_of(limits))
    checks = check_sums(opened)
    if not checks:
        raise CommandError(
            "the bundle has no manifest with sums: there is nothing to compare with",
            "see what is in it: demarc inspect",
        )
    bad = _tell_differences(checks)
    if opened.manifest and opened.manifest.redacted:
        click.echo("a redacted copy: its names and addresses are stand-ins (demarc unmask)")
    missing = opened.manifest.nodes.missing if opened.manifest else ()
    for node in missing:
        click.echo(f"never collected: node {node.node} ({node.reason})")
    listed = sum(check.verdict.listed for check in checks)
    click.echo(f"{len(checks) - bad} of {listed} archives are as the manifest says.")
    return Exit.FAILED if bad else Exit.DONE


def _tell_differences(checks: tuple[MemberCheck, ...]) -> int:
    """One line for each difference, long lists cut; return how many there are."""
    from analyzer.bundle.names import shown_name

    kinds: dict[str, list[MemberCheck]] = defaultdict(list)
    for check in checks:
        if not check.verdict.good:
            kinds[check.verdict.value].append(check)
    for kind, bad in sorted(kinds.items()):
        for check in bad[:_LISTED]:
            sizes = [
                f"{count} bytes {what}"
                for count, what in (
                    (check.expected_bytes, "expected"),
                    (check.actual_bytes, "found"),
                )
                if count is not None
            ]
            click.echo(f"{kind}: {shown_name(check.path)} ({', '.join(sizes) or 'size unknown'})")
        if len(bad) > _LISTED:
            click.echo(f"{kind}: {len(bad) - _LISTED:,} more")
    return sum(map(len, kinds.values()))
