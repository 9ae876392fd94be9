"""Which members of the bundle a diagnosis cites, where, and for which findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from analyzer.model.diagnosis import Diagnosis
from analyzer.model.evidence import Evidence, EvidenceRef


@dataclass
class CitedMember:
    """One member: cited lines (from 1), uids or names of cited objects, and who cites it.

    ``rank`` is the place of the worst finding that cites it: what must be left out for its size is
    left out from the end.
    """

    path: str
    rank: int
    lines: set[int] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    findings: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The findings that cite it, in short."""
        shown = ", ".join(self.findings[:4])
        return f"{shown} and {len(self.findings) - 4} more" if len(self.findings) > 4 else shown


@dataclass(frozen=True, slots=True)
class _Citation:
    """One piece of evidence: who cites it, and what it is about."""

    label: str
    finding: str
    evidence: Evidence
    names: tuple[str, ...] = ()


def cited_members(
    diagnosis: Diagnosis, refs: Mapping[str, Iterable[EvidenceRef]]
) -> tuple[CitedMember, ...]:
    """All cited members, those of the worst findings first.

    ``refs`` are the references of each finding by its id (empty: of the cluster's network); they
    tell which object of a listing is meant, which an excerpt does not.
    """
    anchors = _anchors(refs)
    found: dict[str, CitedMember] = {}
    for rank, citation in enumerate(_citations(diagnosis)):
        path = citation.evidence.path
        member = found.setdefault(path, CitedMember(path, rank))
        member.lines.add(citation.evidence.line)
        member.objects |= anchors.get((citation.finding, path), set(citation.names))
        if citation.label not in member.findings:
            member.findings.append(citation.label)
    return tuple(sorted(found.values(), key=lambda m: (m.rank, m.path)))


def _citations(diagnosis: Diagnosis) -> Iterator[_Citation]:
    """Findings first, roots before symptoms, then what is no finding."""
    for finding in sorted(diagnosis.findings, key=lambda f: not f.root):
        for evidence in finding.evidence:
            yield _Citation(finding.id, finding.id, evidence, (finding.subject.name,))
    for exposure in diagnosis.exposures:
        names = (exposure.subject.name, *(subject.name for subject in exposure.affects[:3]))
        for evidence in exposure.evidence:
            yield _Citation(f"exposure {exposure.bug}", "", evidence, names)
    for lead in diagnosis.leads:
        for evidence in lead.evidence:
            yield _Citation("where to look", "", evidence)
    for evidence in diagnosis.cluster.network.evidence:
        yield _Citation("network", "", evidence)


def _anchors(refs: Mapping[str, Iterable[EvidenceRef]]) -> Mapping[tuple[str, str], set[str]]:
    """Finding and member → uids or names of the objects that are meant."""
    found: dict[tuple[str, str], set[str]] = {}
    for finding, own in refs.items():
        for ref in own:
            key, separator, value = ref.anchors[0].partition(": ") if ref.anchors else ("", "", "")
            if separator and key in ("uid", "name"):
                found.setdefault((finding, ref.path), set()).add(value)
    return found
