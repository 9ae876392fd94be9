"""The kinds of secrets: ``data/patterns.yaml``, read, checked and compiled once."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml
from ahocorasick_rs import BytesAhoCorasick
from pydantic import BaseModel, ConfigDict, Field, model_validator

#: What "?" in an anchor stands for.
_JOINTS = ("", "_", "-")
#: Characters before an anchor at which an expression may begin, where the data says nothing else.
_BACK = 300


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]+$")
    title: str
    anchors: tuple[str, ...] = ()
    confirm: str = ""
    run: int = Field(default=0, ge=0)
    seek: str = ""
    back: int = Field(default=_BACK, ge=0)
    regex: str
    unless: str = ""

    @model_validator(mode="after")
    def _has_one_way_in(self) -> _Entry:
        if sum(map(bool, (self.anchors, self.run, self.seek))) != 1:
            raise ValueError(f"{self.id} needs anchors, or run, or seek")
        return self


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    patterns: tuple[_Entry, ...]
    parts: dict[str, str]
    collector: dict[str, str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """One expression for a kind of secret, over bytes, and where it is worth a try."""

    id: str
    #: Place in the order in which expressions are applied to one piece of text.
    number: int
    anchors: tuple[bytes, ...]
    confirm: re.Pattern[bytes] | None
    run: int
    seek: re.Pattern[bytes] | None
    back: int
    regex: re.Pattern[bytes]
    unless: re.Pattern[bytes] | None


@dataclass(frozen=True, slots=True)
class Compiled:
    """All expressions, and the automaton that finds every anchor of them in one pass."""

    patterns: tuple[Pattern, ...]
    automaton: BytesAhoCorasick
    #: For each anchor of the automaton: its length in bytes, and whose anchor it is.
    anchors: tuple[tuple[int, tuple[Pattern, ...]], ...]
    by_run: tuple[Pattern, ...]
    by_seek: tuple[Pattern, ...]


@cache
def _file() -> _File:
    """Read the data file once.

    Raises:
        pydantic.ValidationError: the file does not follow its schema.
    """
    text = resources.files("analyzer.redact").joinpath("data/patterns.yaml").read_text("utf-8")
    return _File.model_validate(
        yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    )


@cache
def compiled() -> Compiled:
    """Compile the expressions and their anchors once."""
    file = _file()
    patterns = tuple(_pattern(n, entry, file.parts) for n, entry in enumerate(file.patterns))
    owners: dict[bytes, list[Pattern]] = {}
    for pattern in patterns:
        for anchor in pattern.anchors:
            owners.setdefault(anchor, []).append(pattern)
    return Compiled(
        patterns=patterns,
        automaton=BytesAhoCorasick(list(owners)),
        anchors=tuple((len(anchor), tuple(whose)) for anchor, whose in owners.items()),
        by_run=tuple(pattern for pattern in patterns if pattern.run),
        by_seek=tuple(pattern for pattern in patterns if pattern.seek),
    )


def _pattern(number: int, entry: _Entry, parts: dict[str, str]) -> Pattern:
    def made(text: str, flags: str = "") -> re.Pattern[bytes] | None:
        return re.compile(f"{flags}{_filled(text, parts)}".encode()) if text else None

    regex = made(entry.regex)
    assert regex is not None
    return Pattern(
        id=entry.id,
        number=number,
        anchors=tuple(itertools.chain.from_iterable(map(_spelled, entry.anchors))),
        confirm=made(entry.confirm, "(?i)"),
        run=entry.run,
        seek=made(entry.seek),
        back=entry.back,
        regex=regex,
        unless=made(entry.unless),
    )


def _spelled(anchor: str) -> list[bytes]:
    """All spellings of an anchor with a "?" in it."""
    return [anchor.replace("?", joint).encode() for joint in _JOINTS[: 3 if "?" in anchor else 1]]


def _filled(regex: str, parts: dict[str, str]) -> str:
    """Put the named parts in; a part's own flags move to a group so that it can stand anywhere."""
    for name, part in parts.items():
        body = f"(?i:{part[4:]})" if part.startswith("(?i)") else part
        regex = regex.replace(f"${{{name}}}", body)
    return regex


def pattern_titles() -> dict[str, str]:
    """Names of the kinds of secrets and the words for them, the collector's kinds included."""
    own = {entry.id: entry.title for entry in _file().patterns}
    return own | {"base64": "secrets inside base64"} | _file().collector
