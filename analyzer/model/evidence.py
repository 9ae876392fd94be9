"""Evidence: where in the bundle a claim can be checked."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class EvidenceRef:
    """A place in a member, as a rule names it; the excerpt is cut after the findings are known.

    A line of text knows ``line`` (from 1) and ``excerpt`` (the line itself). An object in a JSON or
    YAML list knows ``anchors``: texts that lead to it one after the other (its uid or name first,
    then the value that matters), for the second look at that member. ``what`` says it in words.
    """

    path: str
    what: str = ""
    line: int | None = None
    excerpt: str | None = None
    anchors: tuple[str, ...] = ()


class Evidence(BaseModel):
    """What a reader can look up: member, line (from 1), and the very text that stands there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    line: int = Field(ge=1)
    excerpt: str
    what: str = ""
