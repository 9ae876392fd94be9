"""Versions of components as AKS releases brought them: which lines, since when.

Read only when asked for: no analysis without an image to judge pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from analyzer.baselines.calendar import newest_in_preview
from analyzer.baselines.data_files import DataFile, DataFileError
from analyzer.baselines.kube_versions import in_range, line_key, line_of, minor_number
from analyzer.baselines.tables import folders_in_use, table

_FILE = "component_versions.yaml"


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """A version that a source printed.

    ``date`` is that of the AKS release; None for a table of the documentation. ``minors`` are
    Kubernetes minors or bounds as printed (``1.33``, ``>=1.34``, ``<1.32``); empty where none are.
    """

    component: str
    version: str
    date: date | None
    minors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AksRelease:
    """A release of AKS that made Kubernetes patch versions available."""

    date: date
    kubernetes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeshRevision:
    """A revision of the Istio add-on, and when AKS has it.

    ``since`` and ``end`` are months (``2026-01``); ``end_expected`` where the end is an estimate.
    ``minors`` are the Kubernetes minors that it goes with, ``lts_minors`` those with LTS besides.
    """

    name: str
    since: str
    end: str
    end_expected: bool
    minors: tuple[str, ...]
    lts_minors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Versions:
    """A table: releases newest first, versions of each component, revisions of the mesh add-on."""

    releases: tuple[AksRelease, ...]
    by_component: Mapping[str, tuple[KnownVersion, ...]]
    mesh: Mapping[str, MeshRevision]


def releases() -> tuple[AksRelease, ...]:
    """Releases with new Kubernetes patch versions, newest first."""
    return _versions(folders_in_use()).releases


def mesh_revision(name: str) -> MeshRevision | None:
    """A revision of the Istio add-on by its name (``asm-1-28``); None for one not in the data."""
    return _versions(folders_in_use()).mesh.get(name)


def known_versions(component: str) -> tuple[KnownVersion, ...]:
    """All versions of a component: dated ones first, newest first, then those of the tables."""
    return _versions(folders_in_use()).by_component.get(component, ())


def latest(component: str, minor: str | None = None) -> KnownVersion | None:
    """The newest dated version (for a Kubernetes minor: of a line that goes with it), or None."""
    lines = lines_of(component, minor) if minor else ()
    for known in known_versions(component):
        if known.date is not None and (not lines or line_of(known.version) in lines):
            return known
    return None


def released(component: str, version: str) -> date | None:
    """The first release that brought exactly this version, or None."""
    wanted = version.removeprefix("v")
    days = [k.date for k in known_versions(component) if k.version == wanted and k.date]
    return min(days) if days else None


def lines_of(component: str, minor: str | None) -> tuple[str, ...]:
    """Version lines (``1.12``) that sources print for a minor, sorted; of any minor for None.

    Rows that name no minor count only where no minor is asked for.
    """
    number = minor_number(minor)
    found: set[str] = set()
    for known in known_versions(component):
        if number is None or _for_minor(known, number):
            line = line_of(known.version)
            found.update((line,) if line else ())
    return tuple(sorted(found, key=line_key))


def _for_minor(known: KnownVersion, number: int) -> bool:
    """Whether a row is of a minor.

    An open bound (``>=1.32``) ends where the same release sets a later one, and speaks only of
    minors that there were on its day: the next minor comes with versions of its own.
    """
    exact = [text for text in known.minors if text[0].isdigit()]
    bounds = [text for text in known.minors if not text[0].isdigit()]
    if any(in_range(number, text) for text in exact):
        return True
    if not bounds or known.date is None or not all(_within(number, text) for text in bounds):
        return False
    newest = newest_in_preview(known.date)
    if newest is None or number > newest:
        return False
    return _bound(known) >= max(
        _bound(other)
        for other in known_versions(known.component)
        if other.date == known.date and _bound(other) <= number
    )


def _within(number: int, text: str) -> bool:
    if text.startswith("<") and not text.startswith("<="):
        limit = minor_number(text[1:])
        return limit is not None and number < limit
    return in_range(number, text)


def _bound(known: KnownVersion) -> int:
    """The lowest minor of an open row; -1 for others."""
    lows = [minor_number(text[2:]) or -1 for text in known.minors if text.startswith(">=")]
    return max(lows, default=-1)


@lru_cache(maxsize=4)
def _versions(folders: tuple[Path, ...]) -> Versions:
    return versions_in(table(_FILE))


def versions_in(file: DataFile) -> Versions:
    """A table of component versions.

    Raises:
        DataFileError: a row is not valid; the message names file and line.
    """
    rows = [_release(place) for place in _places(file, "releases")]
    found: dict[str, list[KnownVersion]] = {}
    for key in ("updates", "tables"):
        for place in _places(file, key):
            known = _known(place)
            found.setdefault(known.component, []).append(known)
    by_component = {component: tuple(known) for component, known in found.items()}
    mesh = {row.name: row for row in map(_revision, _places(file, "istio"))}
    return Versions(tuple(rows), by_component, mesh)


@dataclass(frozen=True, slots=True)
class _Place:
    """A row of a block of text, and where it stands."""

    file: DataFile
    key: str
    index: int
    row: str

    def error(self, what: str) -> DataFileError:
        start = self.file.line_of(self.key)
        line = start + 1 + self.index if start is not None else None
        return DataFileError(self.file.name, line, f"{self.row!r:.60}: {what}")

    def day(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise self.error("no date") from error


def _places(file: DataFile, key: str) -> Iterator[_Place]:
    for index, row in enumerate(str(file.content.get(key) or "").splitlines()):
        yield _Place(file, key, index, row)


def _release(place: _Place) -> AksRelease:
    day, *patches = place.row.split(" ")
    return AksRelease(place.day(day), tuple(patches))


def _revision(place: _Place) -> MeshRevision:
    parts = place.row.split(" ")
    if len(parts) != 5:
        raise place.error("not as many columns as the rows of this table have")
    name, since, end, *minors = parts
    of, lts = (() if text == "-" else tuple(text.split(",")) for text in minors)
    return MeshRevision(name, since, end.removeprefix("~"), end.startswith("~"), of, lts)


def _known(place: _Place) -> KnownVersion:
    parts = place.row.split(" ")
    if len(parts) != (4 if place.key == "updates" else 3):
        raise place.error("not as many columns as the rows of this table have")
    if place.key == "tables":
        minor, component, version = parts
        return KnownVersion(component, version, None, (minor,))
    day, component, version, minors = parts
    of = () if minors == "-" else tuple(minors.split(","))
    return KnownVersion(component, version, place.day(day), of)
