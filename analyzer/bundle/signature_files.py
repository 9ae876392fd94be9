"""Several signatures of one bundle: each is judged, and all of them have to count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analyzer.bundle.signatures import (
    MAX_SIGNATURE_BYTES,
    SignatureError,
    Signed,
    check_signature,
)
from analyzer.bundle.signers import Signer, fits

#: Signatures that are looked at; more than these are no bundle's.
MOST = 32
_ONE = re.compile(rb"-----BEGIN SSH SIGNATURE-----.*?-----END SSH SIGNATURE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Judged:
    """One signature: ``where`` it stands (for people); ``signed`` or ``error`` is there."""

    where: str
    signed: Signed | None = None
    error: SignatureError | None = None


def judge_signatures(
    bundle: Path, files: Iterable[Path], signers: Sequence[Signer], when: datetime
) -> tuple[Judged, ...]:
    """Check every signature in ``files``; a file may hold several, one behind the other.

    Raises:
        SignatureError: there are more than ``MOST``.
        OSError: the bundle or a file cannot be read.
        ImportError: the package ``cryptography`` is not installed.
    """
    found = [(where, data) for path in files for where, data in _in_file(path)]
    if len(found) > MOST:
        raise SignatureError(f"{len(found)} signatures; at most {MOST} are looked at")
    return tuple(_judged(bundle, where, data, signers, when) for where, data in found)


def not_signed_by(wanted: Iterable[str], judged: Iterable[Judged]) -> tuple[str, ...]:
    """Those of the wanted signers by whom no signature counts, in the order given."""
    by = [one.signed.by for one in judged if one.signed is not None]
    return tuple(name for name in wanted if not any(fits(one, name) for one in by))


def _in_file(path: Path) -> list[tuple[str, bytes]]:
    """The signatures of a file, each with where it stands; a file without any counts as one."""
    with path.open("rb") as file:
        data = file.read(MAX_SIGNATURE_BYTES)
    blocks = _ONE.findall(data)
    if len(blocks) < 2 or _ONE.sub(b"", data).strip():
        return [(str(path), data)]
    count = len(blocks)
    return [(f"{path}, signature {n} of {count}", block) for n, block in enumerate(blocks, 1)]


def _judged(
    bundle: Path, where: str, data: bytes, signers: Sequence[Signer], when: datetime
) -> Judged:
    try:
        return Judged(where, signed=check_signature(bundle, data, signers, "", when))
    except SignatureError as error:
        return Judged(where, error=error)
