"""Every scenario of ``fixtures/scenarios`` gives the roots and owners that it describes."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.diagnose import build_diagnosis
from analyzer.model.diagnosis import Diagnosis
from analyzer.options import Options
from analyzer.pipeline import run_stages
from fixtures.build import load_scenario, tree
from tests.rules.harness import bundle_of
from tests.scenarios.judge import misses, serious

SCENARIOS = sorted(Path("fixtures/scenarios").glob("*.yaml"))


def _diagnose(path: Path) -> Diagnosis:
    bundle = bundle_of(tree(load_scenario(path)))
    return build_diagnosis(run_stages(bundle, Options(jobs=1, bundle_name=f"{path.stem}.tar")))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    diagnosis = _diagnose(path)
    assert not diagnosis.crashed, diagnosis.crashed[0].reason
    expect = load_scenario(path).expect
    assert not misses(diagnosis, expect)
    for finding in diagnosis.findings:
        assert finding.because[-1].decided or finding.because[0].decided
        assert all(e.excerpt for e in finding.evidence), finding.title


def test_there_are_healthy_scenarios_of_every_base() -> None:
    healthy = [p for p in SCENARIOS if p.stem.startswith("healthy-")]
    assert len(healthy) >= 8
    for path in healthy:
        assert not serious(_diagnose(path)), path.stem


def test_a_foreign_cluster_gets_no_verdict_of_the_aks_policy() -> None:
    diagnosis = _diagnose(Path("fixtures/scenarios/healthy-foreign.yaml"))
    assert diagnosis.cluster.aks == "no" and not diagnosis.findings
    assert diagnosis.not_applicable and not diagnosis.healthy
