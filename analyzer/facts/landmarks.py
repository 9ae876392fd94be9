"""Named log landmarks: what a line of a known form means, as data that rules ask for by name."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from analyzer.facts.literals import compiled
from analyzer.facts.logkinds import LogKind
from analyzer.facts.patterns import Pattern, PatternSet


class Landmark(BaseModel):
    """One landmark. ``means`` is what a reader is told; ``source`` is where the form comes from.

    The example must match and the near misses must not: they are the tests of the expression, and
    they are checked whenever the data is loaded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]+$")
    means: str
    where: frozenset[LogKind] = Field(min_length=1)
    regex: str
    literals: tuple[str, ...] = ()
    #: The writer has just started: what follows within five minutes is start-up noise.
    marks_start: bool = False
    example: str
    near_misses: tuple[str, ...] = Field(min_length=2)
    source: str

    @model_validator(mode="after")
    def _examples_hold(self) -> Landmark:
        self.pattern()  # complains about the expression itself
        expression = compiled(self.regex)
        if not expression.search(self.example.encode()):
            raise ValueError(f"landmark {self.id}: the example does not match")
        for line in self.near_misses:
            if expression.search(line.encode()):
                raise ValueError(f"landmark {self.id}: a near miss matches: {line}")
        return self

    def pattern(self) -> Pattern:
        """The landmark as the scanner takes it.

        Raises:
            ValueError: the expression has no literal or nests repeats.
        """
        return Pattern(self.id, self.where, self.regex, self.literals, self.marks_start)


@cache
def landmarks() -> tuple[Landmark, ...]:
    """All landmarks of ``facts/data/landmarks.yaml``, by id.

    Raises:
        pydantic.ValidationError: an entry breaks the schema, or its examples do not hold.
    """
    text = resources.files("analyzer.facts").joinpath("data/landmarks.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows = yaml.load(text, Loader=loader)
    return tuple(sorted((Landmark.model_validate(row) for row in rows), key=lambda one: one.id))


@cache
def patterns() -> PatternSet:
    """The landmarks as patterns, with their ids as they are."""
    return PatternSet(tuple(landmark.pattern() for landmark in landmarks()))
