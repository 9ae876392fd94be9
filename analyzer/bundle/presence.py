"""What became of an item of one part: present, empty, cut, refused, failed, or never asked for."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from analyzer.bundle.collection import FILE_NAME, SELECTION, CollectionRow
from analyzer.bundle.globs import pattern
from analyzer.bundle.recorder import PartInventory
from analyzer.model.gap import Presence


class ItemState(NamedTuple):
    """Presence of an item, and what is known about why; the note may be empty."""

    presence: Presence
    note: str = ""


#: The most telling of several reasons for "no content", first.
_TELLING = (Presence.FORBIDDEN, Presence.FAILED, Presence.ABSENT, Presence.NOT_ASKED)
_SUFFIXES = (".json", ".yaml", ".yml")
_PAGE = re.compile(r"\.\d{4}$")
_NO_TABLE = "the part has no collection.tsv: nothing says whether it was asked for"
_BAD_TABLE = "collection.tsv is damaged: it may have told of it"
_NONE_HERE = "asked for over the whole cluster: there are none here"


class PartStates:
    """Answers for one part. Paths are relative to it.

    A row may speak of a file, or of a folder: of a list over all namespaces
    (``resources/core/pods``), of all that a kubelet should have given (``kubelet/<node>``).
    """

    def __init__(self, part: PartInventory, not_held: str = "", outer_tear: str = "") -> None:
        self._part = part
        #: Why the layout cannot hold more than it does; empty for our own.
        self._not_held = not_held
        #: Why files may be lost that no table of the part tells of; empty where none are.
        self._lost = part.torn or outer_tear
        self._rows: dict[str, list[CollectionRow]] = defaultdict(list)
        for row in part.rows:
            self._rows[row.path].append(row)
        self._files = sorted(part.files)
        self._pages: dict[str, list[str]] = defaultdict(list)
        for path in self._files:
            if (stem := _stem(path)) != path:
                self._pages[stem].append(path)

    def known(self) -> Iterator[str]:
        """Yield the paths of all files and rows."""
        yield from self._files
        yield from (path for path in self._rows if path not in self._part.files)

    def row(self, rel: str) -> CollectionRow | None:
        """Return the row of a path, the last one where it was tried again; None for none."""
        rows = self._rows.get(rel)
        return rows[-1] if rows else None

    def of(self, rel: str) -> ItemState:
        """Return the state of one path."""
        if rel in self._part.files:
            return self._of_file(rel)
        if pages := self._pages.get(_stem(rel)):
            return self._of_pages(_stem(rel), pages)
        if rel in self._rows:
            return self._of_row(rel)
        return self._of_parent(rel) or self.silent()

    def of_glob(self, glob: str) -> ItemState | None:
        """Return the state of all that matches; None where neither a file nor a row does."""
        match = pattern(glob).fullmatch
        paths = sorted(path for path in self.known() if match(path))
        if not paths:
            return None
        holes = [(path, self._of_row(path)) for path in self._holes(glob)]
        return together([(path, self.of(path)) for path in paths] + holes)

    def silent(self) -> ItemState:
        """Return the state of a path that neither a file nor a row tells of."""
        if self._part.has_rows:
            return ItemState(Presence.NOT_ASKED)
        if self._lost:
            return ItemState(Presence.FAILED, f"may be lost: {self._lost}")
        if self._not_held:
            return ItemState(Presence.NOT_ASKED, self._not_held)
        if FILE_NAME in self._part.files:
            return ItemState(Presence.FAILED, _BAD_TABLE)
        return ItemState(Presence.NOT_ASKED, _NO_TABLE)

    def _of_file(self, rel: str) -> ItemState:
        row = self.row(rel)
        if why := self._part.damaged.get(rel):
            return ItemState(Presence.TRUNCATED, why)
        if self._part.files[rel] == 0 or rel in self._part.blank:
            if row and row.missing:
                return ItemState(row.missing, _note(row))
            if row and row.exit:
                return ItemState(Presence.FAILED, _note(row))
            return ItemState(Presence.EMPTY)
        if row is None:
            return ItemState(Presence.PRESENT)
        if row.truncated or row.missing:
            return ItemState(Presence.TRUNCATED, _note(row) or "cut by the collector's limit")
        return ItemState(Presence.PRESENT, _note(row))

    def _of_pages(self, stem: str, pages: list[str]) -> ItemState:
        """Return the state of a list by its pages; a later page may be missing."""
        cut = [row for row in self._rows.get(stem, ()) if row.missing or row.truncated]
        if cut:
            return ItemState(Presence.TRUNCATED, _note(cut[0]) or "not all pages are there")
        return together([(page, self._of_file(page)) for page in pages])

    def _of_row(self, rel: str) -> ItemState:
        """Return the state of a path without a file, by its rows."""
        row = _worst(self._rows[rel])
        below = self._has_below(rel)
        if row.missing:
            hole = ItemState(row.missing, _note(row))
            return ItemState(Presence.TRUNCATED, hole.note) if below else hole
        if below:
            presence = Presence.TRUNCATED if row.truncated else Presence.PRESENT
            return ItemState(presence, _note(row))
        if row.word == SELECTION:
            return ItemState(Presence.NOT_ASKED, _note(row))
        if row.exit == 0 and (not row.bytes or _is_list(rel)):
            return ItemState(Presence.EMPTY, _note(row))
        lost = self._lost or "collection.tsv lists it, the archive does not hold it"
        return ItemState(Presence.FAILED, _note(row) or lost)

    def _of_parent(self, rel: str) -> ItemState | None:
        """Return what the row of a folder, or of a list, says of a file that it lacks."""
        for path in _parents(rel):
            rows = self._rows.get(path)
            if not rows:
                continue
            row = _worst(rows)
            if row.missing:
                return ItemState(row.missing, _note(row))
            if row.word == SELECTION:
                return ItemState(Presence.NOT_ASKED, _note(row))
            if row.exit == 0 and _is_list(path):
                return ItemState(Presence.EMPTY, _NONE_HERE)
        return None

    def _holes(self, glob: str) -> Iterator[str]:
        """Yield the folders in front of a pattern of which a row says that they lack files."""
        parts = glob.split("/")
        above = [pattern("/".join(parts[:n])) for n in range(1, len(parts)) if parts[n - 1] != "**"]
        for path, rows in self._rows.items():
            missing = _worst(rows).missing
            if missing and missing is not Presence.ABSENT and path not in self._part.files:
                yield from (path for match in above if match.fullmatch(path))

    def _has_below(self, folder: str) -> bool:
        at = bisect_left(self._files, f"{folder}/")
        return at < len(self._files) and self._files[at].startswith(f"{folder}/")


def _stem(path: str) -> str:
    """Return a list's path without suffix and page number: its pages and YAML form share it."""
    for suffix in _SUFFIXES:
        if path.endswith(suffix):
            return _PAGE.sub("", path[: -len(suffix)])
    return path


