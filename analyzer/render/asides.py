"""The shape of what stands beside the findings: bugs that could strike, leads, the comparison.

None of it is a verdict, so none of it carries an owner.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.render.marks import Link


@dataclass(frozen=True, slots=True)
class Place:
    """Where something can be looked up: ``place`` is ``path:line``, ``text`` what stands there."""

    place: str
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class ExposureRow:
    """A known bug that could strike here, or whose fix already runs here."""

    bug: str
    title: str
    component: str
    #: ``affected``, ``possible`` or ``fixed-here``, and the same in words.
    status: str
    status_name: str
    why: tuple[str, ...]
    where: str
    fixed_in: str
    workaround: str
    links: tuple[Link, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Exposures:
    """Known bugs by what speaks for them; ``folded`` are rows that a page need not open with."""

    summary: str
    open: tuple[ExposureRow, ...]
    folded: tuple[ExposureRow, ...]
    folded_label: str
    fixed: tuple[ExposureRow, ...]
    note: str

    @property
    def number(self) -> int:
        """How many bugs could strike."""
        return len(self.open) + len(self.folded)


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A burst of log lines that nothing explains; ``rate`` says how many, against what is usual."""

    template: str
    source: str
    rate: str
    seen: str
    why: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Leads:
    """Where to look; ``note`` says how many were left out."""

    rows: tuple[LeadRow, ...]
    note: str


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One managed object that was compared with the baseline."""

    component: str
    subject: str
    values: str
    matched: str
    allowed: tuple[str, ...]
    newer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """What the comparison with the baseline came to.

    ``summary`` counts the values, ``dates`` sets the baseline's date against the bundle's.
    ``told`` are the objects that have something to tell: allowed changes or newer images.
    """

    summary: str
    dates: str
    told: tuple[ComparedRow, ...]
    rows: tuple[ComparedRow, ...]
    rows_more: str
    not_compared: tuple[str, ...]
