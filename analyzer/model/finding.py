"""A finding with its verdict: what every report shows."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from analyzer.model.evidence import Evidence
from analyzer.model.hit import DriftRow, KnownBug
from analyzer.model.owner import Actor, Confidence, Owner, Stance
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject


class Reason(BaseModel):
    """One step of the decision that was considered, and what it came to.

    ``evidence`` are positions in the finding's own evidence list. ``decided`` marks the step that
    gave the owner; the others say why they did not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    row: str | None = None
    clause: str | None = None
    section: str | None = None
    text: str
    decided: bool = False
    evidence: tuple[int, ...] = ()


class ActNext(BaseModel):
    """Who has to move now, and what they do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: Actor
    what: str


class Finding(BaseModel):
    """One problem (or one symptom of another one) with owner, reasons and evidence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    rule: str
    title: str
    severity: Severity
    component: str
    subject: Subject
    owner: Owner
    decided_by: str
    stance: Stance
    confidence: Confidence
    act_next: ActNext
    saw: str
    expected: str = ""
    because: tuple[Reason, ...] = Field(min_length=1)
    would_change: tuple[str, ...] = ()
    root: bool = True
    explained_by: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    count: int = 1
    affects: tuple[Subject, ...] = ()
    known_bug: KnownBug | None = None
    drift: tuple[DriftRow, ...] = ()
    evidence: tuple[Evidence, ...] = Field(min_length=1)
    remediation: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    why_it_matters: str = ""
