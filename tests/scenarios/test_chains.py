"""Cause chains: symptoms fold over several steps, roots stay apart, and broken cycles are told."""

from __future__ import annotations

from pathlib import Path

from analyzer.model.diagnosis import Diagnosis
from tests.scenarios.test_scenarios import _diagnose

FOLDER = Path("fixtures/scenarios")


def _of(name: str) -> Diagnosis:
    return _diagnose(FOLDER / f"{name}.yaml")


def test_a_cycle_of_causes_is_told_and_the_first_is_the_start() -> None:
    """A lost node takes azure-cns with it, and without azure-cns a node is not ready."""
    diagnosis = _of("node-not-ready-kubelet-stopped")
    (told,) = [text for text in diagnosis.notices if "could each be the cause" in text]
    assert "azure-cns is not ready" in told and "is not ready" in told
    node = next(f for f in diagnosis.findings if f.rule == "AKS-NODE-001")
    agent = next(f for f in diagnosis.findings if f.title.startswith("azure-cns is not ready"))
    assert agent.id not in node.explained_by and not agent.root


def test_every_symptom_hangs_under_one_root_and_no_root_under_another() -> None:
    for name in (
        "chain-cni-missing-managed",
        "several-all-but-byocni",
        "chain-old-image-kernel-bug",
    ):
        diagnosis = _of(name)
        ids = {f.id for f in diagnosis.findings}
        roots = {f.id for f in diagnosis.findings if f.root}
        under = [symptom for f in diagnosis.findings if f.root for symptom in f.symptoms]
        assert set(under) == ids - roots, name
        for finding in diagnosis.findings:
            assert bool(finding.explained_by) != finding.root, finding.title
            assert set(finding.explained_by) <= ids


def test_a_chain_of_three_steps_takes_the_verdict_of_its_start() -> None:
    """azure-cns ends, the node is not ready, pods on it wait: all of it is Microsoft's."""
    diagnosis = _of("chain-cni-missing-managed")
    above_low = [f for f in diagnosis.findings if f.severity.value not in ("low", "info")]
    assert len(above_low) >= 3
    assert {f.owner.value for f in above_low} == {"microsoft"}
    assert {f.decided_by for f in above_low if not f.root} == {"O-1-root"}
