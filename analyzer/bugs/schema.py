"""The known bugs as data: one model for the packaged files and for users' own.

A user's file may be a plain list of entries in this form, or a mapping with ``bugs``. The packaged
files are held to more: an example and two near misses for every expression.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from analyzer.bugs.versions import Scheme
from analyzer.facts.literals import compiled, nested_repeats
from analyzer.model.hit import KnownBug
from analyzer.model.owner import Confidence
from analyzer.model.severity import Severity


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _text(value: Any) -> Any:
    """YAML reads ``6.2`` and ``true`` as other types; versions and values are texts here."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_text)]


class Use(StrEnum):
    """What a match is good for."""

    FINDING = "finding"
    CORROBORATE = "corroborate"
    EXPOSURE = "exposure"
    SUPPRESS = "suppress"


class Strength(StrEnum):
    """How specific a signature is."""

    STRONG = "strong"
    MEDIUM = "medium"
    WEAK = "weak"


class Basis(StrEnum):
    """Where a bound comes from."""

    STATED = "stated"
    INFERRED = "inferred"
    NOT_STATED = "not-stated"


class Link(_Data):
    """A public page on the bug. ``read``: somebody looked at it when the entry was written."""

    url: str = Field(pattern=r"^https?://")
    kind: str = ""
    state: str = ""
    read: bool = False


class Upstream(_Data):
    """The project that the bug belongs to, and the pages on it."""

    project: str
    refs: tuple[Link, ...] = ()


class Affected(_Data):
    """Versions of a package: ``introduced`` is included, ``fixed`` is not; None is unknown."""

    package: str
    scheme: Scheme
    introduced: Text | None = None
    fixed: Text | None = None
    basis: Basis = Basis.NOT_STATED
    note: str = ""


class AksFix(_Data):
    """What AKS says: its issue, the release (date) and the node image with the fix."""

    aks_issue: str | None = None
    has_known_issue_label: bool = False
    fix_release: Text | None = None
    fix_node_image: Text | None = None
    related: tuple[str, ...] = ()
    source: str | None = None


class PodState(_Data):
    """A state of pods that can be read off the API objects; globs for names."""

    namespace: str
    name: str
    terminated: str | None = None
    waiting: str | None = None
    init: bool = False
    restarts_at_least: int | None = None
    node_name: str | None = None
    argument: str | None = None
    ready: bool | None = None

    @model_validator(mode="after")
    def _asks(self) -> PodState:
        fields = (
            self.terminated,
            self.waiting,
            self.restarts_at_least,
            self.node_name,
            self.argument,
            self.ready,
        )
        if all(field is None for field in fields):
            raise ValueError("a pod state asks for nothing")
        return self


class Signature(_Data):
    """One sign of a bug: an expression over lines or texts, or a state of objects.

    ``where`` are the names of :data:`analyzer.bugs.places.PLACES`. ``pod`` is the form of a state
    that is evaluated, ``computed`` the name of one that takes more than one text (see
    :data:`analyzer.bugs.computed.COMPUTED`); ``object`` and ``check`` say a state in words.
    ``min_count``: so many lines are needed. ``min_age_minutes``: a taint, or the state of a pod,
    must be that old.
    """

    id: str
    where: tuple[str, ...] = Field(min_length=1)
    kind: Literal["log", "state"]
    regex: str | None = None
    literals: tuple[str, ...] = ()
    example: str | None = None
    near_misses: tuple[str, ...] = ()
    example_source: str = ""
    example_verbatim: bool = False
    object: str | None = None
    check: str | None = None
    pod: PodState | None = None
    computed: str | None = None
    min_count: int = 1
    min_age_minutes: int = 0
    strength: Strength
    note: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _expression_holds(self) -> Signature:
        if self.regex is None:
            if not (self.object and self.check):
                raise ValueError(f"signature {self.id}: neither regex nor object and check")
            return self
        try:
            expression = compiled(self.regex)
        except re.error as error:
            raise ValueError(f"signature {self.id}: {error}: {self.regex!r}") from error
        if nested_repeats(self.regex):
            raise ValueError(f"signature {self.id}: a repeat inside a repeat")
        if self.example is not None and not expression.search(self.example.encode()):
            raise ValueError(f"signature {self.id}: the example does not match")
        for line in self.near_misses:
            if expression.search(line.encode()):
                raise ValueError(f"signature {self.id}: a near miss matches: {line}")
        return self


class GateOp(StrEnum):
    """How a fact is compared."""

    EQ = "eq"
    LT = "lt"
    GE = "ge"
    RANGE = "range"
    CONTAINS = "contains"
    REGEX = "regex"


class Gate(_Data):
    """A condition on what runs; all gates of an entry must hold."""

    fact: str
    op: GateOp
    value: Text
    basis: Basis = Basis.NOT_STATED


class Bug(_Data):
    """One known bug, security issue, change of behaviour, or line of noise."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]+$")
    title: str
    component: str
    type: Literal["bug", "cve", "behaviour-change", "noise"]
    default_category: Literal["upstream-bug", "microsoft-managed", "customer", "shared", "none"]
    #: Microsoft develops the component itself, so the policy has Microsoft fix it.
    microsoft_owned: bool = False
    use: Use
    byocni_excluded_when: str | None = None
    upstream: Upstream
    affected: tuple[Affected, ...] = ()
    fixed_in: tuple[Text, ...] = ()
    aks: AksFix = AksFix()
    symptom: str
    signatures: tuple[Signature, ...] = Field(min_length=1)
    gates: tuple[Gate, ...] = ()
    gate_required: bool = False
    workaround: str
    severity: Severity
    false_positives: str = ""
    verification: str = ""
    upstream_thread_read: bool = False
    verbatim_examples: int = 0
    confidence: Confidence

    @property
    def links(self) -> tuple[str, ...]:
        """All pages on the bug: upstream, then AKS."""
        aks = [self.aks.aks_issue] if self.aks.aks_issue else []
        return tuple(dict.fromkeys([*(ref.url for ref in self.upstream.refs), *aks]))

    @property
    def fixes(self) -> tuple[str, ...]:
        """Where the fix is: versions, AKS release, node image; empty where nobody states it."""
        release = [f"AKS release {self.aks.fix_release}"] if self.aks.fix_release else []
        image = [f"node image {self.aks.fix_node_image}"] if self.aks.fix_node_image else []
        return tuple(dict.fromkeys([*self.fixed_in, *release, *image]))

    @property
    def known_bug(self) -> KnownBug:
        """The bug as a finding shows it."""
        return KnownBug(
            id=self.id,
            title=self.title,
            links=self.links,
            fixed_in=self.fixes,
            workaround=self.workaround,
        )
