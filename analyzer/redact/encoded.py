"""Base64 in texts: where a run of it stands, and what it says when it is read."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache

#: Shorter texts hold no secret in base64 that would be worth the search.
SHORTEST = 24
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
#: Each character of base64 as "a", all else as a blank: a run is then a plain text to search for.
_SHAPE = bytes(0x61 if byte in _ALPHABET else 0x20 for byte in range(256))
_RUN = b"a" * SHORTEST
#: Personal access tokens of Azure DevOps are base32 in lower case.
_LOWER_CASE_TOKEN = 52
_HEX = re.compile(rb"[0-9a-fA-F-]+")
_UNSEEN = bytes(byte for byte in range(32) if byte not in b"\t\r\n") + b"\x7f"
_GZIP = b"\x1f\x8b"
#: gzip in base64, as Helm keeps its releases, and the same once more in base64.
_PACKED = (b"H4sI",)
#: Enough of a token to see that it is no text.
_START = 32


def runs(data: bytes) -> list[tuple[int, int]]:
    """Return start and end of every run of at least 24 characters of base64, padding not in it.

    Runs that cannot be base64 of a text (all lower case, as names and digests are) are left out,
    apart from those as long as an Azure DevOps token.
    """
    shape = data.translate(_SHAPE)
    found = []
    start = 0
    while (start := shape.find(_RUN, start)) >= 0:
        end = shape.find(b" ", start)
        if end < 0:
            end = len(shape)
        if end - start == _LOWER_CASE_TOKEN or not data[start:end].islower():
            found.append((start, end))
        start = end
    return found


@lru_cache(maxsize=8192)
def hides_text(token: bytes) -> bytes | None:
    """Read base64 (either alphabet).

    Returns:
        The text; nothing but an empty text where what comes out is packed (gzip); None where it is
        neither.
    """
    if _HEX.fullmatch(token):
        return None
    # The first characters tell nearly always, and reading a long token costs.
    if not _readable(_decoded(token[:_START])):
        return None
    whole = _decoded(token)
    if not _readable(whole):
        return None
    assert whole is not None
    return b"" if whole.startswith((_GZIP, *_PACKED)) else whole


def _decoded(token: bytes) -> bytes | None:
    body = token.replace(b"-", b"+").replace(b"_", b"/")
    # An excerpt may be cut anywhere: whole groups of four are enough to judge.
    body = body[: len(body) - (len(body) % 4 == 1)]
    try:
        return base64.b64decode(body + b"=" * (-len(body) % 4), validate=True)
    except binascii.Error:
        return None


def _readable(data: bytes | None) -> bool:
    if data is None:
        return False
    return data.startswith(_GZIP) or (data.isascii() and data.translate(None, _UNSEEN) == data)
