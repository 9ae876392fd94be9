"""Every scenario of ``fixtures/scenarios`` gives the roots and owners that it describes."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml

from analyzer.diagnose import build_diagnosis
from analyzer.model.diagnosis import Diagnosis
from analyzer.options import Options
from analyzer.pipeline import run_stages
from fixtures.build import load_scenario, tree
from fixtures.scenario import Scenario
from tests.rules.harness import bundle_of
from tests.scenarios.judge import misses

SCENARIOS = sorted(Path("fixtures/scenarios").glob("*.yaml"))
#: Scenario → why the analysis does not yet say what its author says. Strict: whoever mends one
#: takes its line out.
KNOWN_MISSES: dict[str, str] = (
    yaml.safe_load(Path(__file__).with_name("known_misses.yaml").read_text("utf-8")) or {}
)


def _diagnose(path: Path) -> Diagnosis:
    bundle = bundle_of(tree(load_scenario(path)))
    return build_diagnosis(run_stages(bundle, Options(jobs=1, bundle_name=f"{path.stem}.tar")))


@cache
def _labels() -> dict[str, Scenario]:
    return {path.stem: load_scenario(path) for path in SCENARIOS}


def _marked(path: Path) -> object:
    why = KNOWN_MISSES.get(path.stem)
    marks = [pytest.mark.xfail(strict=True, reason=why, raises=AssertionError)] if why else []
    return pytest.param(path, marks=marks, id=path.stem)


@pytest.mark.parametrize("path", [_marked(path) for path in SCENARIOS])
def test_scenario(path: Path) -> None:
    diagnosis = _diagnose(path)
    if diagnosis.crashed:
        pytest.fail(diagnosis.crashed[0].reason)
    for finding in diagnosis.findings:
        assert finding.because[-1].decided or finding.because[0].decided
        assert all(e.excerpt for e in finding.evidence), finding.title
    assert not misses(diagnosis, load_scenario(path).expect)


def test_known_misses_are_scenarios() -> None:
    assert set(KNOWN_MISSES) <= set(_labels())
    assert all(len(why) > 20 for why in KNOWN_MISSES.values())


def test_the_corpus_is_wide() -> None:
    labels = _labels().values()
    count = Counter(label.category for label in labels)
    assert len(labels) >= 100
    assert count["healthy"] >= 15 and count["evidence-missing"] >= 15
    assert count["several-roots"] >= 10 and count["adversarial"] >= 10 and count["chain"] >= 10
    assert len({label.base for label in labels}) == 8
    assert len({label.kubernetes for label in labels}) >= 7
    assert {trait for label in labels for trait in label.traits} >= {
        "automatic", "dual-stack", "istio", "private", "virtual-machines", "windows",
    }  # fmt: skip
    assert max(sum(label.pools.values()) for label in labels) >= 60
    owners = Counter(
        owner
        for label in labels
        for root in label.expect.roots
        for owner in ((root.owner,) if isinstance(root.owner, str) else root.owner)
    )
    assert set(owners) == {"microsoft", "customer", "upstream", "byocni-excluded", "undetermined"}


def test_labels_keep_to_their_category() -> None:
    for name, label in _labels().items():
        expect = label.expect
        if label.category == "healthy":
            assert not expect.roots and not expect.owners, name
        elif label.category == "several-roots":
            assert len(expect.roots) >= 2, name
        elif label.category == "evidence-missing":
            # With these causes the node does not answer, and its own files are missing.
            silent = any(
                call.params.get("cause") in ("unknown", "network") for call in label.faults
            )
            assert label.drop or "fields-not-shown" in label.traits or silent or not label.azure, (
                name
            )
        elif label.category == "chain":
            assert any(root.explains or root.bug for root in expect.roots) or expect.folded, name
        else:
            assert expect.roots, name


def test_there_are_healthy_scenarios_of_every_base() -> None:
    healthy = [label for label in _labels().values() if label.category == "healthy"]
    assert {label.base for label in healthy} >= {
        "overlay", "node-subnet", "pod-subnet", "cilium", "kubenet", "byocni-calico", "foreign",
    }  # fmt: skip


def test_a_foreign_cluster_gets_no_verdict_of_the_aks_policy() -> None:
    diagnosis = _diagnose(Path("fixtures/scenarios/healthy-foreign.yaml"))
    assert diagnosis.cluster.aks == "no" and not diagnosis.findings
    assert diagnosis.not_applicable and not diagnosis.healthy
