"""From hits to candidates: equal hits become one, with all names and counts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from analyzer.model.candidate import Candidate
from analyzer.model.hit import Hit, RuleResult
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject
from analyzer.rules.registry import Registered
from analyzer.rules.severities import severity_of

#: Evidence kept of a merged finding; the rest is in the counts.
MAX_EVIDENCE = 6


def gather(results: Iterable[RuleResult], rules: Mapping[str, Registered]) -> tuple[Candidate, ...]:
    """Merge the hits of each rule by group and build candidates, worst first, then by id."""
    candidates = []
    for result in results:
        for hits in _groups(result.hits).values():
            candidates.append(_candidate(rules[result.rule_id], hits))
    return tuple(sorted(candidates, key=lambda c: (c.severity.rank, c.id)))


def _groups(hits: Iterable[Hit]) -> dict[str, list[Hit]]:
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.group or hit.subject.key, []).append(hit)
    return groups


def _candidate(registered: Registered, hits: list[Hit]) -> Candidate:
    rule = registered.rule
    severity = min((severity_of(rule.id, h.variant) for h in hits), key=lambda s: s.rank)
    merged = _merge(hits, severity, rule.id)
    digest = hashlib.sha256(f"{rule.id}|{merged.group or merged.subject.key}".encode()).hexdigest()
    return Candidate(
        id=f"{rule.id}-{digest[:8]}",
        rule_id=rule.id,
        title=merged.title or rule.title,
        severity=severity,
        component=merged.component or rule.component,
        clauses=rule.clauses,
        hit=merged,
        signals=rule.signals.union(*(h.signals for h in hits)),
    )


def _merge(hits: list[Hit], severity: Severity, rule_id: str) -> Hit:
    """Texts of the worst hit, names and evidence of all."""
    worst = next(h for h in hits if severity_of(rule_id, h.variant) is severity)
    if len(hits) == 1:
        return worst
    affects = dict.fromkeys(s for h in hits for s in (*_own(h, worst), *h.affects))
    evidence = dict.fromkeys((*worst.evidence, *(h.evidence[0] for h in hits)))
    return replace(
        worst,
        affects=tuple(affects),
        evidence=tuple(evidence)[:MAX_EVIDENCE],
        count=sum(h.count for h in hits),
        first_seen=min(_known(h.first_seen for h in hits), default=None),
        onset_at_latest=any(h.onset_at_latest for h in hits),
        last_seen=max(_known(h.last_seen for h in hits), default=None),
        drift=tuple(dict.fromkeys(d for h in hits for d in h.drift)),
        would_change=tuple(dict.fromkeys(w for h in hits for w in h.would_change)),
    )


def _own(hit: Hit, worst: Hit) -> tuple[Subject, ...]:
    return () if hit.subject == worst.subject else (hit.subject,)


def _known(times: Iterable[datetime | None]) -> list[datetime]:
    return [time for time in times if time is not None]
