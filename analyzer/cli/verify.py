"""``demarc verify``: a bundle against its manifest, and against a signature."""

from __future__ import annotations

import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.console import prepare_streams
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.cli.limit_option import limit_option, limits_of

if TYPE_CHECKING:
    from analyzer.bundle.signers import Signer
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
    type=_FILE,
    metavar="FILE",
    help="The signature (default: the bundle's name with .sig).",
)
@click.option("--signed-by", default="", metavar="NAME", help="Which of the signers it must be.")
@limit_option
def verify(
    bundle: str,
    signers: Path | None,
    signature: Path | None,
    signed_by: str,
    limits: tuple[tuple[str, float], ...],
) -> int:
    """Check a bundle against the sums of its manifest, and its signature.

    Says for every node's archive whether it is whole, changed, missing or not in the manifest, and
    exits with 2 if any is not as the manifest says, or if the signature does not count. Sums tell
    damage; only a signature tells that nobody changed bundle and manifest together.

    BUNDLE is an archive, a folder, or '-' for standard input. A signature is made on the machine
    that collects: ssh-keygen -Y sign -n demarc-bundle -f KEY BUNDLE

    \b
    Examples:
      demarc verify demarc-prod-20260301T120000Z.tar
      demarc verify bundle.tar --signers allowed_signers --signed-by ops@example.com
    """
    from analyzer.bundle import open_bundle
    from analyzer.bundle.verify import verify as check_sums

    prepare_streams()
    _check_signature(bundle, signers, signature, signed_by)
    source = sys.stdin.buffer if bundle == "-" else Path(bundle)
    opened = open_bundle(source, limits=limits_of(limits))
    checks = check_sums(opened)
    if not checks:
        raise CommandError(
            "the bundle has no manifest with sums: there is nothing to compare with",
            "see what is in it: demarc inspect",
        )
    bad = _tell_differences(checks)
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


def _check_signature(
    bundle: str, signers: Path | None, signature: Path | None, signed_by: str
) -> None:
    """Check the signature where that is asked for; say so where one lies there unasked.

    Raises:
        CommandError: it does not count, or cannot be checked.
    """
    from analyzer.bundle.signatures import (
        MAX_SIGNATURE_BYTES,
        SUFFIX,
        SignatureError,
        check_signature,
    )

    beside = Path(f"{bundle}{SUFFIX}")
    if signers is None:
        if signature is not None or signed_by:
            raise CommandError("who may sign is not told", "name the file of signers: --signers")
        if bundle != "-" and beside.is_file():
            click.echo(f"{beside} was not checked: name the file of those who may sign (--signers)")
        return
    if bundle == "-" or Path(bundle).is_dir():
        raise CommandError("a signature is over a file", "name the archive as it was signed")
    path = signature or beside
    if not path.is_file():
        raise CommandError(f"there is no signature {path}", "name it with --signature")
    with path.open("rb") as file:
        data = file.read(MAX_SIGNATURE_BYTES)
    try:
        good = check_signature(Path(bundle), data, _read(signers), signed_by, datetime.now(UTC))
    except SignatureError as error:
        raise CommandError(f"{path}: {error.what}", error.hint) from None
    except ImportError:
        raise CommandError(
            "the package that checks signatures is not installed",
            "pip install 'aks-demarc[seal]', or: ssh-keygen -Y verify -n demarc-bundle",
        ) from None
    click.echo(f"signed by {good.by} with {good.key_type} {good.fingerprint}")


def _read(path: Path) -> tuple[Signer, ...]:
    from analyzer.bundle.signers import SignersError, read_signers

    try:
        return read_signers(path.read_text(encoding="utf-8"))
    except SignersError as error:
        raise CommandError(f"{path}: {error}", "see: man ssh-keygen, ALLOWED SIGNERS") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not UTF-8") from None
