"""Names of members: nothing is written to disk, yet no name may lie about where a file belongs."""

from __future__ import annotations

import re
from functools import lru_cache

from analyzer.bundle.limits import told

#: Bytes of a file that tells a host name, and what such a name looks like (RFC 1123).
_HOST_FILE = 512
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class BadName(ValueError):
    """A name that is not used; the text says why."""


def decode_name(raw: bytes) -> str:
    """Decode a name of an archive.

    Raises:
        BadName: it is not UTF-8.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadName("the name is not UTF-8") from None


@lru_cache(maxsize=8192)  # the same few names come on every node
def clean_name(name: str, max_length: int) -> str:
    """Return ``name`` with ``/`` between its parts and neither ``.`` nor empty parts.

    Empty for what nobody asked for: folders alone, and the files that macOS adds when it packs.

    Raises:
        BadName: the name is absolute, climbs with ``..``, is too long, or holds control characters.
    """
    if len(name) > max_length:
        raise BadName(told(f"the name is longer than {max_length} characters", "name-length"))
    if not name.isprintable():
        raise BadName("the name holds characters that cannot be shown")
    if name.startswith("/"):
        raise BadName("the name is an absolute path")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if parts and (parts[-1].startswith("._") or parts[-1] == ".DS_Store"):
        return ""
    if ".." in parts:
        raise BadName("the name climbs out of the bundle with '..'")
    return "/".join(parts)


def shown_name(raw: str, limit: int = 120) -> str:
    """Make any name fit for a line of text: escaped, and cut in the middle when long."""
    if len(raw) <= limit and raw.isprintable():
        return raw
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in raw[: 4 * limit])
    return text if len(text) <= limit else f"{text[: limit - 20]}…{text[-19:]}"


def host_name(data: bytes) -> str:
    """Return the short host name that a file such as ``/etc/hostname`` holds; empty for none."""
    host = data[:_HOST_FILE].decode("utf-8", "replace").strip().split(".")[0]
    return host if _HOST.fullmatch(host) else ""
