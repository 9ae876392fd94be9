"""What is done already: one small file for each place, one for each bundle's rows.

``places/`` tells what was found where, ``results/`` holds rows by the SHA-256 of the bundle, so a
file that is replaced by a newer bundle adds to the fleet, and a copy adds nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from analyzer.fleet.rows import ROWS_VERSION, BundleRows
from analyzer.fleet.sources import Source
from analyzer.fleet.work import Outcome, State, Task, program
from analyzer.redact.mask import mask_text
from analyzer.render.text import clean

PLACES = "places"
RESULTS = "results"


class Place(BaseModel):
    """What became of a place. ``made_with`` sums up program, data and choices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: str
    stamp: str
    made_with: str
    state: State
    error: str = ""
    bundle: str = ""


def made_with(task: Task) -> str:
    """A sum over all but the bundle that the rows depend on: program, choices, the user's data."""
    digest = hashlib.sha256()
    told = [program(), task.policy, repr(task.limits)]
    digest.update(json.dumps(told).encode())
    for name in task.data:
        root = Path(name)
        files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        for path in files:
            digest.update(f"\n{path.relative_to(root).as_posix()}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


class FleetState:
    """The two folders of a fleet. Files are written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._places = folder / PLACES
        self._results = folder / RESULTS

    def create(self) -> None:
        """Make the folders where they are not there."""
        for folder in (self._places, self._results):
            folder.mkdir(parents=True, exist_ok=True)

    def known(self, sources: Iterable[Source], made: str) -> dict[str, Outcome]:
        """What became of places whose content was looked at in this way, by place.

        Left out is what may end in another way the next time.
        """
        kept = ((source, self._kept(source, made)) for source in sources)
        return {
            source.place: Outcome(source, place.state, place.error, place.bundle)
            for source, place in kept
            if place is not None
        }

    def _kept(self, source: Source, made: str) -> Place | None:
        place = self._read_place(self._places / f"{_key(source.place)}.json")
        if place is None or (place.stamp, place.made_with) != (_key(source.stamp), made):
            return None
        done = place.state == "unreadable" or (
            place.state == "analysed" and self._read_rows(place.bundle) is not None
        )
        return place if done else None

    def keep(self, outcome: Outcome, made: str) -> None:
        """Write an outcome down: the rows first, so that no place tells of rows that are not there.

        Raises:
            OSError: the folder cannot be written to.
        """
        if outcome.rows:
            _write(self._results / f"{outcome.bundle}.json", outcome.rows)
        place = Place(
            place=clean(mask_text(outcome.source.place)),  # an address may carry a token
            stamp=_key(outcome.source.stamp),
            made_with=made,
            state=outcome.state,
            error=outcome.error,
            bundle=outcome.bundle,
        )
        key = _key(outcome.source.place)
        _write(self._places / f"{key}.json", place.model_dump_json())

    def places(self) -> Iterator[Place]:
        """All places, in the order of their names."""
        read = (self._read_place(path) for path in sorted(self._places.glob("*.json")))
        yield from sorted((place for place in read if place is not None), key=lambda p: p.place)

    def results(self) -> Iterator[BundleRows]:
        """The rows of every bundle, in the order of their sums."""
        for path in sorted(self._results.glob("*.json")):
            rows = self._read_rows(path.stem)
            if rows is not None:
                yield rows

    def _read_place(self, path: Path) -> Place | None:
        try:
            return Place.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None  # torn or foreign: looked at again

    def _read_rows(self, bundle: str) -> BundleRows | None:
        try:
            rows = BundleRows.model_validate_json((self._results / f"{bundle}.json").read_bytes())
        except (OSError, ValidationError):
            return None
        return rows if rows.rows_version == ROWS_VERSION else None


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _write(path: Path, text: str) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_text(text, encoding="utf-8", newline="\n")
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
