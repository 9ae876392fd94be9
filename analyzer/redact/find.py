"""Where in a text addresses stand: the text's shape is searched, and the text itself only there.

In the shape every digit is the same character. Two full numbers between three dots are what nearly
only addresses have, and a search for that costs a fraction of what an expression for an address
costs on each digit of each time stamp.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.redact.edits import Edit
from analyzer.redact.stand_ins import StandIns

_DIGITS = bytes(
    0x30 if 0x30 <= byte <= 0x39 else byte if byte in b".-" else 0x20 for byte in range(256)
)
_HEX_DIGITS = bytes(
    0x68 if byte in b"0123456789abcdefABCDEF" else byte if byte in b":-" else 0x20
    for byte in range(256)
)
_DOTTED = re.compile(rb"\.(?=(0{1,3}\.0{1,3}\.))")
_DASHED = re.compile(rb"-(?=(0{1,3}-0{1,3}-))")
_COLONS = re.compile(rb":(?:h{1,4}:h{1,4}:h{1,4}:|:)")
_DASHED_MAC = re.compile(rb"-hh-hh-hh-hh-")
#: How many digits stand at the end, and at the start, of three characters of the shape.
_AT_END = {
    bytes(piece): len(bytes(piece)) - len(bytes(piece).rstrip(b"0"))
    for a in b"0 " for b in b"0 " for c in b"0 "
    for piece in ((a, b, c), (b, c), (c,), ())
}  # fmt: skip
_AT_START = {piece[::-1]: count for piece, count in _AT_END.items()}
_SIGNS = bytes.maketrans(b".-", b"  ")
_LENGTH = re.compile(rb"/(\d{1,3})(?![0-9A-Za-z.])")
#: What stands behind a version, and in front of one: its release; an image, or a program's name.
_RELEASE = re.compile(rb"[-+~][0-9]|-microsoft")
_TAG = re.compile(rb"(?:/[a-z0-9._-]+:|[A-Za-z][-_]|[Aa]gent:? )\Z")
_REVERSED = re.compile(rb"(?i)\.in-addr\.arpa")
_MAC = re.compile(rb"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}")
_V6_BEFORE = re.compile(rb"[0-9A-Fa-f:]{0,40}\Z")
_V6_AFTER = re.compile(rb"[0-9A-Fa-f:]{0,40}(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?")
_WORD = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_ESCAPES = frozenset(b"nrt")


def free_before(data: bytes, at: int) -> bool:
    """True where no word runs into ``at``: an escape's letter (``\\n``) or ``%2F`` is no word."""
    if at == 0 or data[at - 1] not in _WORD:
        return True
    if data[at - 1] in _ESCAPES and at > 1 and data[at - 2] == 0x5C:
        return True
    return at > 2 and data[at - 3] == 0x25


def free_after(data: bytes, at: int) -> bool:
    """True where no word goes on at ``at``."""
    return at >= len(data) or data[at] not in _WORD


def addresses(data: bytes, names: StandIns) -> Iterator[Edit]:
    """Yield the addresses of a text, each with its stand-in; those that stay are left out."""
    shape = data.translate(_DIGITS)
    yield from _v4(data, shape, names, _DOTTED, b".")
    yield from _v4(data, shape, names, _DASHED, b"-")
    shape = data.translate(_HEX_DIGITS)
    yield from _v6(data, shape, names)
    for found in _DASHED_MAC.finditer(shape):
        yield from _mac(data, found.start() - 2, found.end() + 2, names)


def _v4(
    data: bytes, shape: bytes, names: StandIns, inside: re.Pattern[bytes], sign: bytes
) -> Iterator[Edit]:
    done = 0
    for found in inside.finditer(shape):
        first, last = found.start(), found.end(1)
        before = _AT_END[shape[max(0, first - 3) : first].translate(_SIGNS)]
        after = _AT_START[shape[last : last + 3].translate(_SIGNS)]
        start, end = first - before, last + after
        if not before or not after or start < done:
            continue
        # Four digits, a fifth number, or letters around it: a version or a date.
        if not (free_before(data, start) and free_after(data, end)):
            continue
        if shape[start - 1 : start] == sign == b"." and start:
            continue
        if shape[end : end + 2] == sign + b"0":
            continue
        if before == 1 and sign == b"." and _is_version(data, start, end):
            continue
        done = end
        made = _v4_stand_in(data, start, end, sign, names)
        if made is not None:
            yield start, end, made


def _is_version(data: bytes, start: int, end: int) -> bool:
    """True for four numbers that are a version: of a kernel, a package, an image or an agent.

    Asked only where the first number has one digit, as in ``6.6.130.1-3.azl3``, the kernel of Azure
    Linux: addresses of clusters begin with larger ones.
    """
    if _RELEASE.match(data, end):
        return True
    before = data[max(0, start - 120) : start]
    return bool(_TAG.search(before)) or b"version" in before[-32:].lower()


def _v4_stand_in(data: bytes, start: int, end: int, sign: bytes, names: StandIns) -> str | None:
    text = data[start:end].decode()
    if sign == b"-":
        made = names.ip(text.replace("-", "."))
        if made is None:
            return None
        dashed = made.replace(".", "-")
        names.originals[dashed] = text
        return dashed
    if _REVERSED.match(data, end):
        made = names.ip(".".join(reversed(text.split("."))))
        if made is None:
            return None
        turned = ".".join(reversed(made.split(".")))
        names.originals[turned] = text
        return turned
    length = _LENGTH.match(data, end) if data[end : end + 1] == b"/" else None
    return names.ip(text, int(length[1])) if length else names.ip(text)


def _v6(data: bytes, shape: bytes, names: StandIns) -> Iterator[Edit]:
    done = 0
    for found in _COLONS.finditer(shape):
        at = found.start()
        if at < done:
            continue
        before = _V6_BEFORE.search(data, max(0, at - 40), at)
        after = _V6_AFTER.match(data, at)
        assert before is not None and after is not None
        start, end = before.start(), after.end()
        if data[start : start + 1] == b":" and data[start + 1 : start + 2] != b":":
            start += 1
        if data[end - 1 : end] == b":" and data[end - 2 : end - 1] != b":":
            end -= 1
        if start and data[start - 1] in _ESCAPES and data[start - 2 : start - 1] == b"\\":
            pass
        elif not (free_before(data, start) and free_after(data, end)):
            continue
        done = end
        if _MAC.fullmatch(data, start, end):
            yield from _mac(data, start, end, names)
            continue
        text = data[start:end].decode()
        length = _LENGTH.match(data, end) if data[end : end + 1] == b"/" else None
        made = names.ip(text, int(length[1])) if length else names.ip(text)
        if made is not None:
            yield start, end, made


def _mac(data: bytes, start: int, end: int, names: StandIns) -> Iterator[Edit]:
    if start < 0 or not _MAC.fullmatch(data, start, end):
        return
    if free_before(data, start) and free_after(data, end):
        made = names.mac(data[start:end].decode())
        if made is not None:
            yield start, end, made
