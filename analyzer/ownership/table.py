"""The decision table: ordered rows over signals. Data, with its models and its loader."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from analyzer.model.owner import Actor, Confidence, Owner, Stance
from analyzer.model.signal import Signal


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class When(_Data):
    """A condition over signals: all of these, at least one of those, none of the last."""

    all: frozenset[Signal] = frozenset()
    any: frozenset[Signal] = frozenset()
    none: frozenset[Signal] = frozenset()

    def holds(self, signals: frozenset[Signal]) -> bool:
        """True where the signals meet the condition; the empty condition always holds."""
        some = not self.any or bool(self.any & signals)
        return self.all <= signals and some and not self.none & signals


class Passed(_Data):
    """Why a step did not decide; the first whose condition holds is told."""

    when: When = When()
    says: str


class Step(_Data):
    """One of the seven steps of the decision, in their order."""

    step: int = Field(ge=1, le=7)
    title: str
    passed: tuple[Passed, ...] = ()


class Row(_Data):
    """One row: a condition, the verdict, the sentence for the reader, and the clause behind it.

    ``who`` is who acts next unless the finding says otherwise; ``what`` is used where the rule has
    no instruction for that actor. ``since`` limits a row to policy packs of that date or later.
    """

    id: str
    step: int = Field(ge=1, le=7)
    when: When
    owner: Owner
    stance: Stance
    confidence: Confidence
    clause: str
    says: str
    who: Actor
    what: str
    would_change: tuple[str, ...] = ()
    since: str | None = None


class DecisionTable(_Data):
    """All steps and rows; the last row of the last step always holds, so that a row decides."""

    steps: tuple[Step, ...]
    rows: tuple[Row, ...]

    @model_validator(mode="after")
    def _complete(self) -> DecisionTable:
        if [s.step for s in self.steps] != list(range(1, 8)):
            raise ValueError("the steps are not 1 to 7 in order")
        ids = [row.id for row in self.rows]
        doubles = sorted({i for i in ids if ids.count(i) > 1})
        if doubles:
            raise ValueError(f"row ids used twice: {', '.join(doubles)}")
        if [r.step for r in self.rows] != sorted(r.step for r in self.rows):
            raise ValueError("the rows are not in the order of their steps")
        if not self.rows or self.rows[-1].when != When() or self.rows[-1].since:
            raise ValueError("the last row must hold for everything")
        return self


class TableError(ValueError):
    """A decision table that cannot be used; the text names the file and what is wrong."""


@cache
def packaged_table() -> DecisionTable:
    """The table that travels with the program."""
    text = files("analyzer.ownership").joinpath("data/rows.yaml").read_text(encoding="utf-8")
    return DecisionTable.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))


def load_table(extra_dirs: Sequence[Path] = ()) -> DecisionTable:
    """The packaged table with users' rows: the same id replaces, a new id is added to its step.

    Raises:
        TableError: a file is not readable or breaks the table.
    """
    table = packaged_table()
    for path in sorted(p for d in extra_dirs for p in (d / "ownership").glob("*.yaml")):
        try:
            raw = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {}
            rows = {row.id: row for row in table.rows}
            for entry in raw.get("rows", []):
                row = Row.model_validate(entry)
                rows[row.id] = row
            ordered = sorted(rows.values(), key=lambda r: (r.step, r.id == table.rows[-1].id))
            table = DecisionTable(steps=table.steps, rows=tuple(ordered))
        except (OSError, yaml.YAMLError, ValidationError, AttributeError) as error:
            raise TableError(f"{path}: {error}") from None
    return table
