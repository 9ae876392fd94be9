"""What the comparison with the known bugs comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from analyzer.bugs.schema import Bug, Use
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject


class Status(StrEnum):
    """Whether the bug applies here."""

    AFFECTED = "affected"
    #: The signs are there, and a fact that a gate needs is not.
    POSSIBLE = "possible"
    #: The signs are there, and what runs has the fix: something else causes them.
    FIXED_HERE = "fixed-here"


@dataclass(frozen=True, slots=True, kw_only=True)
class BugSighting:
    """A known bug on one node (or in the cluster), with sentences that say why.

    ``affects`` are further objects with the signs. ``byocni_excluded``: the policy leaves this
    area to the customer on a cluster without a managed CNI. ``fix`` is the fix for what runs here
    (empty where nobody states one), ``next_step`` the sentences for whoever acts.
    """

    bug: Bug
    subject: Subject
    status: Status
    why: tuple[str, ...]
    evidence: tuple[EvidenceRef, ...]
    affects: tuple[Subject, ...] = ()
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    count: int = 1
    byocni_excluded: bool = False
    fix: str = ""
    next_step: str = ""

    @property
    def exposure(self) -> bool:
        """True where a version or a setting alone speaks for it: never a root cause."""
        return self.bug.use is Use.EXPOSURE


@dataclass(frozen=True)
class BugSightings:
    """All sightings, sorted by bug and subject; ``noise`` are lines known to be harmless."""

    items: tuple[BugSighting, ...] = ()
    noise: tuple[BugSighting, ...] = ()

    @property
    def readable(self) -> bool:
        """Versions can always be compared; what was not there makes a sighting ``possible``."""
        return True

    @property
    def findings(self) -> tuple[BugSighting, ...]:
        """Bugs that were seen at work, affected or possible."""
        return tuple(s for s in self.items if not s.exposure and s.status is not Status.FIXED_HERE)

    @property
    def exposures(self) -> tuple[BugSighting, ...]:
        """Bugs that could strike, by version or setting alone."""
        return tuple(s for s in self.items if s.exposure)

    @property
    def fixed_here(self) -> tuple[BugSighting, ...]:
        """Signs of bugs whose fix already runs."""
        return tuple(s for s in self.items if s.status is Status.FIXED_HERE)
