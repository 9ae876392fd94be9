"""A bounded share of the fuzzing and of the fault injection, with fixed seeds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.options import Options
from analyzer.pipeline import analyze
from tests.fuzz.__main__ import EVERYTHING
from tests.fuzz.faults import files, good, lost_findings, run
from tests.fuzz.targets import TARGETS, seeds
from tests.needs import package
from tests.rules.harness import bundle_of

ROOT = Path(__file__).parents[2]
#: Seconds of fuzzing, and faults: ``make fuzz`` and ``make faults`` do far more.
SECONDS = 5
FAULTS = 60


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_every_seed_and_every_start_of_it(name: str) -> None:
    for data in seeds()[name]:
        for end in {0, 1, len(data) // 3, len(data) // 2, len(data) - 1, len(data)}:
            TARGETS[name](data[:end])


def test_fuzzing_finds_nothing(tmp_path: Path) -> None:
    package("atheris")
    command = [
        sys.executable,
        "-m",
        "tests.fuzz",
        EVERYTHING,
        "--seconds",
        str(SECONDS),
        "--folder",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    told = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, told[-4_000:]
    assert int(re.findall(r"stat::number_of_executed_units:\s+(\d+)", told)[0]) > len(TARGETS) * 10
    assert not list(tmp_path.glob("*/crash-*"))


def test_faults_end_in_a_report_or_a_clear_line() -> None:
    outcome = run(FAULTS, seed=2026)
    assert outcome.wrong == []
    assert outcome.ends["report"] >= FAULTS // 2


def test_the_good_bundle_of_the_faults_has_findings_of_a_node_and_of_the_cluster() -> None:
    paths = {evidence.path for finding in good().findings for evidence in finding.evidence}
    assert any(path.startswith("nodes/") for path in paths)
    assert any(path.startswith("cluster/") for path in paths)
    assert len({path.split("/")[1] for path in files() if path.startswith("nodes/")}) >= 3


@pytest.mark.parametrize("part", ["cluster", "azure", "nodes"])
def test_without_a_part_what_rests_on_the_others_alone_is_there(part: str) -> None:
    left = {path: data for path, data in files().items() if not path.startswith(f"{part}/")}
    diagnosis = analyze(bundle_of(left), options=Options(jobs=1, bundle_name="broken.tar"))
    assert lost_findings(diagnosis, part) == []
    there = {
        finding.rule for finding in diagnosis.findings
        if all(not evidence.path.startswith(f"{part}/") for evidence in finding.evidence)
    }  # fmt: skip
    assert len(there) >= 2
    nothing = diagnosis.model_copy(update={"findings": ()})
    assert len(lost_findings(nothing, part)) >= 2, "and a loss would be seen"
