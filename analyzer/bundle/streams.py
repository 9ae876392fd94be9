"""Streams of bytes that never raise on damage: they end there, and remember why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from analyzer.bundle.errors import Damage
from analyzer.bundle.limits import KIB

#: Bytes for one read of a file.
READ_SIZE = 128 * KIB


class Raw(Protocol):
    """Where bytes come from, piece by piece."""

    def piece(self) -> bytes:
        """Return the next bytes, ``b""`` at the end.

        Raises:
            Damage: nothing can be read from here on.
        """

    def leap(self, count: int) -> int:
        """Skip up to ``count`` bytes without reading; return how many were skipped (may be 0)."""

    def close(self) -> None:
        """Let go of files; may be called twice."""


class FileSlice:
    """A stretch of a file: a member of a plain tar, or a file of a folder."""

    __slots__ = ("_at", "_end", "_file", "_path", "_read_size")

    def __init__(
        self, path: Path, offset: int = 0, size: int | None = None, read_size: int = READ_SIZE
    ) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._at = offset
        self._end = None if size is None else offset + size
        self._read_size = read_size

    def _open(self) -> BinaryIO:
        if self._file is None:
            self._file = self._path.open("rb", buffering=0)
            self._file.seek(self._at)
        return self._file

    def piece(self) -> bytes:
        """Return the next bytes of the file; an error of the disk is damage."""
        want = self._read_size if self._end is None else min(self._read_size, self._end - self._at)
        if want <= 0:
            return b""
        try:
            data = self._open().read(want)
        except OSError as error:
            raise Damage(f"cannot be read: {error.strerror or error}") from error
        self._at += len(data)
        return data

    def leap(self, count: int) -> int:
        """Seek forward within the slice, and not beyond the end of the file."""
        try:
            file = self._open()
            end = file.seek(0, 2) if self._end is None else min(self._end, file.seek(0, 2))
            count = max(0, min(count, end - self._at))
            self._at += count
            file.seek(self._at)
        except OSError:
            return 0
        return count

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


class Memory:
    """Bytes that are in memory already."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self._at = 0

    def piece(self) -> bytes:
        """Return the next bytes."""
        data = bytes(self._data[self._at : self._at + READ_SIZE])
        self._at += len(data)
        return data

    def leap(self, count: int) -> int:
        """Skip forward."""
        count = min(count, len(self._data) - self._at)
        self._at += count
        return count

    def close(self) -> None:
        """Nothing to let go of."""


class Reader:
    """Reads a :class:`Raw` in any amounts. Short answers mean the end; ``damage`` says why."""

    __slots__ = ("_at", "_buffer", "_raw", "consumed", "damage")

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._buffer = b""
        self._at = 0
        #: Bytes handed out or skipped so far: the position in the stream.
        self.consumed = 0
        #: Why the stream ended before its end; empty while it did not.
        self.damage = ""

    def _fill(self) -> bool:
        """Load the next piece once the buffer is used up; False at the end."""
        if self.damage:
            return False
        try:
            self._buffer = self._raw.piece()
        except Damage as damage:
            self.damage = str(damage)
            self._buffer = b""
        self._at = 0
        return bool(self._buffer)

    def read(self, count: int) -> bytes:
        """Return ``count`` bytes, fewer only at the end."""
        end = self._at + count
        if end <= len(self._buffer):
            data = self._buffer[self._at : end]
            self._at = end
            self.consumed += count
            return data
        pieces = [self._buffer[self._at :]]
        left = count - len(pieces[0])
        self._at = len(self._buffer)
        while left and self._fill():
            piece = self._buffer if left >= len(self._buffer) else self._buffer[:left]
            self._at = len(piece)
            pieces.append(piece)
            left -= len(piece)
        self.consumed += count - left
        return b"".join(pieces)

    def some(self, count: int) -> bytes:
        """Return up to ``count`` bytes, without joining pieces; ``b""`` at the end."""
        if self._at >= len(self._buffer) and not self._fill():
            return b""
        data = self._buffer[self._at : self._at + count]
        self._at += len(data)
        self.consumed += len(data)
        return data

    def skip(self, count: int) -> int:
        """Skip ``count`` bytes; return how many there were."""
        left = count
        while left:
            held = min(left, len(self._buffer) - self._at)
            self._at += held
            left -= held
            if not left or self.damage:
                break
            leapt = self._raw.leap(left)
            left -= leapt
            if left and not self._fill():
                break
        self.consumed += count - left
        return count - left

    def unread(self, data: bytes) -> None:
        """Put bytes back in front: what was looked at to find out what it is."""
        self._buffer = data + self._buffer[self._at :]
        self._at = 0
        self.consumed -= len(data)

    def peek(self, count: int) -> bytes:
        """Return the next ``count`` bytes (fewer at the end) and leave them there."""
        data = self.read(count)
        self.unread(data)
        return data

    def pieces(self) -> Iterator[bytes]:
        """Yield all that is left, in pieces of any size."""
        while data := self.some(READ_SIZE):
            yield data

    def close(self) -> None:
        """Close what lies beneath."""
        self._raw.close()


class Window:
    """The next ``size`` bytes of a reader: the content of one member of an archive."""

    __slots__ = ("_reader", "left")

    def __init__(self, reader: Reader, size: int) -> None:
        self._reader = reader
        self.left = size

    @property
    def damage(self) -> str:
        """Why the content ends early; empty while it does not."""
        return self._reader.damage

    def read(self, count: int) -> bytes:
        """Return up to ``count`` bytes; fewer only at the end of the window or the stream."""
        data = self._reader.read(min(count, self.left))
        self.left -= len(data)
        return data

    def piece(self) -> bytes:
        """Return some bytes, so that an archive inside the member can be unpacked.

        Raises:
            Damage: the outer stream is torn here.
        """
        data = self._reader.some(min(READ_SIZE, self.left)) if self.left else b""
        self.left -= len(data)
        if not data and self.left:
            raise Damage(self.damage or "the outer archive ends here")
        return data

    def leap(self, count: int) -> int:
        """Skip within the window."""
        skipped = self._reader.skip(min(count, self.left))
        self.left -= skipped
        return skipped

    def drain(self) -> int:
        """Skip to the end of the window; return how many bytes are missing (0: it was whole)."""
        self.leap(self.left)
        return self.left

    def close(self) -> None:
        """The reader belongs to somebody else."""
