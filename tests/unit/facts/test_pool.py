"""Node parts in other processes: the same answer, and one also where no process can start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
import json, sys
import analyzer.facts.load as load
from analyzer.bundle import open_bundle
from analyzer.facts.landmarks import patterns

def main():
    load.POOL_PAYS_BYTES = 0
    facts = load.load_facts(open_bundle(sys.argv[1]), patterns(), jobs=int(sys.argv[2])).facts
    said = [(one.pattern, one.path, one.count) for one in facts.logs.matches]
    print(json.dumps([sorted(facts.archives.nodes), said]))
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pool") / "demarc-pool.tar"
    scenario = ROOT / "fixtures" / "scenarios" / "sample.yaml"
    command = [sys.executable, "-m", "fixtures.build", str(scenario), "-o", str(path)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return path


def run(bundle: Path, jobs: int, script: str, folder: Path, *, by_file: bool) -> list[object]:
    file = folder / "own_script.py"
    file.write_text(script, encoding="utf-8")
    command = [sys.executable, str(file) if by_file else "-", str(bundle), str(jobs)]
    done = subprocess.run(
        command, cwd=ROOT, input=None if by_file else script, capture_output=True, text=True,
        check=False, env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_processes_or_not_the_answer_is_the_same(bundle: Path, tmp_path: Path) -> None:
    guarded = SCRIPT + "\nif __name__ == '__main__':\n    main()\n"
    alone = run(bundle, 1, guarded, tmp_path, by_file=True)
    assert run(bundle, 2, guarded, tmp_path, by_file=True) == alone
    assert alone[0]
    # A script that comes over standard input cannot be imported by another process.
    assert run(bundle, 2, SCRIPT + "\nmain()\n", tmp_path, by_file=False) == alone
