"""Addresses: only ``https`` becomes a link, and a link's text says where it leads."""

from __future__ import annotations

import re
from urllib.parse import unquote

from analyzer.render.marks import Link
from analyzer.render.text import clip, one_line

_ADDRESS = re.compile(
    r"https://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][A-Za-z0-9._~:/?#@!$&*+,;=%()\[\]-]*)?"
)
_TEXT_MAX = 110


def read_reference(reference: str) -> Link | str:
    """A link where the reference holds an ``https`` address, else the text itself."""
    match = _ADDRESS.search(reference)
    if match is None:
        return clip(one_line(reference), _TEXT_MAX * 2)
    address = match.group().rstrip(".,;:)")
    words = one_line(reference.replace(match.group(), " ")).strip(" -:()<>")
    return Link(clip(words, _TEXT_MAX) if words else address_words(address), address)


def address_words(address: str) -> str:
    """Words for a bare address: host and the last telling part of the path."""
    host, _, path = address.removeprefix("https://").partition("/")
    path, _, fragment = path.partition("#")
    parts = [part for part in path.split("?")[0].split("/") if part]
    if host == "github.com" and len(parts) >= 4 and parts[2] in ("issues", "pull", "releases"):
        return clip(
            f"GitHub: {parts[0]}/{parts[1]} {parts[2].removesuffix('s')} {parts[-1]}", _TEXT_MAX
        )
    last = unquote(parts[-1]).removesuffix(".html").removesuffix(".md") if parts else ""
    words = re.sub(r"[^A-Za-z0-9.]+", " ", last).strip()
    section = re.sub(r"[^A-Za-z0-9.]+", " ", fragment).strip()
    label = ", ".join(part for part in (words, section) if part)
    return clip(f"{host}: {label}" if label else f"Site {host}", _TEXT_MAX)
