"""Zip archives of a bounded size: the same files give the same bytes."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

#: The Azure portal takes files up to 5 MB
#: (learn.microsoft.com/azure/azure-portal/supportability/how-to-manage-azure-support-request);
#: read as millions of bytes, which is the smaller reading.
PORTAL_BYTES = 5_000_000
#: After a case is made it takes five files at a time.
PORTAL_FILES = 5
#: Kept free in each archive for its README and the zip's own tables.
_RESERVE = 48 * 1024
#: Headers of one entry: local (30 bytes), central (46), and its name in both.
_ENTRY = 76
#: The earliest time that a zip can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class TicketFile:
    """One file of a ticket."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Plan:
    """Which file goes into which archive (counted from 0), and what finds no room."""

    parts: tuple[tuple[TicketFile, ...], ...]
    left_out: tuple[TicketFile, ...]


def plan(files: Iterable[TicketFile], max_bytes: int, max_parts: int = PORTAL_FILES) -> Plan:
    """Fill archives in the order of the files; each holds whole files.

    A file that is too large for an archive of its own, or that comes after the last archive is
    full, is left out.
    """
    room = max_bytes - _RESERVE
    parts: list[list[TicketFile]] = [[]]
    used = [0]
    left_out = []
    for file in files:
        need = _packed_size(file)
        at = next((n for n, size in enumerate(used) if size + need <= room), None)
        if at is None and need <= room and len(parts) < max_parts:
            parts.append([])
            used.append(0)
            at = len(parts) - 1
        if at is None:
            left_out.append(file)
            continue
        parts[at].append(file)
        used[at] += need
    return Plan(tuple(tuple(part) for part in parts), tuple(left_out))


def _packed_size(file: TicketFile) -> int:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    size = len(packer.compress(file.data)) + len(packer.flush())
    return min(size, len(file.data)) + _ENTRY + 2 * len(file.name.encode("utf-8"))


def pack(files: Iterable[TicketFile], when: datetime | None) -> bytes:
    """A zip archive; ``when`` (UTC) is the time of every entry, so that runs do not differ."""
    time = _EPOCH if when is None or when.year < 1980 else when.timetuple()[:6]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, date_time=time)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # unpacked files can be read on every system
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.data, compresslevel=9)
    return buffer.getvalue()
