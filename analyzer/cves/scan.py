"""A scanner's report, whichever scanner wrote it: what was scanned, and one row per finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class CveError(ValueError):
    """An input that cannot be used: one line, and what to do."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(f"{what}\n  {hint}" if hint else what)
        self.what = what
        self.hint = hint


class Scanned(StrEnum):
    """What kind of thing a report is about."""

    IMAGE = "image"
    #: The file system of a machine or a mounted disk.
    MACHINE = "machine"
    #: Anything else (a list of packages, a repository of source): it cannot be placed in a cluster.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One row. ``fixed`` are the versions that carry the fix, empty where the vendor has none.

    ``aliases`` are other ids of the same flaw. ``place`` is the path within what was scanned,
    ``of_system`` True for a package of the operating system. ``fixed_on`` is the day from which the
    fix could be had, as the report itself tells it; scanners seldom do.
    """

    id: str
    package: str
    installed: str
    fixed: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    severity: str = "unknown"
    title: str = ""
    link: str = ""
    place: str = ""
    of_system: bool = False
    fixed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """One report. ``references`` are the names and digests of a scanned image.

    ``unreadable`` counts rows that have no id or no package and were left out.
    """

    file: str
    sha256: str
    scanner: str
    kind: Scanned
    artifact: str
    references: tuple[str, ...] = ()
    created: datetime | None = None
    rows: tuple[Vulnerability, ...] = ()
    unreadable: int = 0
