"""A zip inside a part, read from memory: the only form in which AKS keeps its node logs."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import IO

from analyzer.bundle.errors import Damage
from analyzer.bundle.limits import KIB, Budget

_CENTRAL_HEADER = b"PK\x01\x02"
#: Files in one zip; the log collector of AKS writes a few hundred.
_MAX_ENTRIES = 50_000
#: What ``zipfile`` raises on broken, encrypted or unknown content.
_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
    IndexError,
    KeyError,
    UnicodeError,
    MemoryError,
)


class ZipContent:
    """The content of one file of a zip; ends early, with the reason, where it is broken."""

    __slots__ = ("_budget", "_file", "_info", "_left", "_zip", "damage")

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> None:
        self._zip = archive
        self._info = info
        self._budget = budget
        self._file: IO[bytes] | None = None
        self._left = info.file_size
        self.damage = ""

    def read(self, count: int) -> bytes:
        """Return up to ``count`` bytes; fewer only at the end or where the file is broken."""
        pieces: list[bytes] = []
        want = min(count, self._left)
        while want > 0 and not self.damage:
            try:
                if self._file is None:
                    self._file = self._zip.open(self._info)
                piece = self._file.read(min(want, 64 * KIB))
                self._budget.spend(len(piece))
            except Damage as damage:
                self.damage = str(damage)
                break
            except _ERRORS as error:
                self.damage = f"the zip is broken: {error}"
                break
            if not piece:
                break
            pieces.append(piece)
            want -= len(piece)
            self._left -= len(piece)
        return b"".join(pieces)

    def drain(self) -> int:
        """Leave the rest packed: only damage that was met counts as missing."""
        if self._file is not None:
            self._file.close()
        return self._left if self.damage else 0


def zip_entries(data: bytes, budget: Budget) -> Iterator[tuple[str, int, ZipContent]]:
    """Yield name, size in bytes and content of the regular files of a zip.

    Raises:
        Damage: it is no zip, is broken, or holds too many files.
    """
    if data.count(_CENTRAL_HEADER) > _MAX_ENTRIES:
        raise Damage(f"the zip holds more than {_MAX_ENTRIES} files; not read")
    try:
        archive = zipfile.ZipFile(BytesIO(data))
        infos = archive.infolist()
    except _ERRORS as error:
        raise Damage(f"the zip cannot be read: {error}") from error
    for info in infos:
        if info.filename.endswith("/") or _is_link(info):
            continue
        budget.count_member()
        budget.check_ratio(max(1, info.compress_size), info.file_size)
        yield info.filename, info.file_size, ZipContent(archive, info, budget)


def _is_link(info: zipfile.ZipInfo) -> bool:
    """Tell a symbolic link by the Unix mode in the upper half of the attributes."""
    return (info.external_attr >> 16) & 0o170000 == 0o120000
