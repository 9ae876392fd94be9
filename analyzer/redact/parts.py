"""One part of a redacted bundle: members as they come, into an archive beside the output."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

#: Texts compress well at any level. zlib, not the faster ISA-L: that one was seen to give other
#: bytes for the same input, and the same bundle and key have to give the same file.
_LEVEL = 1
_GZIP_WINDOW = 31
_BLOCK = 512
_END = b"\0" * (2 * _BLOCK)
#: Members up to so many bytes wait in memory for their size, larger ones on disk.
_IN_MEMORY = 32 * 1024 * 1024
_COPY = 1024 * 1024
TABLE = "collection.tsv"
ZIP_FOLDER = "azure/aks-log-collector/"
ZIP_NAME = "azure/aks-log-collector.zip"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class Compressor(Protocol):
    """What is used of a compressor."""

    def compress(self, data: bytes) -> bytes:
        """Take bytes in."""

    def flush(self) -> bytes:
        """End the stream."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a member: sizes in bytes before and after; whether text was masked or lost."""

    before: int
    after: int
    masked: bool
    lost: str = ""
    truncated: bool = False


def spooled() -> IO[bytes]:
    """A file that stays in memory while it is small."""
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)


class PartWriter:
    """Writes the archive of one part: the same members give the same bytes.

    ``pause`` closes the file between members of other parts; the next one begins a new gzip stream
    behind the first, so that any number of parts can be under way.
    """

    def __init__(self, part: str, path: Path, mtime: int) -> None:
        self.part = part
        self.path = path
        self._mtime = mtime
        self._file: IO[bytes] | None = None
        self._gzip: Compressor | None = None
        self._table: bytes | None = None
        self._zip: IO[bytes] | None = None
        self._archive: zipfile.ZipFile | None = None
        self.written: dict[str, Written] = {}

    def add(self, rel: str, content: IO[bytes], size: int) -> None:
        """Write one member from an open file of that size, from its start."""
        content.seek(0)
        if rel == TABLE:
            self._table = content.read()
            return
        if rel.startswith(ZIP_FOLDER):
            self._add_to_zip(rel.removeprefix(ZIP_FOLDER), content)
            return
        self._add(rel, content, size)

    def finish(self) -> tuple[int, str]:
        """End the archive; return its size in bytes and its SHA-256 (hex)."""
        self._end_zip()
        if self._table is not None:
            table = rewritten_table(self._table, self.written)
            self._add(TABLE, io.BytesIO(table), len(table))
        self._write(_END)
        self.pause()
        with self.path.open("rb") as file:
            return self.path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()

    def pause(self) -> None:
        """Close the file for now."""
        if self._file is not None and self._gzip is not None:
            self._file.write(self._gzip.flush())
            self._file.close()
        self._file = self._gzip = None

    def _write(self, data: bytes) -> None:
        if self._file is None or self._gzip is None:
            self._file = self.path.open("ab")
            self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        assert self._gzip is not None
        self._file.write(self._gzip.compress(data))

    def _add(self, rel: str, content: IO[bytes], size: int) -> None:
        self._write(tar_header(rel, size, self._mtime))
        content.seek(0)
        while piece := content.read(_COPY):
            self._write(piece)
        self._write(b"\0" * (-size % _BLOCK))

    def _add_to_zip(self, name: str, content: IO[bytes]) -> None:
        if self._zip is None:
            self._zip = spooled()
            self._archive = zipfile.ZipFile(self._zip, "w", zipfile.ZIP_DEFLATED)
        assert self._archive is not None
        entry = zipfile.ZipInfo(name, _ZIP_TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        with self._archive.open(entry, "w") as file:
            while piece := content.read(_COPY):
                file.write(piece)

    def _end_zip(self) -> None:
        if self._zip is None or self._archive is None:
            return
        self._archive.close()
        self._add(ZIP_NAME, self._zip, self._zip.seek(0, io.SEEK_END))
        self._zip.close()


def tar_header(name: str, size: int, mtime: int) -> bytes:
    """The header of a plain file, with nothing in it of the machine it is written on."""
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mtime = mtime
    entry.mode = 0o644
    return entry.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def rewritten_table(table: bytes, written: dict[str, Written]) -> bytes:
    """``collection.tsv`` with the sizes of what was written, and a note of what was left out."""
    lines = table.split(b"\n")
    columns = [cell.strip().lower() for cell in lines[0].split(b"\t")]
    if b"path" not in columns:
        return table
    at = {name.decode(): number for number, name in enumerate(columns)}
    for number, line in enumerate(lines[1:], 1):
        cells = line.split(b"\t")
        if len(cells) < len(columns):
            continue
        done = written.get(cells[at["path"]].strip().decode("utf-8", "replace"))
        if done is not None:
            lines[number] = b"\t".join(_row(cells, at, done))
    return b"\n".join(lines)


def _row(cells: list[bytes], at: dict[str, int], done: Written) -> list[bytes]:
    if "bytes" in at and cells[at["bytes"]].strip() == b"%d" % done.before:
        cells[at["bytes"]] = b"%d" % done.after
    if done.masked and "masked" in at and cells[at["masked"]].strip() in (b"", b"0"):
        cells[at["masked"]] = b"1"
    if done.truncated and "truncated" in at:
        cells[at["truncated"]] = b"1"
    if done.lost and "note" in at:
        cells[at["note"]] = f"failed {done.lost}".encode()
    return cells
