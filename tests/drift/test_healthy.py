"""A healthy cluster of every network mode, minor and node image shows no drift at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.baselines.baseline import Baseline
from analyzer.comparison import compare
from tests.drift.worlds import World

MODES = ("node-subnet", "pod-subnet", "overlay", "cilium", "kubenet", "byocni-calico")
MINORS = ("1.33", "1.34", "1.35", "1.36")
SYSTEMS = ("ubuntu2204", "ubuntu2404", "azurelinux3")
ADD_ONS = ("ama-logs", "key-vault", "azure-policy", "workload-identity")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("mode", MODES)
def test_no_drift(mode: str, minor: str, system: str) -> None:
    cluster = World(base=mode, kubernetes=minor, os=system, addons=list(ADD_ONS))
    facts = cluster.analysis.loaded.facts
    assert facts.identity.aks == "yes"
    assert facts.identity.minor == minor
    assert [said.candidate.hit.saw for said in cluster.said({})] == []
    assert [said.candidate.hit.saw for said in cluster.said(without_managers(cluster))] == []
    comparison = compare(facts, cluster.analysis.supply.by_type[Baseline])
    assert comparison is not None
    assert all(item.values == item.matched for item in comparison.objects), comparison.objects


def without_managers(cluster: World) -> dict[type[Any], Any]:
    """All listings as ``kubectl get -o json`` shows them: without managed fields."""
    changed = {}
    for listing, found in cluster.analysis.loaded.facts.listings.items():
        items = [
            item.model_copy(update={"metadata": item.metadata.model_copy(update={key: None})})
            for item in found.items
            if hasattr(item.metadata, key := "managed_fields")
        ]
        if items:
            changed[listing] = listing(tuple(items), found.states)
    return changed


SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "12-bundles-format-1"
OF_DRIFT = ("AKS-CMP-001", "AKS-CMP-004", "AKS-CMP-005", "AKS-CMP-006", "AKS-CMP-007",
            "AKS-CMP-008", "AKS-CMP-010", "AKS-PEER-", "AKS-RBAC-")  # fmt: skip


@pytest.mark.parametrize("letter", ["s1", "s2", "s3"])
def test_sample_bundles_show_no_drift(letter: str) -> None:
    found = sorted(SAMPLES.glob(f"demarc-{letter}-*.tar"))
    if not found:
        pytest.skip("the folder shared/samples/12-bundles-format-1 is not there")
    diagnosis = analyzer.analyze(found[0])
    assert [f.title for f in diagnosis.findings if f.rule.startswith(OF_DRIFT)] == []
    assert diagnosis.comparison is not None
    assert len(diagnosis.comparison.objects) >= 14
    assert all(item.values == item.matched for item in diagnosis.comparison.objects)
