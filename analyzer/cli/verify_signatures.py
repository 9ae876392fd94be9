"""The part of ``demarc verify`` that looks at signatures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.errors import CommandError

if TYPE_CHECKING:
    from analyzer.bundle.signature_files import Judged
    from analyzer.bundle.signers import Signer


def check_signatures(
    bundle: str, signers: Path | None, signatures: Sequence[Path], signed_by: Sequence[str]
) -> None:
    """Check the signatures where that is asked for; say so where one lies there unasked.

    Raises:
        CommandError: one does not count, or cannot be checked, or one that must be there is not.
    """
    from analyzer.bundle.signatures import SUFFIX

    beside = Path(f"{bundle}{SUFFIX}")
    if signers is None:
        if signatures or signed_by:
            raise CommandError("who may sign is not told", "name the file of signers: --signers")
        if bundle != "-" and beside.is_file():
            click.echo(f"{beside} was not checked: name the file of those who may sign (--signers)")
        return
    if bundle == "-" or Path(bundle).is_dir():
        raise CommandError("a signature is over a file", "name the archive as it was signed")
    if not signatures and not beside.is_file():
        raise CommandError(f"there is no signature {beside}", "name it with --signature")
    _tell(_judged(bundle, signatures or (beside,), _read(signers)), signed_by)


def _judged(
    bundle: str, signatures: Sequence[Path], signers: tuple[Signer, ...]
) -> tuple[Judged, ...]:
    from analyzer.bundle.signature_files import judge_signatures
    from analyzer.bundle.signatures import SignatureError

    try:
        return judge_signatures(Path(bundle), signatures, signers, datetime.now(UTC))
    except SignatureError as error:
        raise CommandError(error.what, error.hint) from None
    except ImportError:
        raise CommandError(
            "the package that checks signatures is not installed",
            "pip install 'aks-demarc[seal]', or: ssh-keygen -Y verify -n demarc-bundle",
        ) from None


def _tell(judged: tuple[Judged, ...], signed_by: Sequence[str]) -> None:
    """A line for each good signature, then the first reason why they do not do.

    Raises:
        CommandError: not all of them count, or not by all who must have signed.
    """
    from analyzer.bundle.signature_files import not_signed_by

    for one in judged:
        if one.signed is not None:
            good = one.signed
            click.echo(f"signed by {good.by} with {good.key_type} {good.fingerprint}")
    bad = [one for one in judged if one.error is not None]
    for one in bad[1:]:
        click.echo(f"does not count: {one.where}: {one.error}")
    if bad:
        first = bad[0].error
        share = f"; {len(judged) - len(bad)} of {len(judged)} signatures count, and all must"
        text = f"{bad[0].where}: {first}{share if len(judged) > 1 else ''}"
        raise CommandError(text, first.hint if first is not None else "")
    if lacking := not_signed_by(signed_by, judged):
        names = ", ".join(dict.fromkeys(one.signed.by for one in judged if one.signed))
        raise CommandError(f"signed by {names}, not by {', '.join(lacking)}")


def _read(path: Path) -> tuple[Signer, ...]:
    from analyzer.bundle.signers import SignersError, read_signers

    try:
        return read_signers(path.read_text(encoding="utf-8"))
    except SignersError as error:
        raise CommandError(f"{path}: {error}", "see: man ssh-keygen, ALLOWED SIGNERS") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not UTF-8") from None
