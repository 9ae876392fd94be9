"""A zip as the outer shell: listed by its directory, each file read on its own."""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from analyzer.bundle.errors import BundleError, Damage
from analyzer.bundle.limits import Budget, Limits
from analyzer.bundle.listing import Listed, Listing, add_listed, refuse
from analyzer.bundle.parts import Blob
from analyzer.bundle.recorder import PartRecorder
from analyzer.bundle.streams import FileSlice, Memory, Raw

_LOCAL_HEADER = 30
_LOCAL_MAGIC = b"PK\x03\x04"
_ENCRYPTED = 1
_PIECE = 64 * 1024
#: What ``zipfile`` raises on broken directories.
_ERRORS = (
    zipfile.BadZipFile, struct.error, EOFError, OSError, ValueError, RuntimeError,
    NotImplementedError, OverflowError, IndexError, KeyError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ZippedBlob(Blob):
    """A file of a zip. ``size`` is unpacked; ``packed`` bytes lie behind its local header."""

    packed: int = 0
    deflated: bool = True

    def open(self) -> Raw:
        """Return the unpacked bytes as a stream."""
        header = Blob(self.path, self.offset, _LOCAL_HEADER, self.data).open()
        try:
            head = header.piece()
        finally:
            header.close()
        if len(head) < _LOCAL_HEADER or not head.startswith(_LOCAL_MAGIC):
            return _Broken("the zip's header of this file is broken")
        name, extra = struct.unpack_from("<HH", head, 26)
        start = self.offset + _LOCAL_HEADER + name + extra
        raw: Raw = (
            Memory(memoryview(self.data)[start : start + self.packed])
            if self.data is not None
            else FileSlice(Path(self.path), start, self.packed)
        )
        return _Inflated(raw, self.size) if self.deflated else raw


class _Broken:
    """A stream that is no stream."""

    def __init__(self, why: str) -> None:
        self._why = why

    def piece(self) -> bytes:
        raise Damage(self._why)

    def leap(self, count: int) -> int:
        return 0

    def close(self) -> None:
        """Nothing is open."""


class _Inflated:
    """A deflated file, unpacked piece by piece, never beyond the size that the directory tells."""

    __slots__ = ("_engine", "_left", "_raw", "_tail")

    def __init__(self, raw: Raw, size: int) -> None:
        self._raw = raw
        self._engine = zlib.decompressobj(-zlib.MAX_WBITS)
        self._tail = b""
        self._left = size

    def piece(self) -> bytes:
        """Return the next bytes; empty at the end.

        Raises:
            Damage: the file is broken.
        """
        while self._left > 0 and not self._engine.eof:
            packed = self._tail or self._raw.piece()
            if not packed:
                raise Damage("the zip is cut off")
            try:
                out = self._engine.decompress(packed, min(_PIECE, self._left))
            except zlib.error as error:
                raise Damage(f"the zip is broken: {error}") from error
            self._tail = self._engine.unconsumed_tail
            if out:
                self._left -= len(out)
                return out
        return b""

    def leap(self, count: int) -> int:
        """Nothing can be skipped without unpacking it."""
        return 0

    def close(self) -> None:
        """Close what lies beneath."""
        self._raw.close()


def list_zip(source: Blob, budget: Budget, recorder: PartRecorder, where: str) -> Listing:
    """List a zip by its directory.

    Raises:
        BundleError: it has no directory that can be read.
    """
    try:
        if source.data is not None:
            infos = zipfile.ZipFile(BytesIO(source.data)).infolist()
        else:
            with zipfile.ZipFile(source.path) as archive:
                infos = archive.infolist()
    except _ERRORS as error:
        hint = "download or copy it again"
        raise BundleError(f"the .zip archive cannot be read: {error}", where, hint) from error
    found: dict[str, Listed] = {}
    try:
        for info in infos:
            if info.filename.endswith("/"):  # is_dir() fails on a file without a name
                continue
            budget.count_member()
            if why := _unusable(info, budget.limits):
                refuse(recorder, info.filename, why)
                continue
            blob = ZippedBlob(
                source.path, info.header_offset, info.file_size, source.data,
                info.compress_size, info.compress_type == zipfile.ZIP_DEFLATED,
            )  # fmt: skip
            add_listed(found, info.filename, info.file_size, blob, budget, recorder)
    except Damage as damage:
        recorder.tear(str(damage))
    return Listing([found[name] for name in sorted(found)], source.size)


def _unusable(info: zipfile.ZipInfo, limits: Limits) -> str:
    """Say why a file is not read; empty where it is."""
    if (info.external_attr >> 16) & 0o170000 == 0o120000:
        return "a symbolic link; not followed"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted; not read"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"packed in a way that is not read (method {info.compress_type})"
    most = max(1, info.compress_size) * limits.max_ratio
    if info.file_size > limits.ratio_floor and info.file_size > most:
        return f"unpacks to more than {limits.max_ratio} times its size"
    return ""
