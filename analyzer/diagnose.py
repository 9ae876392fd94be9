"""Write an analysis down as the :class:`Diagnosis` that every report renders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.analysis import Analysis
from analyzer.baselines.baseline import Baseline
from analyzer.bugs import exposure_refs, exposures
from analyzer.bundle.layouts.plugged import layout_problems
from analyzer.bundle.limits import limits_in
from analyzer.bundle.stamps import NEWEST
from analyzer.comparison import compare
from analyzer.facts.facts import Facts
from analyzer.identity_card import build_cluster_info, collector_options
from analyzer.inputs import input_notices
from analyzer.instructions import ClusterNames, cluster_names, with_names
from analyzer.leads import find_leads
from analyzer.model.candidate import Candidate
from analyzer.model.diagnosis import (
    BundleInfo,
    CauseEdge,
    CheckResult,
    Diagnosis,
    Tool,
)
from analyzer.model.evidence import Evidence, EvidenceRef
from analyzer.model.finding import ActNext, Finding
from analyzer.model.gap import Gap, Presence
from analyzer.model.hit import Outcome, RuleResult
from analyzer.model.owner import Actor
from analyzer.narrow import summarise
from analyzer.rules.registry import Registered, plugin_notices
from analyzer.supply import Supply
from analyzer.timeline import Moment, Timeline, chosen, moment_refs, timeline_entries
from analyzer.version import VERSION

#: Actors as people say them.
ACTOR_NAMES = {
    Actor.MICROSOFT: "Microsoft",
    Actor.CUSTOMER: "Customer",
    Actor.CNI_VENDOR: "CNI vendor",
    Actor.UPSTREAM: "Upstream project",
}


def cited(candidates: Sequence[Candidate], facts: Facts, supply: Supply) -> set[EvidenceRef]:
    """All evidence that the diagnosis will show."""
    refs = {ref for candidate in candidates for ref in candidate.hit.evidence}
    refs |= exposure_refs(supply.sightings) | moment_refs(_moments(candidates, supply))
    return refs | set(facts.identity.network.evidence) | set(facts.identity.aks_evidence)


def build_diagnosis(analysis: Analysis) -> Diagnosis:
    """Assemble the model; every list has a fixed order."""
    names = cluster_names(analysis.loaded.facts)
    findings = tuple(_finding(candidate, analysis, names) for candidate in analysis.candidates)
    return Diagnosis(
        tool=_tool(analysis),
        bundle=_bundle_info(analysis),
        cluster=build_cluster_info(analysis),
        summary=summarise(findings),
        findings=findings,
        causes=tuple(
            CauseEdge(cause=e.cause, symptom=e.symptom, effect=e.effect)
            for e in analysis.explanation.edges
        ),
        healthy=_checks(analysis, Outcome.CLEAR),
        unknown=_checks(analysis, Outcome.UNKNOWN, Outcome.HIT),
        not_applicable=_checks(analysis, Outcome.NOT_APPLICABLE),
        crashed=_checks(analysis, Outcome.CRASHED),
        notices=_notices(analysis),
        exposures=exposures(analysis.supply.sightings, analysis.excerpts.get),
        comparison=compare(analysis.loaded.facts, analysis.supply.by_type[Baseline]),
        leads=find_leads(analysis.loaded.facts.logs, analysis.supply.pool_of),
        timeline=timeline_entries(
            _moments(analysis.candidates, analysis.supply), analysis.excerpts.get
        ),
    )


def _moments(candidates: Sequence[Candidate], supply: Supply) -> tuple[Moment, ...]:
    """What of the timeline is told, with the onset of the findings in it."""
    timeline: Timeline = supply.by_type[Timeline]
    return chosen(timeline, candidates)


def _finding(candidate: Candidate, analysis: Analysis, names: ClusterNames) -> Finding:
    hit, verdict = candidate.hit, analysis.verdicts[candidate.id]
    doc = analysis.rules[candidate.rule_id].doc
    explanation = analysis.explanation
    others = (who for who in doc.do if who is not verdict.act_next.who)

    def named(text: str) -> str:
        return with_names(text, candidate.subject, hit.affects, names)

    return Finding(
        id=candidate.id,
        rule=candidate.rule_id,
        title=candidate.title,
        severity=candidate.severity,
        component=candidate.component,
        subject=candidate.subject,
        owner=verdict.owner,
        decided_by=verdict.decided_by,
        stance=verdict.stance,
        confidence=verdict.confidence,
        act_next=ActNext(who=verdict.act_next.who, what=named(verdict.act_next.what)),
        saw=hit.saw,
        expected=hit.expected,
        because=verdict.because,
        would_change=verdict.would_change,
        root=candidate.id not in explanation.root_of,
        explained_by=explanation.explained_by.get(candidate.id, ()),
        symptoms=explanation.symptoms.get(candidate.id, ()),
        first_seen=hit.first_seen,
        last_seen=hit.last_seen,
        count=hit.count,
        affects=hit.affects,
        known_bug=hit.known_bug,
        drift=hit.drift,
        evidence=tuple(_cut(ref, analysis) for ref in hit.evidence),
        remediation=tuple(f"{ACTOR_NAMES[who]}: {named(doc.do[who])}" for who in others),
        references=doc.references,
        why_it_matters=doc.sections["Why it matters"],
    )


def _cut(ref: EvidenceRef, analysis: Analysis) -> Evidence:
    """The excerpt; a member that could not be read again is still named."""
    return analysis.excerpts.get(ref) or Evidence(path=ref.path, line=1, excerpt="", what=ref.what)


def _tool(analysis: Analysis) -> Tool:
    reference = analysis.reference
    return Tool(
        version=VERSION,
        policy=reference.pack.date,
        baselines=reference.catalogue.as_of,
        bugs=reference.bugs.as_of,
    )


def _bundle_info(analysis: Analysis) -> BundleInfo:
    bundle, inventory = analysis.bundle, analysis.loaded.inventory
    identity = analysis.loaded.facts.identity
    manifest = bundle.manifest
    missing = _missing(analysis)
    collector = manifest.collector if manifest is not None else None
    return BundleInfo(
        name=bundle.name,
        sha256=bundle.sha256(),
        size_bytes=bundle.size_bytes,
        format=bundle.format,
        layout=bundle.layout,
        collector=f"{collector.name} {collector.version}".strip() if collector else "",
        collector_options=collector_options(manifest),
        collected_at=identity.collected_at,
        collected_at_source=identity.collected_at_source,
        started=manifest.started if manifest is not None else None,
        complete=inventory.complete and not analysis.loaded.facts.gaps,
        missing=missing,
        masked=dict(sorted(manifest.masked.items())) if manifest is not None else {},
        redacted=manifest is not None and manifest.redacted,
    )


def _missing(analysis: Analysis) -> tuple[Gap, ...]:
    gaps = set(analysis.loaded.inventory.gaps()) | set(analysis.loaded.facts.gaps)
    return tuple(sorted(gaps, key=lambda gap: (gap.path, gap.reason, gap.detail)))


def _checks(analysis: Analysis, *outcomes: Outcome) -> tuple[CheckResult, ...]:
    """Rules with one of these outcomes; a rule with hits is listed only for what it missed."""
    return tuple(
        _check(result, analysis.rules[result.rule_id])
        for result in analysis.results
        if result.outcome in outcomes and (result.outcome is not Outcome.HIT or result.gaps)
    )


def _check(result: RuleResult, registered: Registered) -> CheckResult:
    return CheckResult(
        rule=result.rule_id,
        title=registered.rule.title,
        component=registered.rule.component,
        outcome=result.outcome,
        reason=result.reason,
        missing=result.gaps,
    )


def _notices(analysis: Analysis) -> tuple[str, ...]:
    """What a reader must know before reading on."""
    bundle, facts = analysis.bundle, analysis.loaded.facts
    notices = []
    if bundle.format == 1 and bundle.manifest is None:
        notices.append("The bundle has no manifest: the collection was interrupted.")
    if facts.identity.collected_at is None or facts.identity.collected_at_source == NEWEST:
        when = "unknown" if facts.identity.collected_at is None else f"the {NEWEST}"
        notices.append(f"The bundle does not say when it was collected; its time is {when}.")
    hit = limits_in(_details(analysis))
    if hit:
        notices.append(
            f"Limits were reached ({', '.join(hit)}): what lies beyond was not judged. "
            "'demarc analyze --limit' raises them."
        )
    broken = [g for g in facts.gaps if g.reason in (Presence.FAILED, Presence.TRUNCATED)]
    if broken:
        what = "1 input" if len(broken) == 1 else f"{len(broken)} inputs"
        notices.append(f"{what} could not be read whole; see what is missing.")
    told = input_notices(bundle, analysis.loaded.inventory, facts)
    return (*notices, *told, *_cycles(analysis), *layout_problems(), *plugin_notices())


def _details(analysis: Analysis) -> Iterator[str]:
    """What all gaps say, those of the bundle and those of single checks."""
    yield from (gap.detail for gap in _missing(analysis))
    yield from (gap.detail for result in analysis.results for gap in result.gaps)


def _cycles(analysis: Analysis) -> tuple[str, ...]:
    """Where findings could each cause the other, and which was taken for the start."""
    dropped = analysis.explanation.dropped
    if not dropped:
        return ()
    titles = {candidate.id: candidate.title for candidate in analysis.candidates}
    more = f", and {len(dropped) - 1} more such pairs" if len(dropped) > 1 else ""
    return (
        f'"{titles[dropped[0].symptom]}" and "{titles[dropped[0].cause]}" could each be the cause '
        f"of the other{more}: the earlier, or else the worse one, counts as the start.",
    )
