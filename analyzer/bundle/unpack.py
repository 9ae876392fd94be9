"""Decompression as a stream: gzip (ISA-L where it is there, else zlib), Zstandard, xz, bzip2."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import IO, TYPE_CHECKING, Any, cast

from analyzer.bundle.errors import Damage
from analyzer.bundle.limits import KIB, MIB, Budget
from analyzer.bundle.streams import Raw

if TYPE_CHECKING:
    import zstandard

_igzip: Any = None
_ERRORS: list[Any] = [zlib.error, OSError, EOFError, ValueError]
try:
    from isal import igzip_lib as _igzip
    from isal import isal_zlib as _isal_zlib
except ImportError:  # no wheel for this machine: slower, same result
    pass
else:
    _ERRORS.append(_isal_zlib.error)
#: Errors of both engines: broken blocks, wrong checksums, wrong headers.
_GZIP_ERRORS: tuple[type[Exception], ...] = tuple(_ERRORS)

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
XZ_MAGIC = b"\xfd7zXZ\0"
BZIP2_MAGIC = b"BZh"

#: Unpacked bytes for one call. What a broken block costs is at most one such piece, and pieces
#: of 64 KiB stay in the processor's cache.
PIECE = 64 * KIB

#: The window that a Zstandard frame may ask for: ``zstd --long`` (2^27) is the largest usual one.
_ZSTD_WINDOW = 128 * MIB


class _ZlibMember:
    """The zlib module behind the interface of ``igzip_lib.IgzipDecompressor``."""

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(31)
        self._tail = b""
        self._more = False

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def needs_input(self) -> bool:
        return not (self._tail or self._more)

    @property
    def unused_data(self) -> bytes:
        return self._engine.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._engine.decompress(self._tail + data, max_length)
        self._tail = self._engine.unconsumed_tail
        # A full answer may have more behind it, though all input was taken.
        self._more = len(out) == max_length
        return out


def _gzip_member() -> Any:
    """Return a decompressor for one gzip member (they may follow one another)."""
    if _igzip is None:
        return _ZlibMember()
    return _igzip.IgzipDecompressor(flag=_igzip.DECOMP_GZIP)


class Gunzip:
    """A gzip stream, unpacked piece by piece within a budget."""

    __slots__ = ("_budget", "_member", "_members", "_packed", "_raw", "_unpacked")

    def __init__(self, raw: Raw, budget: Budget) -> None:
        self._raw = raw
        self._budget = budget
        self._member = _gzip_member()
        self._members = 1
        self._packed = 0
        self._unpacked = 0

    def piece(self) -> bytes:
        """Return the next unpacked bytes.

        Raises:
            Damage: the stream is cut or broken here, or is over a limit.
        """
        while True:
            if self._member.eof and not self._next_member():
                return b""
            data = b""
            if self._member.needs_input:
                data = self._raw.piece()
                if not data:
                    raise Damage("the gzip stream is cut off")
                self._packed += len(data)
            if out := self._decompress(data):
                return out

    def _decompress(self, data: bytes) -> bytes:
        try:
            out: bytes = self._member.decompress(data, PIECE)
        except _GZIP_ERRORS as error:
            raise Damage(f"the gzip stream is broken: {error}") from error
        self._unpacked += len(out)
        self._budget.spend(len(out))
        self._budget.check_ratio(self._packed, self._unpacked)
        return out

    def _next_member(self) -> bool:
        """Go on with the gzip member that follows; padding and anything else ends the stream."""
        rest = self._member.unused_data
        while len(rest) < len(GZIP_MAGIC) and (more := self._raw.piece()):
            self._packed += len(more)
            rest += more
        if not rest.startswith(GZIP_MAGIC):
            return False
        self._members += 1
        if self._members > self._budget.limits.max_gzip_members:
            raise Damage(f"more than {self._budget.limits.max_gzip_members} gzip members")
        self._member = _gzip_member()
        self._raw = _Prepended(rest, self._raw)
        return True

    def leap(self, count: int) -> int:
        """Nothing can be skipped without unpacking it."""
        return 0

    def close(self) -> None:
        """Close what lies beneath."""
        self._raw.close()


class _Prepended:
    """Bytes in front of another stream."""

    __slots__ = ("_first", "_rest")

    def __init__(self, first: bytes, rest: Raw) -> None:
        self._first = first
        self._rest: Raw = rest._rest if isinstance(rest, _Prepended) else rest

    def piece(self) -> bytes:
        first, self._first = self._first, b""
        return first or self._rest.piece()

    def leap(self, count: int) -> int:
        return 0

    def close(self) -> None:
        self._rest.close()


class Unzstd:
    """A Zstandard stream, unpacked piece by piece within a budget."""

    __slots__ = ("_budget", "_feed", "_raw", "_stream", "_unpacked")

    def __init__(self, raw: Raw, budget: Budget) -> None:
        self._raw = raw
        self._budget = budget
        self._feed = _Feed(raw)
        self._unpacked = 0
        self._stream: zstandard.ZstdDecompressionReader | None = None

    def piece(self) -> bytes:
        """Return the next unpacked bytes.

        Raises:
            Damage: the stream is broken here or over a limit. A stream that is cut just ends.
        """
        import zstandard

        if self._stream is None:
            engine = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
            self._stream = engine.stream_reader(
                cast(IO[bytes], self._feed), read_across_frames=True
            )
        try:
            out = self._stream.read(PIECE)
        except (zstandard.ZstdError, MemoryError) as error:
            raise Damage(f"the zstd stream is broken: {error}") from error
        self._unpacked += len(out)
        self._budget.spend(len(out))
        self._budget.check_ratio(self._feed.taken, self._unpacked)
        return out

    def leap(self, count: int) -> int:
        """Nothing can be skipped without unpacking it."""
        return 0

    def close(self) -> None:
        """Close what lies beneath."""
        self._raw.close()


class _Feed:
    """The file object that the zstandard library reads from."""

    __slots__ = ("_held", "_raw", "taken")

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._held = b""
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        data = self._held or self._raw.piece()
        cut = len(data) if size < 0 else size
        data, self._held = data[:cut], data[cut:]
        self.taken += len(data)
        return data


#: Memory that an xz stream may ask for; ``xz -9`` needs 65 MiB.
_XZ_MEMORY = 256 * MIB


class Unxz:
    """An xz or bzip2 stream, unpacked piece by piece within a budget; streams may follow."""

    __slots__ = ("_budget", "_engine", "_kind", "_packed", "_raw", "_unpacked")

    def __init__(self, raw: Raw, budget: Budget, kind: str) -> None:
        self._raw = raw
        self._budget = budget
        self._kind = kind
        self._engine = self._fresh()
        self._packed = 0
        self._unpacked = 0

    def _fresh(self) -> lzma.LZMADecompressor | bz2.BZ2Decompressor:
        if self._kind == "bzip2":
            return bz2.BZ2Decompressor()
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)

    def piece(self) -> bytes:
        """Return the next unpacked bytes.

        Raises:
            Damage: the stream is cut or broken here, or is over a limit.
        """
        while True:
            data = b""
            if self._engine.eof:
                data = self._engine.unused_data.lstrip(b"\0") or self._raw.piece()
                if not data.strip(b"\0"):
                    return b""
                self._engine = self._fresh()
            elif self._engine.needs_input:
                data = self._raw.piece()
                if not data:
                    raise Damage(f"the {self._kind} stream is cut off")
            self._packed += len(data)
            try:
                out = self._engine.decompress(data, PIECE)
            except (lzma.LZMAError, OSError, EOFError, ValueError, MemoryError) as error:
                raise Damage(f"the {self._kind} stream is broken: {error}") from error
            if out:
                self._unpacked += len(out)
                self._budget.spend(len(out))
                self._budget.check_ratio(self._packed, self._unpacked)
                return out

    def leap(self, count: int) -> int:
        """Nothing can be skipped without unpacking it."""
        return 0

    def close(self) -> None:
        """Close what lies beneath."""
        self._raw.close()


def unpacked(raw: Raw, magic: bytes, budget: Budget) -> Raw:
    """Wrap ``raw`` in the decompressor that its first bytes ask for; plain data stays as it is."""
    if magic.startswith(GZIP_MAGIC):
        return Gunzip(raw, budget)
    if magic.startswith(ZSTD_MAGIC):
        return Unzstd(raw, budget)
    if magic.startswith(XZ_MAGIC[:4]):
        return Unxz(raw, budget, "xz")
    if magic.startswith(BZIP2_MAGIC):
        return Unxz(raw, budget, "bzip2")
    return raw
