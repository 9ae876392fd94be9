"""The order of a report and the names of its places: worked out once, used by every section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.model.diagnosis import CauseEdge, Diagnosis
from analyzer.model.finding import Finding
from analyzer.model.owner import Owner
from analyzer.render.marks import Link, OwnerMark
from analyzer.render.text import clip, one_line
from analyzer.render.words import OWNER_GLYPHS, OWNER_NAMES, OWNER_ORDER

_ANCHOR = re.compile(r"[A-Za-z][A-Za-z0-9-]{2,63}")
TITLE_MAX = 160


def mark(owner: Owner) -> OwnerMark:
    """The owner with its name and glyph."""
    return OwnerMark(owner.value, OWNER_NAMES[owner], OWNER_GLYPHS[owner])


@dataclass(frozen=True, slots=True)
class Index:
    """Findings in page order, their anchors, and the cause edges among them."""

    diagnosis: Diagnosis
    findings: tuple[Finding, ...]
    anchors: dict[str, str]
    #: Direct symptoms by cause, and direct causes by symptom; ids in page order.
    symptoms: dict[str, tuple[str, ...]]
    causes: dict[str, tuple[str, ...]]
    effects: dict[tuple[str, str], str]

    def finding(self, key: str) -> Finding:
        """The finding with this id."""
        return next(finding for finding in self.findings if finding.id == key)

    def link(self, finding: Finding) -> Link:
        """A link to the finding, with its title."""
        return Link(title(finding), f"#{self.anchors[finding.id]}")

    def explained(self, key: str) -> frozenset[str]:
        """Ids of all that a finding explains, directly or not."""
        return frozenset(_reached(key, self.symptoms)) - {key}

    @property
    def roots(self) -> tuple[Finding, ...]:
        """Findings that no other one explains, worst first."""
        return tuple(finding for finding in self.findings if not self.causes[finding.id])


def title(finding: Finding) -> str:
    """The finding's title on one line, of bounded length."""
    return clip(one_line(finding.title), TITLE_MAX)


def build_index(diagnosis: Diagnosis) -> Index:
    """Sort the findings and resolve the links among them.

    Roots come first by severity, each followed by what it explains, so that a reader meets a cause
    before its symptoms. Edges that name findings which are not there are left out.
    """
    found = () if diagnosis.cluster.aks == "no" else diagnosis.findings
    by_id = {finding.id: finding for finding in found}
    edges = _edges(found, diagnosis.causes, by_id)
    symptoms = {
        key: tuple(sorted(_targets(edges, key), key=lambda k: _rank(by_id[k]))) for key in by_id
    }
    causes = {
        key: tuple(sorted({c for c, s in edges if s == key}, key=lambda k: _rank(by_id[k])))
        for key in by_id
    }
    weight = {key: len(set(_reached(key, symptoms))) for key in by_id}
    tops = sorted(
        (finding for finding in found if not causes[finding.id]),
        key=lambda f: (f.severity.rank, -weight[f.id], *_rank(f)[1:]),
    )
    order = list(dict.fromkeys(key for top in tops for key in _reached(top.id, symptoms)))
    order += sorted((key for key in by_id if key not in order), key=lambda k: _rank(by_id[k]))
    ordered = tuple(by_id[key] for key in order)
    return Index(diagnosis, ordered, _anchors(ordered), symptoms, causes, edges)


def _rank(finding: Finding) -> tuple[int, int, str, str, str]:
    return (
        finding.severity.rank,
        OWNER_ORDER[finding.owner],
        finding.rule,
        finding.subject.key,
        finding.id,
    )


def _edges(
    findings: tuple[Finding, ...], causes: tuple[CauseEdge, ...], by_id: dict[str, Finding]
) -> dict[tuple[str, str], str]:
    """Cause and symptom with the effect between them, without edges that would close a circle."""
    wanted = {(edge.cause, edge.symptom): edge.effect for edge in causes}
    for finding in findings:
        for cause in finding.explained_by:
            wanted.setdefault((cause, finding.id), "")
    edges: dict[tuple[str, str], str] = {}
    onward: dict[str, tuple[str, ...]] = {}
    for (cause, symptom), effect in sorted(wanted.items()):
        if cause not in by_id or symptom not in by_id or by_id[symptom].root:
            continue
        if cause in _reached(symptom, onward):
            continue
        edges[cause, symptom] = effect
        onward[cause] = (*onward.get(cause, ()), symptom)
    return edges


def _targets(edges: dict[tuple[str, str], str], key: str) -> set[str]:
    return {symptom for cause, symptom in edges if cause == key}


def _reached(key: str, onward: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """The key and all that follows from it, each once, causes before symptoms."""
    seen: set[str] = set()
    waiting = [key]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            yield current
            waiting += reversed(onward.get(current, ()))


def _anchors(findings: tuple[Finding, ...]) -> dict[str, str]:
    """Ids in the page from rule and fingerprint; never anything that a cluster could choose."""
    anchors: dict[str, str] = {}
    taken: set[str] = set()
    for number, finding in enumerate(findings, start=1):
        own = finding.id if finding.id.startswith(finding.rule) else f"{finding.rule}-{finding.id}"
        anchor = own if _ANCHOR.fullmatch(own) and own not in taken else f"finding-{number}"
        taken.add(anchor)
        anchors[finding.id] = anchor
    return anchors
