"""A redacted bundle analyses to the same findings, with the same words once the names are back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.bundle import Limits, open_bundle
from analyzer.model.diagnosis import Diagnosis
from analyzer.options import Options
from analyzer.redact.key import Key
from analyzer.redact.rewrite import redact_bundle
from analyzer.redact.unmask import unmask
from fixtures.build import load_scenario, tree, write

SCENARIOS = Path(__file__).parents[2] / "fixtures" / "scenarios"
SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "12-bundles-format-1"
KEY = Key(secret="c0" * 32)
NAMES = (
    "egress-blocked-all", "chain-webhook-degrades", "ip-exhaustion", "disk-attach-authorization",
    "coredns-custom-dead-forward", "byocni-calico-broken", "healthy-dual-stack", "healthy-windows",
    "azure-nsg-rule",
)  # fmt: skip


def comparable(diagnosis: Diagnosis) -> dict[str, Any]:
    """What must be the same: ids are made of names, so they are not among it."""
    return {
        "findings": [
            {
                "rule": f.rule, "severity": f.severity.value, "owner": f.owner.value,
                "decided_by": f.decided_by, "confidence": f.confidence.value, "root": f.root,
                "stance": f.stance.value, "count": f.count, "saw": f.saw, "title": f.title,
                "subject": f.subject.model_dump(mode="json"),
                "first_seen": str(f.first_seen), "symptoms": len(f.symptoms),
            }
            for f in diagnosis.findings
        ],
        "unknown": sorted(check.rule for check in diagnosis.unknown),
        "healthy": sorted(check.rule for check in diagnosis.healthy),
        "crashed": [check.rule for check in diagnosis.crashed],
        "network": diagnosis.cluster.network.model_dump(mode="json", exclude={"evidence"}),
    }  # fmt: skip


def assert_same(bundle: Path, folder: Path, wishes: tuple[str, ...] = ()) -> None:
    copy = folder / "copy.tar"
    done = redact_bundle(open_bundle(bundle), copy, KEY, limits=Limits(), on_request=wishes)
    before = comparable(analyzer.analyze(bundle, options=Options(jobs=1)))
    after = json.dumps(comparable(analyzer.analyze(copy, options=Options(jobs=1))))
    back = json.loads(unmask(after.encode(), done.key, ".json")[0])
    for side in (before, back):
        side["findings"].sort(key=json.dumps)
    assert back == before


@pytest.mark.parametrize("name", NAMES)
def test_scenario_gives_the_same_findings(name: str, tmp_path: Path) -> None:
    bundle = write(tree(load_scenario(SCENARIOS / f"{name}.yaml")), tmp_path / "demarc-x.tar")
    assert_same(bundle, tmp_path)


def test_the_same_with_namespaces_and_images(tmp_path: Path) -> None:
    bundle = write(tree(load_scenario(SCENARIOS / "sample.yaml")), tmp_path / "demarc-x.tar")
    assert_same(bundle, tmp_path, ("namespaces", "images"))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_sample_bundle_gives_the_same_findings(number: int, tmp_path: Path) -> None:
    if not SAMPLES.is_dir():
        pytest.skip("the sample data is not beside this checkout")
    (bundle,) = SAMPLES.glob(f"demarc-s{number}-*.tar")
    assert_same(bundle, tmp_path)
