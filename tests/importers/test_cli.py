"""The command line with other tools' output and several inputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.cli import run
from analyzer.cli.exits import Exit
from tests.importers.forms import Tree, cluster_info_dump, folder

Out = pytest.CaptureFixture[str]


@pytest.fixture
def dump(edited: Tree, tmp_path: Path) -> Path:
    """A dump in a folder, and an export beside it."""
    (tmp_path / "azure.json").write_bytes(edited["azure/managed-cluster.json"])
    return folder(cluster_info_dump(edited), tmp_path / "dump")


def test_analyze_takes_several(dump: Path, capsys: Out) -> None:
    code = run(["analyze", str(dump), str(dump.parent / "azure.json"), "-f", "json"])
    report = json.loads(capsys.readouterr().out)
    assert code == Exit.DONE
    assert report["bundle"]["layout"] == "cluster-info-dump + azure-export"
    assert [f["rule"] for f in report["findings"]] == ["AKS-CMP-005"]


def test_analyze_needs_one_and_standard_input_once(dump: Path, capsys: Out) -> None:
    assert run(["analyze", "--no-report"]) == Exit.FAILED
    assert run(["analyze", "-", "-", "--no-report"]) == Exit.FAILED
    assert "standard input can be read only once" in capsys.readouterr().err


def test_inspect_tells_the_tool_and_what_it_cannot_hold(dump: Path, capsys: Out) -> None:
    assert run(["inspect", str(dump)]) == Exit.DONE
    out = capsys.readouterr().out
    assert "Made by      kubectl cluster-info dump" in out
    assert "Cannot hold  files and logs of nodes" in " ".join(out.split("\n")[:8])
    assert run(["inspect", str(dump), "--json"]) == Exit.DONE
    described = json.loads(capsys.readouterr().out)
    (tool,) = described["tools"]
    assert tool["layout"] == "cluster-info-dump"
    assert tool["inputs"] == ["dump"]
    assert "Azure resources" in tool["cannot"]
