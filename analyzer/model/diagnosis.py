"""The result of an analysis: the model that every report renders, and the JSON report itself."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from analyzer.model.evidence import Evidence
from analyzer.model.finding import Finding
from analyzer.model.gap import Gap
from analyzer.model.hit import Outcome
from analyzer.model.owner import Owner
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tool(_Frozen):
    """Which program and which data made the diagnosis (dates as ``YYYY-MM-DD``).

    ``arguments`` are the options of the command that change what is said, and ``commit`` the
    installed one where it is known; both are empty for a program that uses the library.
    """

    name: str = "demarc"
    version: str
    policy: str
    baselines: str
    bugs: str
    arguments: tuple[str, ...] = ()
    commit: str = ""


class BundleInfo(_Frozen):
    """The input: what it was, when it was collected, what is missing from it."""

    name: str
    sha256: str
    size_bytes: int
    #: Format number of our own bundles; 0 for other layouts, named by ``layout``.
    format: int
    layout: str
    collector: str = ""
    #: What the collector was asked for, as its manifest says it; what was left empty is left out.
    collector_options: dict[str, str] = {}
    collected_at: datetime | None = None
    #: Where ``collected_at`` comes from when no manifest or collection row tells it.
    collected_at_source: str = "manifest"
    started: datetime | None = None
    complete: bool
    missing: tuple[Gap, ...] = ()
    masked: dict[str, int] = {}
    #: The bundle is a redacted copy: its names and addresses are stand-ins.
    redacted: bool = False


class NetworkInfo(_Frozen):
    """The network as the evidence shows it; ``unknown`` where it does not."""

    mode: str
    plugin: str
    dataplane: str
    policy: str
    proxy: str
    #: None where the evidence does not tell; never inferred from silence.
    byocni: bool | None
    evidence: tuple[Evidence, ...] = ()
    would_settle: str = ""


class PoolInfo(_Frozen):
    """One node pool with its counts and what its nodes run."""

    name: str
    mode: str = ""
    nodes: int
    ready: int
    os: str = ""
    images: tuple[str, ...] = ()
    kubelets: tuple[str, ...] = ()
    vm_sizes: tuple[str, ...] = ()


class NodeInfo(_Frozen):
    """One node for the node grid: ``ready`` is None where the condition was not shown.

    ``clock_ahead_s`` is by how many seconds its clock runs ahead (negative: behind), where the
    bundle shows that it is off by five seconds or more. Times in the timeline are corrected for it.
    """

    name: str
    pool: str
    ready: bool | None
    has_archive: bool
    clock_ahead_s: float | None = None


class NodeCounts(_Frozen):
    """How many nodes there are, are ready, and sent an archive."""

    total: int
    ready: int
    with_archive: int


class ClusterInfo(_Frozen):
    """Identity of the cluster, with the evidence for the claim that it is AKS (or is not)."""

    name: str
    aks: Literal["yes", "no", "unknown"]
    aks_reason: str
    kubernetes_version: str
    cloud: str = ""
    location: str = ""
    network: NetworkInfo
    pools: tuple[PoolInfo, ...] = ()
    nodes: NodeCounts
    node_list: tuple[NodeInfo, ...] = ()
    add_ons: tuple[str, ...] = ()
    third_party: tuple[str, ...] = ()


class Summary(_Frozen):
    """Counts over all findings; keys are always all present, zeros included."""

    by_owner: dict[Owner, int]
    by_severity: dict[Severity, int]
    roots_by_owner: dict[Owner, int]
    cluster_unsupported: bool


class CheckResult(_Frozen):
    """What became of one rule, for the sections "healthy", "not applicable" and "unknown"."""

    rule: str
    title: str
    component: str
    outcome: Outcome
    reason: str = ""
    missing: tuple[Gap, ...] = ()


class Exposure(_Frozen):
    """A known bug that what runs here opens the door to, or whose fix already runs here.

    ``affected`` and ``possible``: a version or a setting alone speaks for it, so it is never a
    cause of anything. ``fixed-here``: its signs were seen and the fix runs; something else makes
    them. ``why`` are the gates' answers as sentences; ``count`` is how many objects.
    """

    bug: str
    title: str
    component: str
    status: Literal["affected", "possible", "fixed-here"]
    why: tuple[str, ...] = ()
    subject: Subject
    affects: tuple[Subject, ...] = ()
    count: int = 1
    links: tuple[str, ...] = ()
    fixed_in: str = ""
    workaround: str = ""
    evidence: tuple[Evidence, ...] = ()


class Lead(_Frozen):
    """A burst of log lines that no signature explains: where to look, and never a verdict.

    ``template`` is the line with its changing parts left out. ``why`` says against what it stands
    out (the time before, or the other nodes of the pool). Rates are lines per minute; ``usual`` is
    None where there is nothing to compare with.
    """

    template: str
    component: str
    node: str | None = None
    count: int
    rate: float
    usual: float | None = None
    onset: datetime | None = None
    last_seen: datetime | None = None
    why: str
    evidence: tuple[Evidence, ...] = ()


class TimelineEntry(_Frozen):
    """One thing that happened, on the cluster's clock (node clocks corrected where known).

    ``lane`` is the component or node pool that it belongs to; ``finding`` the id of the finding
    whose onset it is. ``until`` and ``count`` are for what repeated.
    """

    at: datetime
    until: datetime | None = None
    kind: Literal["event", "condition", "restart", "log", "bug", "change", "upgrade", "finding"]
    lane: str
    what: str
    subject: Subject | None = None
    count: int = 1
    finding: str | None = None
    evidence: Evidence | None = None


class ComparedObject(_Frozen):
    """One managed object against its baseline: how many values were compared, and what it came to.

    ``allowed`` are differences that AKS lets a customer make, as ``path: value`` texts.
    ``newer`` are images or versions that are newer than the baseline's data: no judgement.
    """

    component: str
    subject: Subject
    values: int
    matched: int
    allowed: tuple[str, ...] = ()
    newer: tuple[str, ...] = ()


class Comparison(_Frozen):
    """What was compared with the baseline at all. ``days_apart``: collection minus data date."""

    as_of: str
    days_apart: int | None = None
    objects: tuple[ComparedObject, ...] = ()
    #: Expected components that could not be compared, with the reason.
    not_compared: tuple[str, ...] = ()


class CauseEdge(_Frozen):
    """``cause`` explains ``symptom`` (finding ids) by ``effect``."""

    cause: str
    symptom: str
    effect: str


class Diagnosis(_Frozen):
    """Everything that a report shows. ``schema_version`` "1": fields are only ever added."""

    schema_version: Literal["1"] = "1"
    tool: Tool
    bundle: BundleInfo
    cluster: ClusterInfo
    summary: Summary
    findings: tuple[Finding, ...] = ()
    causes: tuple[CauseEdge, ...] = ()
    healthy: tuple[CheckResult, ...] = ()
    unknown: tuple[CheckResult, ...] = ()
    not_applicable: tuple[CheckResult, ...] = ()
    crashed: tuple[CheckResult, ...] = ()
    notices: tuple[str, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    leads: tuple[Lead, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    comparison: Comparison | None = None
