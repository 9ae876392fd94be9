"""Older pieces of logs, packed with gzip when they were rotated: unpacked in memory, up to a limit.

One of these lies inside a bundle that is unpacked itself, so it is bounded twice: by its own limit,
and by what the whole bundle may come to.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from analyzer.bundle.piece import Piece

#: Unpacked bytes that are read of one of them: nodes rotate at 100 MiB, kubelets at 10 to 50 MiB.
MOST = 64 * 1024 * 1024
#: A rotated log is one gzip member, or a few where pieces were put together; each costs a copy of
#: what follows on it.
_MOST_MEMBERS = 1_000
SUFFIX = ".gz"


def unpacked_log(data: bytes) -> Iterator[Piece]:
    """The text of a log; one that is not packed, whatever its name says, is taken as it is."""
    if not data.startswith(b"\x1f\x8b"):
        yield Piece("", "", data)
        return
    text, why = _gunzip(data)
    if why and not text:
        yield Piece("", "", missing=why)
    else:
        yield Piece("", "", text, cut=why)


def _gunzip(data: bytes) -> tuple[bytes, str]:
    """Return the content of all gzip members, and why it is not all of it."""
    pieces: list[bytes] = []
    left = MOST
    while data.startswith(b"\x1f\x8b"):
        if len(pieces) >= _MOST_MEMBERS:
            return b"".join(pieces), f"only the first {_MOST_MEMBERS} gzip members of it are read"
        unpacker = zlib.decompressobj(wbits=31)
        try:
            piece = unpacker.decompress(data, left)
        except zlib.error:
            return b"".join(pieces), "its packing is damaged"
        pieces.append(piece)
        left -= len(piece)
        if unpacker.unconsumed_tail or not left:
            return b"".join(pieces), f"only the first {MOST} bytes of it are read"
        if not unpacker.eof:
            return b"".join(pieces), "it ends early"
        data = unpacker.unused_data
    return b"".join(pieces), ""
