"""Text of the data as Markdown: nothing in it is taken for markup, addresses become links."""

from __future__ import annotations

import re
from collections.abc import Mapping

_MARKUP = re.compile(r"([\\`*_\[\]|~])")
_LIST_OR_HEADING = re.compile(r"^(#|[+-] |\d+[.)] )")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")


def plain(text: str) -> str:
    """Markdown that shows this text as it is, on one line, with its addresses as links."""
    parts, end = [], 0
    line = " ".join(text.split())
    for match in _ADDRESS.finditer(line):
        address = match.group().rstrip(".,;:)")
        parts += [_escaped(line[end : match.start()]), f"<{address}>"]
        end = match.start() + len(address)
    return _LIST_OR_HEADING.sub(_defused, "".join([*parts, _escaped(line[end:])]))


def _defused(match: re.Match[str]) -> str:
    """A mark at the start of a line that would make it a list or a heading."""
    mark = match.group()
    return f"\\{mark}" if not mark[0].isdigit() else mark.replace(".", "\\.").replace(")", "\\)")


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\1", text)


def lines(text: str, links: Mapping[str, str]) -> str:
    """A paragraph, or a list where the text has several lines; names that have a page link there.

    ``links`` maps a name (an id, alone or in a list with commas) to the address of its page.
    """
    rows = [_linked(line, links) for line in text.splitlines() if line.strip()]
    return rows[0] if len(rows) == 1 else "\n".join(f"- {row}" for row in rows)


def _linked(line: str, links: Mapping[str, str]) -> str:
    names = line.split(", ")
    if any(name in links for name in names):
        return ", ".join(f"[{plain(n)}]({links[n]})" if n in links else plain(n) for n in names)
    return plain(line)


def anchor(name: str) -> str:
    """The anchor of an entry on a page with many; MkDocs takes it as it is."""
    return re.sub(r"[^a-z0-9.-]+", "-", name.lower())
