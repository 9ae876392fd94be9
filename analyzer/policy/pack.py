"""Support policy packs: one per published date of the document, put together from data.

A pack is a folder named by its date with a ``pack.yaml`` and one small file per section. A pack
that extends an earlier one keeps its clauses, except those that it replaces (the same id) or moves
under another heading. Users add clauses in ``DIR/policy/*.yaml`` (for whichever pack is used) or
``DIR/policy/DATE/*.yaml`` (for that pack; with a ``pack.yaml`` a new one), in the same layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer

from analyzer.policy.clause import Clause, Source, Text
from analyzer.policy.errors import PolicyError
from analyzer.policy.reading import DataFile
from analyzer.policy.sheets import (
    CARD,
    Card,
    Day,
    Folder,
    Row,
    Sheet,
    is_day,
    put_on,
    read_card,
    read_sheets,
)


def _read_only(clauses: Mapping[str, Clause]) -> Mapping[str, Clause]:
    return MappingProxyType(dict(clauses))


class PolicyPack(BaseModel):
    """The support policy as published on ``date`` (``YYYY-MM-DD``).

    ``clauses`` maps each id to its clause, in the order of the ids; it cannot be written to.
    ``source`` is the document, ``title`` the pack's own name for the reader.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: Day
    title: Text
    source: Source
    clauses: Annotated[
        Mapping[str, Clause],
        AfterValidator(_read_only),
        PlainSerializer(dict, return_type=dict[str, Clause]),
    ]


def available(extra_dirs: Sequence[Path] = ()) -> tuple[str, ...]:
    """The dates of the packs there are, the oldest first.

    Args:
        extra_dirs: folders of users' data, as for :func:`load_pack`.

    Raises:
        PolicyError: a folder of users' data is named like no date.
    """
    own = (name for root in _roots(extra_dirs) for name in _dated(root, with_card=True))
    return tuple(sorted({*_packaged_dates(), *own}))


def load_pack(date: str | None = None, extra_dirs: Sequence[Path] = ()) -> PolicyPack:
    """The pack of ``date``, or the newest.

    Packaged packs are read once per process. Users' data is read at every call, put on top in the
    order given: the same id replaces.

    Args:
        date: a date of :func:`available` (``YYYY-MM-DD``).
        extra_dirs: folders of users' data, each with a folder ``policy`` (or that folder itself).

    Raises:
        PolicyError: no pack of that date (the text names those there are), or a data file is
            wrong (the text says file and line).
    """
    if not extra_dirs:
        return _packaged_pack(date or available()[-1])
    return _build(date or available(extra_dirs)[-1], _roots(extra_dirs))


@cache
def _packaged_pack(date: str) -> PolicyPack:
    return _build(date, ())


def _build(date: str, roots: tuple[Path, ...]) -> PolicyPack:
    """Put the layers of a pack on one another, from the base up, then check each clause."""
    rows: dict[str, Row] = {}
    chain = _chain(date, roots)
    for card in chain:
        put_on(rows, _packaged_sheets(card.date))
        for root in roots:
            if (root / card.date).is_dir():
                put_on(rows, read_sheets(root / card.date))
    for root in roots:
        _refuse_strays(root, roots)
        put_on(rows, read_sheets(root))
    card = chain[-1]
    clauses = {id_: rows[id_].clause(card.source) for id_ in sorted(rows)}
    return PolicyPack(date=card.date, title=card.title, source=card.source, clauses=clauses)


def _chain(date: str, roots: tuple[Path, ...]) -> tuple[Card, ...]:
    """The cards from the base pack to that of ``date``; dates only go back, so there is no loop."""
    card, file = _card(date, roots)
    chain = [card]
    while card.extends:
        card, file = _card(card.extends, roots, file)
        chain.append(card)
    return tuple(reversed(chain))


def _card(
    date: str, roots: tuple[Path, ...], asked_by: DataFile | None = None
) -> tuple[Card, DataFile]:
    for root in reversed(roots):
        if (root / date / CARD).is_file():
            return read_card(root / date)
    if date in _packaged_dates():
        return _packaged_card(date)
    what = f"no policy pack of {date}; there are {', '.join(available(roots))}"
    raise asked_by.error(what, ("extends",)) if asked_by else PolicyError(what)


@cache
def _packaged_card(date: str) -> tuple[Card, DataFile]:
    return read_card(_packaged() / date, f"policy/{date}")


@cache
def _packaged_sheets(date: str) -> tuple[Sheet, ...]:
    folder = _packaged() / date
    return read_sheets(folder, f"policy/{date}") if folder.is_dir() else ()


@cache
def _packaged_dates() -> tuple[str, ...]:
    return _dated(_packaged(), with_card=True)


def _packaged() -> Folder:
    return files("analyzer.policy") / "data"


def _roots(extra_dirs: Sequence[Path]) -> tuple[Path, ...]:
    """The ``policy`` folders of users' data; other data may stand there without one."""
    inner = (path if path.name == "policy" else path / "policy" for path in extra_dirs)
    return tuple(path for path in inner if path.is_dir())


def _dated(root: Folder, *, with_card: bool) -> tuple[str, ...]:
    """The names of the folders of packs in ``root``, sorted.

    Raises:
        PolicyError: a folder's name is no date.
    """
    names = []
    for item in root.iterdir():
        if not item.is_dir():
            continue
        if not is_day(item.name):
            raise PolicyError("is not named by a date as YYYY-MM-DD", str(item))
        if not with_card or (item / CARD).is_file():
            names.append(item.name)
    return tuple(sorted(names))


def _refuse_strays(root: Path, roots: tuple[Path, ...]) -> None:
    """Refuse a dated folder that adds to no pack: its clauses would be lost in silence."""
    known = available(roots)
    for name in _dated(root, with_card=False):
        if name not in known:
            what = f"there is no policy pack of {name}, and no {CARD} to make one"
            raise PolicyError(what, str(root / name))
