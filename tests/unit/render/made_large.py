"""Diagnoses of any size: many findings in chains, and crowds of root causes of few kinds."""

from __future__ import annotations

from datetime import timedelta

from made import (
    AT,
    cluster,
    diagnosis,
    finding,
    linked,
    node_name,
)
from made_beside import comparison, entry, exposures, lead, story

from analyzer.model.diagnosis import (
    Diagnosis,
)
from analyzer.model.evidence import Evidence
from analyzer.model.owner import Owner
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject


def many(total: int, nodes: int, lines: int = 24) -> Diagnosis:
    """A page with many findings, much evidence and many nodes."""
    owners = list(Owner)[:4]
    severities = list(Severity)
    items = [
        finding(
            n + 1,
            owner=owners[n % 4],
            severity=severities[min(4, n * 6 // total)],
            component=f"component-{n % 11}",
            affects=tuple(
                Subject(kind="Node", name=node_name(n % 3 + 1, k))
                for k in range(n, n + nodes // 40)
            ),
            evidence=tuple(
                Evidence(
                    path=f"nodes/{node_name(1, n)}/logs/part-{k * 3 // lines}.log",
                    line=100 + k,
                    excerpt=f"E1120 01:52:{k:02}.1 reconciler.go:{n} step {k} <failed> & retried "
                    + "x" * 150,
                )
                for k in range(lines)
            ),
        )
        for n in range(total)
    ]
    pairs = [(n // 5 * 5, n) for n in range(total) if n % 5]
    return diagnosis(linked(items, pairs), cluster=cluster(nodes, silent=nodes // 100))


def crowd(total: int, nodes: int, lines: int) -> Diagnosis:
    """Hundreds of root causes of a few kinds, on thousands of nodes, with a long timeline."""
    owners, severities = list(Owner), list(Severity)
    items = []
    for n in range(total):
        kind = n * 7 % 13
        severity = severities[min(4, kind // 2)]
        items.append(
            finding(
                kind + 1,
                id=f"AKS-NET-{kind + 1:03}-{n * 2654435761 % 2**32:08x}",
                title=f"Workload team-{n % 40}/service-{n} cannot do thing {kind + 1}",
                owner=owners[kind % 5],
                severity=severity,
                component=f"component-{kind}",
                subject=Subject(kind="Deployment", namespace=f"team-{n % 40}", name=f"service-{n}"),
                affects=tuple(
                    Subject(kind="Node", name=node_name(n % 3 + 1, n * 11 % (nodes // 3) + k))
                    for k in range(4)
                ),
                evidence=tuple(
                    Evidence(
                        path=f"nodes/{node_name(1, n)}/logs/part-{k * 2 // lines}.log",
                        line=100 + k,
                        excerpt=f"E1120 01:52:{k:02}.1 sync.go:{n} step {k} <failed> & retried "
                        + "x" * 100,
                    )
                    for k in range(lines)
                ),
                first_seen=AT - timedelta(minutes=40 + n % 300),
            )
        )
    found = linked(items, [(n - 1, n) for n in range(4, total, 5)])
    return diagnosis(
        found,
        cluster=cluster(nodes, silent=nodes // 100),
        exposures=exposures(60),
        leads=tuple(lead(n) for n in range(30)),
        timeline=tuple(
            sorted(
                [*story(()), *(entry(n % 360, lane=f"np{n % 3 + 1}") for n in range(2000))],
                key=lambda e: (e.at, e.lane, e.what),
            )
        ),
        comparison=comparison(),
    )
