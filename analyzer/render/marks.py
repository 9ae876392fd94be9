"""The two smallest parts of a view: a link and an owner's mark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """A link inside the page (``#…``) or to an ``https`` address; ``text`` is never the address."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class OwnerMark:
    """An owner as a reader sees it: ``key`` is the model's value and names the colour."""

    key: str
    name: str
    glyph: str
