"""Bundles that are sealed for transport with age (https://age-encryption.org/v1): told, not read.

``demarc seal`` and ``demarc unseal`` use the package ``pyrage``; the tool ``age`` does the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, cast

from analyzer.bundle.errors import BundleError

SUFFIX = ".age"
_MAGIC = b"age-encryption.org/"
_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_LOOK = 64


def is_sealed(head: bytes) -> bool:
    """Tell a sealed file, binary or armoured, by its first bytes."""
    return head.startswith((_MAGIC, _ARMOR))


def refuse_sealed(source: str | Path | BinaryIO, name: str | None) -> str | Path | BinaryIO:
    """Return what to read in place of ``source``: the same bytes.

    Raises:
        BundleError: it is sealed; the hint says how to open it.
    """
    if isinstance(source, str | Path):
        where = str(source)
        try:
            if not Path(source).is_file():
                return source
            with Path(source).open("rb") as file:
                head = file.read(_LOOK)
        except (OSError, ValueError):
            return source  # whoever opens it tells why it cannot be read
        again: str | Path | BinaryIO = source
    else:
        where = name or "standard input"
        try:
            head = source.read(_LOOK)
        except (OSError, ValueError) as error:
            raise BundleError(f"cannot be read: {error}", where) from error
        again = cast(BinaryIO, Looked(head, source))
    if is_sealed(head):
        hint = f"open it first: demarc unseal {Path(where).name} -i KEY-FILE -o bundle.tar"
        raise BundleError("is sealed with age", where, hint)
    return again


class Looked:
    """A stream whose first bytes were looked at; they come again."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def read(self, count: int = -1) -> bytes:
        """Return up to ``count`` bytes, first those that were looked at."""
        if self._head:
            data, self._head = self._head, b""
            return data
        return self._rest.read(count)
