"""The shape of a report: frozen values that say everything that a page shows.

Every string here is masked, cleaned and final. Formats place them; they sort and count nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from analyzer.render.asides import ComparisonView, Exposures, Leads
from analyzer.render.marks import Link, OwnerMark
from analyzer.render.pictures import Graph, Grid, Timeline


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and its value, for definition lists."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of the notice bar; ``link`` leads to the section that tells more."""

    text: str
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentences under the heading; ``start`` is the root cause to begin with."""

    sentences: tuple[str, ...]
    start: Link | None = None
    start_reason: str = ""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """Who must act: one owner, how much, on what, and the next step."""

    owner: OwnerMark
    number: int
    count: str
    roots: tuple[Link, ...]
    more_roots: str
    next_step: str


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One line of a member as it stands there, cut at the right where it is very long."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class EvidenceBlock:
    """Lines of one member. ``place`` is ``path:line`` or ``path:first-last``."""

    anchor: str
    number: int
    path: str
    place: str
    what: str
    lines: tuple[EvidenceLine, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReasonView:
    """One step of the decision: where it stands in the table, what it came to, what backs it."""

    label: str
    text: str
    cites: str
    decided: bool
    evidence: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class BugView:
    """A catalogue entry that matched."""

    id: str
    title: str
    fixed_in: str
    workaround: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding, ready to be laid out; the order of the fields is the order on the page."""

    anchor: str
    #: The model's id, and a digest of rule and subject that stays the same from run to run.
    key: str
    fingerprint: str
    rule: str
    title: str
    subject: str
    severity: str
    severity_name: str
    owner: OwnerMark
    open_question: bool
    confidence: str
    stance: str
    component: str
    component_key: str
    #: Keys of node pools, and nodes in short, for the filters.
    pools: str
    nodes: str
    seen: str
    sightings: str
    saw: str
    expected: str
    why_it_matters: str
    decided: ReasonView
    would_change: tuple[str, ...]
    other_reasons: tuple[ReasonView, ...]
    act_who: str
    act_what: str
    steps: tuple[str, ...]
    read: Link | None
    further: tuple[Link, ...]
    further_texts: tuple[str, ...]
    bug: BugView | None
    root: bool
    explained_by: Link | None
    causes: Link | None
    causes_more: str
    affects: str
    affects_names: tuple[str, ...]
    affects_more: str
    drift: str
    evidence: tuple[EvidenceBlock, ...]
    evidence_summary: str
    evidence_more: tuple[str, ...]
    evidence_note: str


@dataclass(frozen=True, slots=True)
class CauseItem:
    """A finding in the list of causes, with what it explains folded beneath."""

    link: Link
    owner: OwnerMark
    severity_name: str
    rule: str
    effect: str
    #: How many findings it explains, directly or not.
    explains: int
    children: tuple[CauseItem, ...] = ()
    #: "and 12 more of the same rule", in words; empty where all are listed.
    more: str = ""


@dataclass(frozen=True, slots=True)
class Roots:
    """The root causes as a list.

    ``items`` stand open; ``folded`` are groups of further roots, each under a label that says what
    they are. ``number`` counts all, ``kinds`` how many different rules and owners they have.
    """

    items: tuple[CauseItem, ...]
    folded: tuple[tuple[str, tuple[CauseItem, ...]], ...]
    number: int
    kinds: int


@dataclass(frozen=True, slots=True)
class KindRow:
    """Findings of one rule and one owner: how many, how bad the worst is, and the first of them."""

    rule: str
    first: Link
    owner: OwnerMark
    severity_name: str
    number: int


@dataclass(frozen=True, slots=True)
class DriftRowView:
    """One difference; ``how`` is ``changed``, ``added`` or ``removed``."""

    path: str
    how: str
    expected: str
    actual: str
    changed_by: str
    finding: Link
    owner: OwnerMark


@dataclass(frozen=True, slots=True)
class DriftGroup:
    """The differences of one component."""

    component: str
    rows: tuple[DriftRowView, ...]


@dataclass(frozen=True, slots=True)
class NodeRow:
    """Nodes that share the same findings."""

    nodes: str
    number: str
    severity_name: str
    owner: OwnerMark
    findings: tuple[Link, ...]
    more: str


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One node pool."""

    name: str
    mode: str
    nodes: str
    ready: str
    os: str
    images: str
    kubelets: str
    sizes: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """An input that is missing: what, why, and which checks it stopped."""

    path: str
    reason: str
    stopped: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A rule that found nothing or could not run, and why."""

    rule: str
    title: str
    component: str
    reason: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Everything that could not be told."""

    summary: str
    gaps: tuple[GapRow, ...]
    gaps_more: str
    unknown: tuple[CheckRow, ...]
    crashed: tuple[CheckRow, ...]


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was masked, where, and what was kept on purpose."""

    summary: str
    kept: str
    rows: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class FilterOption:
    """A check box or a choice: ``key`` stands in ids and data attributes."""

    key: str
    text: str
    number: int
    glyph: str = ""


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader can narrow the findings to."""

    owners: tuple[FilterOption, ...]
    severities: tuple[FilterOption, ...]
    components: tuple[FilterOption, ...]
    pools: tuple[FilterOption, ...]


@dataclass(frozen=True, slots=True)
class Ticket:
    """The plain text for a support request, at most 2,000 characters."""

    text: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """The whole report. ``kind`` is ``not-aks`` where no verdicts are given."""

    kind: Literal["aks", "not-aks"]
    title: str
    cluster: str
    meta: tuple[str, ...]
    collected_at: datetime | None
    bundle_sha256: str
    complete: bool
    verdict: Verdict
    ledger: tuple[LedgerRow, ...]
    notices: tuple[Notice, ...]
    contents: tuple[Link, ...]
    filters: Filters
    ticket: Ticket
    roots: Roots
    kinds: tuple[KindRow, ...]
    graphs: tuple[Graph, ...]
    more_graphs: tuple[Graph, ...]
    more_graphs_label: str
    findings: tuple[FindingView, ...]
    findings_count: str
    drift: tuple[DriftGroup, ...]
    drift_more: str
    comparison: ComparisonView | None
    timeline: Timeline | None
    leads: Leads | None
    exposures: Exposures | None
    facts: tuple[Fact, ...]
    facts_evidence: tuple[EvidenceBlock, ...]
    pools: tuple[PoolRow, ...]
    grid: Grid | None
    node_rows: tuple[NodeRow, ...]
    nodes_note: str
    missing: Missing
    healthy: tuple[tuple[str, tuple[CheckRow, ...]], ...]
    healthy_count: str
    not_applicable: tuple[CheckRow, ...]
    redaction: Redaction
    provenance: tuple[Fact, ...]
