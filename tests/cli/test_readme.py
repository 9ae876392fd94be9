"""The README shows what the command prints today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.cli import run
from analyzer.cli.exits import Exit
from fixtures.build import load_scenario, tree, write

ROOT = Path(__file__).parents[2]


def test_the_readme_shows_the_summary_of_the_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If this fails: put the new lines of ``make report`` at 100 columns into the README."""
    sample = load_scenario(ROOT / "fixtures" / "scenarios" / "sample.yaml")
    bundle = write(tree(sample), tmp_path / "sample.tar")
    assert run(["analyze", str(bundle), "-f", "text"]) == Exit.DONE
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    block = re.search(r"```text\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert block is not None
    shown = block[1].rstrip("\n").split("\n")
    start = printed.index(shown[0])
    assert printed[start : start + len(shown)] == shown
