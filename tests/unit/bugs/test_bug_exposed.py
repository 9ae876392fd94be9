"""Exposures in the diagnosis: one row per bug, the fixed ones among them, never a finding."""

from __future__ import annotations

import pytest

from analyzer.bugs import BugSighting, BugSightings, Status, exposures, load_bugs, match_bugs
from analyzer.model.evidence import Evidence, EvidenceRef
from analyzer.model.subject import CLUSTER, Subject
from tests.unit.bugs.test_bug_match import STOPPED, facts, journal, node

BUGS = load_bugs()


def cut(ref: EvidenceRef) -> Evidence | None:
    return Evidence(path=ref.path, line=ref.line or 1, excerpt=ref.excerpt or "", what=ref.what)


def test_by_version_alone_with_its_nodes_and_fix() -> None:
    nodes = [
        node(f"n{i}", kernel="5.15.0-1094-azure", os_image="Ubuntu 22.04.5 LTS") for i in "123"
    ]
    found = exposures(match_bugs(BUGS, facts(nodes=nodes)), cut)
    row = next(one for one in found if one.bug == "linux-azure-2204-1094-regression-2025-09")
    assert (row.status, row.count, row.subject) == ("affected", 3, CLUSTER)
    assert [one.name for one in row.affects] == ["n1", "n2", "n3"]
    assert row.fixed_in.startswith("a node image with kernel 5.15.0-1096 or later")
    assert row.links and row.why and row.evidence


def test_signs_of_a_bug_whose_fix_runs_are_told_as_fixed_here() -> None:
    text = f'"StartContainer failed" err="{STOPPED}"'
    bundle = facts(nodes=[node()], runc="1.4.1", logs=journal((0, text), (5, text)))
    sightings = match_bugs(BUGS, bundle)
    (row,) = [one for one in exposures(sightings, cut) if one.status == "fixed-here"]
    assert row.bug == "runc-140-spurious-container-stopped"
    assert row.subject == Subject(kind="Node", name="aks-np-0")
    assert any("has the fix" in why for why in row.why)
    assert STOPPED in row.evidence[0].excerpt
    assert not [s for s in sightings.findings if s.bug.id == row.bug]


def sighting(bug: str, status: Status, name: str) -> BugSighting:
    ref = EvidenceRef(f"nodes/{name}/x", line=1, excerpt="x")
    subject = Subject(kind="Node", name=name)
    return BugSighting(
        bug=BUGS.get(bug), subject=subject, status=status, why=(f"on {name}",), evidence=(ref,)
    )


def test_one_row_per_bug_however_many_nodes() -> None:
    many = [
        sighting("runc-140-spurious-container-stopped", Status.FIXED_HERE, f"n{i:03d}")
        for i in range(250)
    ]
    (row,) = exposures(BugSightings(tuple(many)), cut)
    assert (row.count, len(row.affects), len(row.why), len(row.evidence)) == (250, 100, 6, 3)


def test_affected_before_possible_before_fixed_and_worse_first() -> None:
    rows = (
        sighting("runc-140-spurious-container-stopped", Status.FIXED_HERE, "n1"),
        sighting("containerd-attach-goroutine-leak", Status.POSSIBLE, "n1"),
        sighting("containerd-attach-goroutine-leak", Status.AFFECTED, "n2"),
        sighting("cve-2026-31431-copy-fail", Status.AFFECTED, "n1"),
    )
    found = exposures(BugSightings(rows), cut)
    assert [one.status for one in found] == ["affected", "affected", "possible", "fixed-here"]
    first, second = (BUGS.get(one.bug).severity.rank for one in found[:2])
    assert first <= second


@pytest.mark.parametrize("status", [Status.AFFECTED, Status.POSSIBLE])
def test_bugs_at_work_are_findings_and_no_exposures(status: Status) -> None:
    one = sighting("runc-140-spurious-container-stopped", status, "n1")
    assert exposures(BugSightings((one,)), cut) == ()
