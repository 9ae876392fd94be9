"""``collection.tsv``: one row for each item that a part was asked for."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from sys import intern
from typing import Any, NamedTuple

from analyzer.bundle.names import BadName, clean_name, shown_name
from analyzer.model.gap import Presence

FILE_NAME = "collection.tsv"
#: Characters of one cell; the rest of a longer one is left out.
_LONGEST = 1024
#: Lines of one table; a cluster of 100,000 pods has 300,000.
MAX_ROWS = 500_000
COLUMNS = (
    "item",
    "path",
    "command",
    "exit",
    "started",
    "ms",
    "bytes",
    "truncated",
    "masked",
    "note",
)

#: The first word of a note, where data is missing, and what it means.
NOTE_WORDS: dict[str, Presence] = {
    "missing-tool": Presence.FAILED,
    "timeout": Presence.FAILED,
    "forbidden": Presence.FORBIDDEN,
    "absent": Presence.ABSENT,
    "failed": Presence.FAILED,
    "deadline": Presence.FAILED,
    "no-space": Presence.FAILED,
    "not-asked": Presence.NOT_ASKED,
}
#: A note that does not speak of missing data: the list was filtered.
SELECTION = "selection"


class CollectionRow(NamedTuple):
    """One row. ``path`` is relative to the part; None where a number or time was not given.

    A tuple: a bundle of 2,000 nodes has 130,000 of them, most made in other processes.
    """

    item: str
    path: str
    command: str = ""
    exit: int | None = None
    started: datetime | None = None
    ms: int | None = None
    bytes: int | None = None
    truncated: bool = False
    #: How many places were masked; 1 where the collector only says that there were some.
    masked: int = 0
    note: str = ""

    def __reduce__(self) -> tuple[Callable[..., CollectionRow], tuple[Any, ...]]:
        return _again, tuple(self)

    @property
    def word(self) -> str:
        """The first word of the note, lower case, without a colon behind it."""
        return self.note.split(maxsplit=1)[0].rstrip(":,;").lower() if self.note.strip() else ""

    @property
    def missing(self) -> Presence | None:
        """What the note says of missing data; None where it says nothing."""
        return NOTE_WORDS.get(self.word)


def _again(item: str, path: str, command: str, *rest: Any) -> CollectionRow:
    """Make a row that comes from another process: all nodes have the same words in theirs."""
    *others, note = rest
    return CollectionRow._make((intern(item), intern(path), intern(command), *others, intern(note)))


def parse_time(text: str) -> datetime | None:
    """Read an RFC 3339 time; one without a zone is UTC. None for anything else."""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError:
        return None


def _number(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isdecimal() and len(digits) < 19 else None


def _flag(text: str) -> int:
    """Read yes/no, true/false or a count."""
    if text.lower() in ("yes", "true", "y"):
        return 1
    return max(0, _number(text) or 0)


def _columns(first: list[str]) -> tuple[list[int], bool]:
    """Return where each column of the format stands, and whether this is a header row.

    A column that is not there stands at -1; without a header row the order of the format holds.
    """
    names = [cell.strip().lower() for cell in first]
    if "path" not in names and "item" not in names:
        return list(range(len(COLUMNS))), False
    return [names.index(name) if name in names else -1 for name in COLUMNS], True


def parse_collection(data: bytes) -> Iterator[CollectionRow | str]:
    """Yield the rows, and for each line that is none a text that says what is wrong with it."""
    places: list[int] = []
    for number, raw in enumerate(BytesIO(data.removeprefix(BOM_UTF8)), 1):
        if number > MAX_ROWS:
            yield f"more than {MAX_ROWS} lines; the rest is not read"
            return
        line = raw.decode("utf-8", "replace")
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if not places:
            places, is_header = _columns(cells)
            if is_header:
                continue
        row = _row(cells, places) if len(cells) > 1 or max(places) == 0 else None
        yield row if row else f"line {number} is no row: {shown_name(line.rstrip(), 60)}"


def _row(cells: list[str], places: list[int]) -> CollectionRow | None:
    """Make a row of the cells; None where they name no path that could be used."""
    count = len(cells)
    item, path, command, code, started, ms, size, truncated, masked, note = [
        cells[at] if 0 <= at < count else "" for at in places
    ]
    try:
        path = clean_name((path or item).strip("/"), _LONGEST)
    except BadName:
        return None
    if not path:
        return None
    return CollectionRow(
        item=intern(shown_name(item or path, _LONGEST)),
        path=intern(path),
        command=intern(shown_name(command, _LONGEST)),
        exit=_number(code),
        started=parse_time(started),
        ms=_number(ms),
        bytes=_number(size),
        truncated=_flag(truncated) > 0,
        masked=_flag(masked),
        note=intern(shown_name(note, _LONGEST)),
    )
