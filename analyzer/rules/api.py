"""What a rule is made of. A rule file needs :class:`Rule` and :class:`Hit` from here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.model.hit import Hit
from analyzer.model.owner import Actor
from analyzer.model.signal import Signal

__all__ = ["Hit", "NotApplicable", "Rule", "RuleDoc", "Signal", "parse_doc"]

#: The sections of a rule's docstring, in their fixed order.
SECTIONS = ("What it means", "Why it matters", "How we know", "What to do", "References")


class NotApplicable(Exception):
    """Raised by a rule where it has no object: another network mode, an add-on that is off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule's card. ``id`` is ``AKS-<FAMILY>-<nnn>``, never reused.

    ``title`` is the bad state as a full sentence. ``clauses`` are ids of the policy pack (or
    ``bug:…``) that the rule implements. ``signals`` hold for every hit. ``not_aks`` lets a rule run
    on a foreign cluster; none does by default, for there the AKS policy has no say.
    """

    id: str
    title: str
    component: str
    clauses: tuple[str, ...]
    signals: frozenset[Signal] = frozenset()
    not_aks: bool = False


@dataclass(frozen=True, slots=True)
class RuleDoc:
    """A rule's documentation, read from its module docstring.

    ``do`` gives the instruction by who acts (lines ``customer: …``, ``microsoft: …``).
    """

    summary: str
    sections: Mapping[str, str] = field(default_factory=dict)
    do: Mapping[Actor, str] = field(default_factory=dict)
    references: tuple[str, ...] = ()


def parse_doc(doc: str) -> RuleDoc:
    """Read the five sections.

    Raises:
        ValueError: a section is missing or stands in the wrong place.
    """
    lines = [line.rstrip() for line in doc.strip().splitlines()]
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines[1:]:
        head, separator, rest = line.strip().partition(":")
        if separator and head in SECTIONS and not line.startswith("  "):
            current = found.setdefault(head, [rest.strip()])
        elif current is not None:
            current.append(line.strip())
    if tuple(found) != SECTIONS:
        raise ValueError(f"sections are {list(found)}, expected {list(SECTIONS)}")
    sections = {name: _paragraph(text) for name, text in found.items()}
    return RuleDoc(
        lines[0], sections, _instructions(found["What to do"]), _links(found["References"])
    )


def _paragraph(lines: list[str]) -> str:
    return " ".join(line for line in lines if line)


def _instructions(lines: list[str]) -> dict[Actor, str]:
    do: dict[Actor, str] = {}
    actor: Actor | None = None
    for line in lines:
        match = re.match(r"^(?P<who>[a-z-]+):\s*(?P<what>.*)$", line)
        if match and match["who"] in set(Actor):
            actor = Actor(match["who"])
            do[actor] = match["what"]
        elif actor is not None and line:
            do[actor] = f"{do[actor]} {line}".strip()
    if not do:
        raise ValueError("section 'What to do' names no actor (customer: …, microsoft: …)")
    return do


def _links(lines: list[str]) -> tuple[str, ...]:
    return tuple(line.lstrip("- ") for line in lines if line)
