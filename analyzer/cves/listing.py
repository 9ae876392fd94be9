"""The filtered list as it is written: frozen models, the same for CSV, JSON and HTML."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from analyzer.cves.reasons import Reason
from analyzer.model.owner import Owner


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CveRow(_Frozen):
    """One flaw in one package of one image or node.

    ``component`` is the managed component or ``node image``, empty where there is none. ``fix_age``
    are whole days from the fix to the collection, ``fix_known_from`` says where the day comes from.
    ``why`` is the sentence that decided, with the names and days of this row.
    """

    id: str
    aliases: tuple[str, ...] = ()
    severity: str
    package: str
    installed: str
    fixed: tuple[str, ...] = ()
    fixed_on: date | None = None
    fix_age: int | None = None
    fix_known_from: str = ""
    artifact: str
    component: str = ""
    place: str = ""
    title: str = ""
    link: str = ""
    report: str
    reason: Reason
    owner: Owner
    clause: str
    why: str


class ReportRead(_Frozen):
    """A report that went in: file name, sum, what was scanned and when, rows in it."""

    file: str
    sha256: str
    scanner: str
    artifact: str
    created: datetime | None = None
    rows: int
    unreadable: int = 0


class ClauseCited(_Frozen):
    """A clause that the list rests on, in our own words."""

    id: str
    section: str
    says: str


class CveList(_Frozen):
    """The whole answer. ``accepted`` can go to support; ``dropped`` has every other row."""

    schema_version: str = "1"
    tool: str
    policy: str
    policy_url: str
    node_images: str
    bundle: str
    bundle_sha256: str
    cluster: str
    collected_at: datetime
    reports: tuple[ReportRead, ...]
    clauses: tuple[ClauseCited, ...]
    accepted: tuple[CveRow, ...]
    dropped: tuple[CveRow, ...]

    def by_reason(self) -> tuple[tuple[Reason, tuple[CveRow, ...]], ...]:
        """The dropped rows by reason, in the order of :class:`Reason`; empty ones left out."""
        groups = ((r, tuple(row for row in self.dropped if row.reason is r)) for r in Reason)
        return tuple((reason, rows) for reason, rows in groups if rows)
