"""What a rule yields, and what became of a rule on a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap
from analyzer.model.owner import Actor
from analyzer.model.signal import Signal
from analyzer.model.subject import Subject


class DriftRow(BaseModel):
    """One difference from the expected state, and who made it if the bundle tells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    expected: str
    actual: str
    changed_by: str | None = None
    changed_at: datetime | None = None


class KnownBug(BaseModel):
    """A bug of the catalogue that matched here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str = ""
    links: tuple[str, ...] = ()
    fixed_in: tuple[str, ...] = ()
    workaround: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One sighting of the bad state that a rule names. It cannot be built without evidence.

    ``saw`` and ``expected`` are sentences for the reader. ``title`` replaces the rule's title when
    a rule covers several components. ``variant`` picks a severity of the rule's row in the rules'
    data. Hits of one rule with the same ``group`` become one finding: the worst gives the texts,
    ``affects`` and ``count`` add up, so that 400 equal lines are one finding with 400 names.
    """

    subject: Subject
    saw: str
    evidence: tuple[EvidenceRef, ...]
    expected: str = ""
    title: str | None = None
    component: str | None = None
    variant: str = "default"
    group: str | None = None
    signals: frozenset[Signal] = frozenset()
    affects: tuple[Subject, ...] = ()
    first_seen: datetime | None = None
    #: ``first_seen`` is the oldest sign that is still kept (events live for about an hour, logs
    #: rotate): it began then or earlier, so a later time speaks against no explanation.
    onset_at_latest: bool = False
    last_seen: datetime | None = None
    count: int = 1
    drift: tuple[DriftRow, ...] = ()
    #: Inputs that would make the verdict firmer: what is missing and how it would move.
    would_change: tuple[str, ...] = ()
    #: Effects that this sighting is an instance of, where they are narrower than the rule's own.
    instance_of: frozenset[str] | None = None
    #: Effects that this sighting produces, where they are narrower than the rule's own.
    produces: frozenset[str] | None = None
    known_bug: KnownBug | None = None
    #: Replaces the rule's instruction for whoever acts next.
    do_next: str | None = None
    #: Who acts next, where the sighting tells it better than the deciding row.
    who_acts: Actor | None = None

    def __post_init__(self) -> None:
        """Refuse a claim that nobody could check.

        Raises:
            ValueError: there is no evidence.
        """
        if not self.evidence:
            raise ValueError(f"a hit on {self.subject} has no evidence")


class Outcome(StrEnum):
    """The five things that can become of a rule on a bundle; a crash is never a skip."""

    HIT = "hit"
    CLEAR = "clear"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """The outcome of one rule. A rule with hits may have gaps too: it saw only a part."""

    rule_id: str
    outcome: Outcome
    hits: tuple[Hit, ...] = ()
    gaps: tuple[Gap, ...] = ()
    #: Why it does not apply, what was looked at when clear, or the traceback of a crash.
    reason: str = ""
