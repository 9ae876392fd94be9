"""A clause of the support policy: one statement that a verdict can rest on."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from analyzer.model.owner import Confidence, Stance

#: A short text of a data file: one line, no blanks around it.
Text = Annotated[str, StringConstraints(min_length=3, max_length=600, strip_whitespace=True)]
#: The id of a clause, such as ``MGD-01``; it means the same in every pack.
ClauseId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,5}-[0-9]{2,3}$")]


class Party(StrEnum):
    """Who is responsible for what a clause speaks of."""

    MICROSOFT = "microsoft"
    CUSTOMER = "customer"
    SHARED = "shared"
    UPSTREAM = "upstream"
    #: Nobody at Microsoft: the text takes it out of support.
    EXCLUDED = "excluded"


class ClauseClass(StrEnum):
    """What a finding under a clause amounts to."""

    MICROSOFT_MANAGED = "microsoft-managed"
    CUSTOMER = "customer"
    UPSTREAM_BUG = "upstream-bug"
    BYOCNI_EXCLUDED = "byocni-excluded"
    UNSUPPORTED_CHANGE = "unsupported-change"
    BEST_EFFORT = "best-effort"
    OUT_OF_WINDOW = "out-of-window"
    #: Explains something; no finding is raised for it alone.
    INFORMATIONAL = "informational"


class Decides(StrEnum):
    """How far a bundle can decide a clause."""

    #: From cluster objects and node files alone.
    FULL = "full"
    #: Some cases from them; others need more.
    PARTIAL = "partial"
    #: Only with an export from Azure.
    ARM_ONLY = "arm-only"
    #: Not at all: nothing in a bundle speaks of it.
    NONE = "none"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    """A public document: its title, and the address where it is published."""

    title: Text
    url: Annotated[str, StringConstraints(pattern=r"^https://\S+$")]


class EvidenceKinds(_Frozen):
    """What would show it, in short texts: API objects, node files, exports from Azure."""

    api: tuple[Text, ...] = ()
    node: tuple[Text, ...] = ()
    arm: tuple[Text, ...] = ()

    @property
    def empty(self) -> bool:
        """True where nothing in a bundle could show it."""
        return not (self.api or self.node or self.arm)


class Clause(_Frozen):
    """One statement of the policy, in our own words.

    ``section`` is the heading that it stands under in ``source``. ``stance`` is what support does
    (None where a clause only explains). ``settles`` is the one read-only ``az`` command whose
    output would settle what a bundle leaves open; None where nothing is open, or where no such
    command exists. Which rules implement a clause is not stored here: the rules name their clauses.
    """

    id: ClauseId
    section: Text
    says: Text
    who: Party
    stance: Stance | None = None
    class_: ClauseClass = Field(alias="class")
    evidence: EvidenceKinds = EvidenceKinds()
    decides: Decides
    settles: Text | None = None
    rule: Text
    source: Source
    confidence: Confidence
    #: What it takes that no bundle holds, such as the report of a scanner; then no rule raises it.
    outside: Text | None = None
    #: False where the document of this pack does not say it: a later or earlier one does, and the
    #: clause tells how this document treats the subject. An id is thus known in every pack.
    stated: bool = True

    @property
    def testable(self) -> bool:
        """True if the document says it, and a rule can raise a finding by it from a bundle.

        Not so for what only explains, for what nothing in a bundle shows, and for what needs an
        input from outside of it.
        """
        explains = self.class_ is ClauseClass.INFORMATIONAL
        return self.stated and self.decides is not Decides.NONE and not (explains or self.outside)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.settles and not self.settles.startswith("az "):
            raise ValueError("settles must be an az command")
        if self.settles and self.decides not in (Decides.PARTIAL, Decides.ARM_ONLY):
            raise ValueError(f"settles has nothing to settle where decides is {self.decides}")
        if self.decides is Decides.ARM_ONLY and not (self.settles and self.evidence.arm):
            raise ValueError("decides arm-only needs settles and evidence.arm")
        if self.decides is Decides.NONE and not self.evidence.empty:
            raise ValueError("decides none, yet evidence is named")
        if self.decides in (Decides.FULL, Decides.PARTIAL) and self.evidence.empty:
            raise ValueError(f"decides {self.decides} needs evidence")
        if self.decides is Decides.FULL and not (self.evidence.api or self.evidence.node):
            raise ValueError("decides full needs evidence of the cluster or its nodes")
        return self
