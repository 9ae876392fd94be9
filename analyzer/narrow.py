"""A diagnosis with only the findings that a reader asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from analyzer.model.diagnosis import Diagnosis, Summary
from analyzer.model.finding import Finding
from analyzer.model.owner import Owner, Stance
from analyzer.model.severity import Severity


def summarise(findings: Collection[Finding]) -> Summary:
    """Count findings and roots by owner, and findings by severity; zeros included."""
    owners = Counter(f.owner for f in findings)
    roots = Counter(f.owner for f in findings if f.root)
    severities = Counter(f.severity for f in findings)
    return Summary(
        by_owner={owner: owners[owner] for owner in Owner},
        by_severity={severity: severities[severity] for severity in Severity},
        roots_by_owner={owner: roots[owner] for owner in Owner},
        cluster_unsupported=any(f.stance is Stance.CLUSTER_UNSUPPORTED for f in findings),
    )


def narrow(diagnosis: Diagnosis, at_least: Severity, owners: Collection[Owner]) -> Diagnosis:
    """Keep findings of these owners that are at least that severe; references stay whole.

    A symptom whose cause is left out still says that it is a symptom (``root`` stays False).
    """
    keep = {
        f.id for f in diagnosis.findings if f.owner in owners and f.severity.rank <= at_least.rank
    }
    if len(keep) == len(diagnosis.findings):
        return diagnosis
    findings = tuple(
        finding.model_copy(
            update={
                "explained_by": tuple(i for i in finding.explained_by if i in keep),
                "symptoms": tuple(i for i in finding.symptoms if i in keep),
            }
        )
        for finding in diagnosis.findings
        if finding.id in keep
    )
    causes = tuple(e for e in diagnosis.causes if e.cause in keep and e.symptom in keep)
    return diagnosis.model_copy(
        update={"findings": findings, "causes": causes, "summary": summarise(findings)}
    )
