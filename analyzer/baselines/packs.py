"""Data packs: a ``--data`` folder as one file, to carry into a site without a network.

A pack is a ``.tar.gz`` of a data folder with two more files: ``pack.yaml`` (the version of the data
schema and the newest date in it) and ``SHA256SUMS`` (in the form of ``sha256sum``, so that it can
be checked without this program). Both are checked when a pack is opened, and in a folder where
they are there. A pack is read into memory within limits; nothing of it is unpacked to disk.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from analyzer.baselines.data_files import SCHEMA_VERSION, DataFileError, read_data
from analyzer.baselines.packed_path import PackedPath, open_members
from analyzer.baselines.user_data import SUMS, verify_sums

CARD = "pack.yaml"
#: The folders of a data folder that travel; see docs and ``--data``.
PARTS = ("baselines", "bugs", "ownership", "policy")
_WHERE = f"data files lie in {', '.join(f'{part}/' for part in PARTS)}"
#: Limits of a pack: bytes when unpacked, bytes of one file, number of files.
MAX_BYTES = 64 * 1024 * 1024
MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_FILES = 2000
_CHUNK = 1024 * 1024
_GZIP = b"\x1f\x8b"


class PackError(ValueError):
    """Data that cannot be used as a pack: one line that says what is wrong, and where."""

    def __init__(self, what: str) -> None:
        super().__init__("".join(c if c.isprintable() else "?" for c in what))


@dataclass(frozen=True, slots=True)
class Packed:
    """A new pack: its bytes, how many data files it holds, and their newest date (or empty)."""

    data: bytes
    files: int
    as_of: str

    @property
    def sha256(self) -> str:
        """The checksum of the whole archive, to compare on the other side."""
        return hashlib.sha256(self.data).hexdigest()


def open_data(source: Path) -> Path:
    """A data folder, or the inside of a data pack: a path that loaders read like any folder.

    Raises:
        PackError: neither a folder nor a pack, a wrong checksum, another schema version, or past
            the limits.
    """
    if isinstance(source, PackedPath):
        return source
    if not source.is_dir():
        return _open_archive(source)
    if source.name not in PARTS and not any((source / part).is_dir() for part in PARTS):
        raise PackError(f"{source}: no data in it; {_WHERE}")
    if (source / CARD).is_file():
        _check_card(source, str(source))
    if (source / SUMS).is_file():
        _check_sums(source)
    return source


def pack(folder: Path, made_by: str) -> Packed:
    """A data folder as a pack. The same files give the same bytes.

    Raises:
        PackError: there is no data in it, or too much.
        OSError: a file cannot be read.
    """
    data = {name: (folder / name).read_bytes() for name in data_names(folder)}
    if not data:
        raise PackError(f"{folder}: no data files in it; {_WHERE}")
    if len(data) > MAX_FILES or sum(map(len, data.values())) > MAX_BYTES:
        raise PackError(f"{folder}: more than a pack may hold ({MAX_FILES} files, 64 MiB)")
    as_of = max(_date(folder / name) for name in data)
    data[CARD] = f'schema: {SCHEMA_VERSION}\nas_of: "{as_of}"\nmade_by: {made_by}\n'.encode()
    sums = "".join(f"{hashlib.sha256(data[name]).hexdigest()}  {name}\n" for name in sorted(data))
    blob = _archive({CARD: data.pop(CARD), SUMS: sums.encode("utf-8"), **data})
    return Packed(blob, len(data), as_of)


def data_names(folder: Path) -> list[str]:
    """The data files of a folder or an opened pack: relative paths with ``/``, sorted."""
    found = (path for part in PARTS for path in (folder / part).rglob("*.yaml") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _date(path: Path) -> str:
    """The date of one data file; a list of bugs without a head has none."""
    try:
        return read_data(path, str(path), any_schema=True).as_of
    except DataFileError:
        return ""


def _archive(members: dict[str, bytes]) -> bytes:
    """A gzip-compressed tar without times, owners or anything else that differs by machine."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=0)


def _open_archive(source: Path) -> Path:
    """Read a pack into memory and check it.

    Raises:
        PackError: see :func:`open_data`.
    """
    try:
        with source.open("rb") as stream:
            if stream.read(2) != _GZIP:
                hint = "a file of your own goes into a folder: DIR/baselines/NAME.yaml"
                raise PackError(f"{source}: neither a folder nor a data pack (.tar.gz); {hint}")
            stream.seek(0)
            members = dict(_members(stream, source))
    except PackError:
        raise
    except (OSError, EOFError, ValueError, OverflowError, tarfile.TarError, zlib.error) as error:
        raise PackError(f"{source}: cannot be read as a data pack: {error}") from error
    if CARD not in members or SUMS not in members:
        hint = "make packs with 'demarc baseline pack'"
        raise PackError(f"{source}: no {CARD} and {SUMS} in it, so it is no data pack; {hint}")
    root = open_members(source, members)
    _check_card(root, str(source))
    _check_sums(root)
    return root


def _members(stream: IO[bytes], source: Path) -> Iterator[tuple[str, bytes]]:
    bounded = _Bounded(gzip.GzipFile(fileobj=stream), source)
    seen: set[str] = set()
    with tarfile.open(fileobj=bounded, mode="r|") as archive:
        for entry in archive:
            name = entry.name.removeprefix("./")
            if entry.isdir():
                continue
            if not entry.isreg() or entry.issparse() or not _plain(name) or name in seen:
                raise PackError(f"{source}: {name[:80]!r} does not belong into a data pack")
            if entry.size > MAX_FILE_BYTES or len(seen) >= MAX_FILES:
                raise PackError(f"{source}: more than a pack may hold ({name[:80]!r})")
            seen.add(name)
            content = archive.extractfile(entry)
            yield name, content.read() if content is not None else b""


def _plain(name: str) -> bool:
    """A relative path of ordinary names, to a YAML file or the list of checksums."""
    parts = PurePosixPath(name).parts
    odd = name.startswith("/") or "\\" in name or ":" in name or not name.isprintable()
    if odd or not parts or ".." in parts or len(parts) > 4:
        return False
    return name == SUMS or name.endswith(".yaml")


class _Bounded(io.RawIOBase):
    """Unpacked bytes up to the limit: a small archive of zeros must not fill the memory."""

    def __init__(self, inner: gzip.GzipFile, source: Path) -> None:
        self._inner, self._source, self._left = inner, source, MAX_BYTES

    def readable(self) -> bool:
        """Yes."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes, never more than the limit at once."""
        wanted = _CHUNK if size < 0 else size
        data = self._inner.read(min(wanted, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise PackError(f"{self._source}: more than 64 MiB when unpacked")
        return data


def _check_card(root: Path, shown: str) -> None:
    try:
        card = read_data(root / CARD, f"{shown}/{CARD}", any_schema=True)
    except DataFileError as error:
        raise PackError(str(error)) from error
    version = card.content.get("schema")
    if version != SCHEMA_VERSION:
        what = f"data of schema version {version!r:.20}; this demarc reads {SCHEMA_VERSION}"
        raise PackError(f"{shown}: {what}")


def _check_sums(root: Path) -> None:
    try:
        problems = verify_sums(root)
    except (OSError, ValueError) as error:
        raise PackError(f"{root / SUMS}: cannot be read: {error}") from error
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise PackError(f"{problems[0]}{more}")
