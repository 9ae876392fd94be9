"""A member as pieces of text, each small enough for memory and cut where nothing is cut in two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from analyzer.bundle import Member

MIB = 1024 * 1024
#: Members up to this size are one piece.
_WHOLE = 8 * MIB
#: A line without an end is cut here all the same.
_LONGEST = 8 * MIB
#: Lines before the end of a piece that are looked at for a place to cut.
_LOOK_BACK = 200
#: A line that its next lines may belong to: the name of a value, or a key over several lines.
_GOES_ON = re.compile(rb'(?i)name|key|secret|token|pass|cred|auth|conn|pwd|:\s*["\'|>]?\s*$|\\$')
_BREAKS = (b"},{", b", ", b",", b" ", b"\t")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_START = 4096


def is_binary(member: Member) -> bool:
    """True for a member that is no text: its start holds zero bytes, and it is no UTF-16."""
    if member.size > _WHOLE:
        return False  # told by its pieces
    start = member.read()[:_START]
    return b"\0" in start and not start.startswith(_UTF16)


def pieces(member: Member) -> Iterator[bytes]:
    """Yield a member's text in UTF-8; a large member that turns out to be no text has no pieces."""
    if member.size <= _WHOLE:
        yield _as_utf8(member.read())
        return
    chunks = member.chunks()
    first = next(chunks, b"")
    if first.startswith(_UTF16) or b"\0" in first[:_START]:
        return
    yield from _cut(chain((first,), chunks))


def _as_utf8(data: bytes) -> bytes:
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace").encode()
    return data


def _cut(chunks: Iterator[bytes] | chain[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        held += chunk
        at = _place(held)
        if at:
            yield held[:at]
            held = held[at:]
    if held:
        yield held


def _place(data: bytes) -> int:
    """Where to cut: behind a line that stands for itself; 0 for nowhere yet."""
    at = last = data.rfind(b"\n")
    for _ in range(_LOOK_BACK):
        if at < 0:
            break
        before = data.rfind(b"\n", 0, at)
        if not _GOES_ON.search(data, max(before + 1, at - 1000), at):
            return at + 1
        at = before
    if len(data) < _LONGEST:
        return 0
    if last >= 0:
        return last + 1
    for sign in _BREAKS:
        found = data.rfind(sign)
        if found > 0:
            return found + 1
    return len(data)
