"""Is a cluster fit to be captured? What speaks against it, from its findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.baselines.markers import is_managed_namespace
from analyzer.model.finding import Finding
from analyzer.model.severity import Severity

#: From this severity on, a finding on what AKS runs makes the cluster no model.
_GRAVE = Severity.HIGH
#: Findings up to this severity say something of an object; lesser ones do not.
_COUNTS = Severity.LOW


@dataclass(frozen=True, slots=True)
class Fitness:
    """What speaks against a capture.

    ``obstacles`` forbid it, ``warnings`` should be read; both are sentences. ``troubled`` maps keys
    of single objects (``Kind/namespace/name``) to what is wrong with them.
    """

    obstacles: tuple[str, ...]
    warnings: tuple[str, ...]
    troubled: dict[str, str]


def fitness(findings: Iterable[Finding], aks: str, unread: Iterable[str] = ()) -> Fitness:
    """Judge a cluster by its findings, by whether it is AKS (``yes``, ``no``, ``unknown``).

    ``unread`` are the listings that could not be read: their objects would be missing.
    """
    obstacles: list[str] = []
    warnings: list[str] = []
    troubled: dict[str, str] = {}
    if aks != "yes":
        obstacles.append("nothing shows that the cluster is AKS")
    warnings.extend(f"not readable, so nothing of it is captured: {name}" for name in unread)
    for finding in sorted(findings, key=lambda f: (f.severity.rank, f.rule, f.subject.key)):
        if finding.severity.rank > _COUNTS.rank:
            continue
        why = f"{finding.rule}, {finding.severity}: {finding.title}"
        for subject in (finding.subject, *finding.affects):
            troubled.setdefault(subject.key, why)
        if not finding.root:
            continue
        grave = finding.severity.rank <= _GRAVE.rank and _of_aks(finding)
        (obstacles if grave else warnings).append(f"{why} ({finding.subject})")
    return Fitness(tuple(obstacles), tuple(warnings), troubled)


def _of_aks(finding: Finding) -> bool:
    """True where a finding sits on what AKS runs: a node, the cluster, a managed namespace."""
    namespace = finding.subject.namespace
    return namespace is None or is_managed_namespace(namespace)