def _is_list(path: str) -> bool:
    """Tell whether a row's path stands for a list of the API server and not for one file."""
    return path.startswith("resources/") and not path.endswith(_SUFFIXES)


def _parents(rel: str) -> Iterator[str]:
    """Yield the paths under which a row may speak of this file too, the nearest first."""
    if (stem := _stem(rel)) != rel:
        yield stem
    folder = rel
    while "/" in folder:
        folder = folder.rsplit("/", 1)[0]
        yield folder
        yield f"{folder}.json"
    if rel.startswith("resources/") and rel.count("/") > 1:
        # Discovery of the API group failed: nothing of it could be asked for.
        yield f"api/{rel.split('/')[1]}"
        yield "api-groups"


def _worst(rows: list[CollectionRow]) -> CollectionRow:
    """Return the row that tells of the largest hole: missing before selection before the rest."""
    for row in rows:
        if row.missing:
            return row
    for row in rows:
        if row.word == SELECTION or row.truncated:
            return row
    return rows[-1]


def _note(row: CollectionRow) -> str:
    if row.note:
        return row.note
    return f"exit code {row.exit}" if row.exit else ""


def together(states: list[tuple[str, ItemState]]) -> ItemState:
    """Put the states of several paths into one; a hole in any of them is told.

    A readable and an unreadable path together are TRUNCATED: what is there is not all.
    """
    if len(states) == 1:
        return states[0][1]
    good = [state for _, state in states if state.presence.readable]
    bad = [(path, state) for path, state in states if not state.presence.readable]
    holes = [(path, state) for path, state in bad if state.presence is not Presence.ABSENT]
    if good and holes:
        path, state = holes[0]
        note = f"{len(holes)} of {len(states)} are missing, first {path}: {state.presence}"
        return ItemState(Presence.TRUNCATED, f"{note} ({state.note})" if state.note else note)
    if good:
        for presence in (Presence.TRUNCATED, Presence.PRESENT, Presence.EMPTY):
            for state in good:
                if state.presence is presence:
                    return state
    for presence in _TELLING:
        for _, state in bad:
            if state.presence is presence:
                return state
    return ItemState(Presence.NOT_ASKED)
