"""The files of a policy pack: its card, and its sheets with the clauses of one section each.

A layer is what one folder adds to a pack. Clauses stay as written until the whole pack is put
together, for only then it is known which document an inherited clause belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from analyzer.policy.clause import Clause, ClauseId, Source, Text
from analyzer.policy.reading import DataFile, read_data

Folder = Traversable | Path
Place = tuple[int | str, ...]
#: A date as ``YYYY-MM-DD``.
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
#: The file that makes a folder a pack.
CARD = "pack.yaml"


class Card(BaseModel):
    """A ``pack.yaml``: the date and title of the pack, its document, what it builds on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: Day
    title: Text
    source: Source
    #: The earlier pack whose clauses hold on where this one does not replace them.
    extends: Day | None = None


class _Head(BaseModel):
    """The top of a sheet: what its clauses have in common unless they say otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    section: Text | None = None
    source: Source | None = None
    #: Clauses of the pack below that stand under this section now, otherwise unchanged.
    moves: tuple[ClauseId, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A clause as written, with its place, and section and document where they are settled."""

    id: str
    file: DataFile
    index: int
    values: Mapping[str, Any]
    section: str | None
    source: Source | None

    def clause(self, document: Source) -> Clause:
        """The checked clause; ``document`` is its source unless it names another.

        Raises:
            PolicyError: a field is missing, unknown or not valid; says file and line.
        """
        values = {**self.values, "source": self.values.get("source") or self.source or document}
        if self.section and "section" not in values:
            values["section"] = self.section
        try:
            return Clause.model_validate(values)
        except ValidationError as error:
            raise self.file.refusal(error, ("clauses", self.index)) from error


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file: the clauses in it, and the ids that it moves under its section."""

    file: DataFile
    head: _Head
    rows: tuple[Row, ...]


def is_day(name: str) -> bool:
    """True for a date as ``YYYY-MM-DD``, the name of a pack's folder."""
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", name) is not None


def read_card(folder: Folder, name: str = "") -> tuple[Card, DataFile]:
    """The card of the pack in ``folder``; ``name`` is what errors call the folder, if not its path.

    Raises:
        PolicyError: it cannot be used, or is the card of another date.
    """
    file = read_data(folder / CARD, _label(folder / CARD, name))
    values = {key: value for key, value in file.content.items() if key != "schema"}
    try:
        card = Card.model_validate(values)
    except ValidationError as error:
        raise file.refusal(error) from error
    if card.date != folder.name:
        raise file.error(f"date is {card.date}, the folder says {folder.name}", ("date",))
    if card.extends and card.extends >= card.date:
        raise file.error(f"extends {card.extends}, which is not earlier", ("extends",))
    return card, file


def read_sheets(folder: Folder, name: str = "") -> tuple[Sheet, ...]:
    """The sheets in ``folder`` in the order of their names; ``name`` as for :func:`read_card`.

    Raises:
        PolicyError: one cannot be used.
    """
    found = (item for item in folder.iterdir() if item.name.endswith(".yaml"))
    return tuple(
        _read_sheet(item, _label(item, name))
        for item in sorted(found, key=lambda item: item.name)
        if item.name != CARD
    )


def _label(item: Folder, folder: str) -> str:
    return f"{folder}/{item.name}" if folder else str(item)


def put_on(rows: dict[str, Row], sheets: Iterable[Sheet]) -> None:
    """Put one layer on the clauses below it: moves first, then new and replaced clauses.

    Raises:
        PolicyError: the layer names an id twice, or moves a clause that is not there.
    """
    sheets = tuple(sheets)
    taken: dict[str, tuple[DataFile, Place]] = {}
    for sheet in sheets:
        for position, moved in enumerate(sheet.head.moves):
            place: Place = ("moves", position)
            _take(moved, sheet.file, place, taken)
            if moved not in rows:
                raise sheet.file.error(f"{moved} is not a clause of the pack below", place)
            row = rows[moved]
            values = {key: value for key, value in row.values.items() if key != "section"}
            section, source = sheet.head.section, sheet.head.source
            rows[moved] = replace(row, values=values, section=section, source=source)
    for sheet in sheets:
        for row in sheet.rows:
            _take(row.id, row.file, ("clauses", row.index), taken)
            rows[row.id] = row


def _take(id_: str, file: DataFile, place: Place, taken: dict[str, tuple[DataFile, Place]]) -> None:
    if id_ in taken:
        first, where = taken[id_]
        at = f"{first.name}:{first.line_of(where)}"
        raise file.error(f"{id_} stands twice, first at {at}", place)
    taken[id_] = (file, place)


def _read_sheet(source: Folder, name: str) -> Sheet:
    file = read_data(source, name)
    head = {key: file.content[key] for key in file.content if key not in ("schema", "clauses")}
    try:
        checked = _Head.model_validate(head)
    except ValidationError as error:
        raise file.refusal(error) from error
    if checked.moves and not checked.section:
        raise file.error("moves needs a section to move to", ("moves",))
    clauses = file.content.get("clauses") or []
    if not isinstance(clauses, list):
        raise file.error("clauses must be a list", ("clauses",))
    return Sheet(file, checked, tuple(_row(file, i, v, checked) for i, v in enumerate(clauses)))


def _row(file: DataFile, index: int, values: Any, head: _Head) -> Row:
    place = ("clauses", index)
    if not isinstance(values, dict):
        raise file.error("a clause must be a mapping", place)
    id_ = values.get("id")
    if not isinstance(id_, str):
        raise file.error("a clause needs an id", place)
    return Row(id_, file, index, values, head.section, head.source)
