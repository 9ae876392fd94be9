"""``demarc diff`` as a user meets it: inputs, outputs, exit codes, refusals."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from analyzer.cli import run
from analyzer.cli.exits import Exit
from fixtures.build import scenario, tree, write

Out = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two states of one cluster: in the later one a webhook blocks."""
    folder = tmp_path_factory.mktemp("two")
    common = {"name": "shop", "base": "overlay", "kubernetes": "1.33", "seed": 5,
              "pools": {"system": 1, "work": 1}}  # fmt: skip
    early = scenario(common | {"collected_at": "2026-03-01T10:00:00Z"})
    late = scenario(
        common
        | {
            "collected_at": "2026-03-02T10:00:00Z",
            "faults": [{"name": "webhook-blocks-kube-system"}],
        }
    )
    return write(tree(early), folder / "early.tar"), write(tree(late), folder / "late.tar")


@pytest.fixture(scope="module")
def reports(two: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("reports")
    made = folder / "early.json", folder / "late.json"
    for bundle, report in zip(two, made, strict=True):
        assert run(["analyze", str(bundle), "-q", "-o", str(report)]) == Exit.DONE
    return made


def test_it_says_what_appeared_and_writes_every_format(
    two: tuple[Path, Path], tmp_path: Path, capsys: Out
) -> None:
    outputs = [part for name in ("d.html", "d.json", "d.txt") for part in ("-o", name)]
    files = [str(tmp_path / part) if part != "-o" else part for part in outputs]
    assert run(["diff", *map(str, two), *files]) == Exit.DONE
    out, err = capsys.readouterr()
    assert "Appeared" in out and "Webhook policy-gate" in out and "d.html" in err
    assert "Webhook policy-gate" in (tmp_path / "d.html").read_text(encoding="ascii")
    assert run(["schema", "--of", "diff"]) == Exit.DONE
    schema = json.loads(capsys.readouterr().out)
    document = json.loads((tmp_path / "d.json").read_text(encoding="ascii"))
    jsonschema.validate(document, schema)
    assert document["before"]["name"] == "early.tar"


def test_reports_are_as_good_as_bundles_for_findings(
    two: tuple[Path, Path], reports: tuple[Path, Path], capsys: Out
) -> None:
    found = []
    for before, after in ((two[0], two[1]), (reports[0], reports[1]), (reports[0], two[1])):
        assert run(["diff", str(before), str(after), "-f", "json", "-q"]) == Exit.DONE
        document = json.loads(capsys.readouterr().out)
        found.append([f["id"] for f in document["appeared"]])
    assert found[0] and found[0] == found[1] == found[2]
    assert any("JSON report" in text for text in document["not_compared"])


def test_a_report_may_come_by_standard_input(reports: tuple[Path, Path]) -> None:
    command = [sys.executable, "-m", "analyzer", "diff", str(reports[0]), "-", "-f", "json"]
    with reports[1].open("rb") as stream:
        done = subprocess.run(command, stdin=stream, capture_output=True, check=True)
    document = json.loads(done.stdout)
    assert document["after"]["kind"] == "report" and document["appeared"]


def test_fail_on_counts_what_appeared(reports: tuple[Path, Path], capsys: Out) -> None:
    command = ["diff", *map(str, reports), "-q", "--fail-on"]
    assert run([*command, "critical"]) == Exit.FINDINGS
    assert run([*command, "critical:microsoft"]) == Exit.DONE
    assert run(["diff", str(reports[1]), str(reports[1]), "-q", "--fail-on", "info"]) == Exit.DONE
    assert capsys.readouterr().out == ""


def test_the_wrong_order_is_mended_and_told(reports: tuple[Path, Path], capsys: Out) -> None:
    command = ["diff", str(reports[1]), str(reports[0])]
    assert run([*command, "--fail-on", "critical"]) == Exit.FINDINGS
    assert "early.tar is the older" in " ".join(capsys.readouterr().out.split())


def test_two_clusters_are_refused(reports: tuple[Path, Path], tmp_path: Path, capsys: Out) -> None:
    document = json.loads(reports[1].read_text(encoding="utf-8"))
    document["cluster"]["name"] = "another"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document), encoding="utf-8")
    assert run(["diff", str(reports[0]), str(other)]) == Exit.FAILED
    error = capsys.readouterr().err
    assert "two clusters" in error and "--force" in error
    assert run(["diff", str(reports[0]), str(other), "--force"]) == Exit.DONE
    assert "These are two clusters" in capsys.readouterr().out


def test_incomplete_inputs_with_and_without_the_demand(
    reports: tuple[Path, Path], tmp_path: Path, capsys: Out
) -> None:
    document = json.loads(reports[1].read_text(encoding="utf-8"))
    document["bundle"]["complete"] = False
    partial = tmp_path / "partial.json"
    partial.write_text(json.dumps(document), encoding="utf-8")
    assert run(["diff", str(reports[0]), str(partial)]) == Exit.DONE
    assert "it is incomplete" in " ".join(capsys.readouterr().out.split())
    command = ["diff", str(reports[0]), str(partial), "-q", "--require-complete"]
    assert run(command) == Exit.INCOMPLETE


def test_what_cannot_be_read_is_one_error(
    reports: tuple[Path, Path], tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"items": []}', encoding="utf-8")
    for bad in (str(wrong), str(tmp_path / "absent.tar"), str(tmp_path)):
        assert run(["diff", str(reports[0]), bad]) == Exit.FAILED
        error = capsys.readouterr().err
        assert error.startswith("error: ") and len(error.strip().splitlines()) <= 2
    assert run(["diff", str(reports[0]), str(reports[1]), "-o", "d.pdf"]) == Exit.FAILED
    assert ".html" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert run(["diff", "-", "-"]) == Exit.FAILED
