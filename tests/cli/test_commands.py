"""The command line as a user meets it: outputs, exit codes, one clear line for bad input."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import jsonschema
import pytest

from analyzer.cli import COMMANDS, run
from analyzer.cli.exits import Exit

Out = pytest.CaptureFixture[str]


def test_version_and_overview(capsys: Out) -> None:
    assert run(["--version"]) == Exit.DONE
    assert "demarc" in capsys.readouterr().out
    assert run(["-h"]) == Exit.DONE
    text = capsys.readouterr().out
    assert all(name in text for name in COMMANDS)


def test_analyze_writes_the_report_beside_and_prints_a_summary(
    bundle: Path, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["analyze", str(bundle)]) == Exit.DONE
    out, err = capsys.readouterr()
    (report,) = tmp_path.glob("demarc-*.html")
    assert report.name in err and "Customer" in out
    assert run(["analyze", str(bundle)]) == Exit.DONE, "the same report again is no conflict"
    report.write_text("something else", encoding="utf-8")
    assert run(["analyze", str(bundle)]) == Exit.FAILED
    assert "--force" in capsys.readouterr().err
    assert run(["analyze", str(bundle), "--force"]) == Exit.DONE


def test_json_goes_to_standard_output_and_meets_its_schema(bundle: Path, capsys: Out) -> None:
    assert run(["schema"]) == Exit.DONE
    schema = json.loads(capsys.readouterr().out)
    assert run(["analyze", str(bundle), "-f", "json"]) == Exit.DONE
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema)
    assert document["schema_version"] == "1" and document["findings"]


def test_several_outputs_by_suffix(bundle: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.html", "b.json", "c.md")]
    arguments = [part for file in files for part in ("-o", str(file))]
    assert run(["analyze", str(bundle), "-q", *arguments]) == Exit.DONE
    assert all(file.stat().st_size > 500 for file in files)
    assert run(["analyze", str(bundle), "-q", "-o", str(tmp_path / "x.pdf")]) == Exit.FAILED


def test_fail_on_by_severity_and_owner(bundle: Path) -> None:
    quiet = ["analyze", str(bundle), "-q", "--no-report"]
    assert run(quiet) == Exit.DONE
    assert run([*quiet, "--fail-on", "medium"]) == Exit.FINDINGS
    assert run([*quiet, "--fail-on", "medium:customer"]) == Exit.FINDINGS
    assert run([*quiet, "--fail-on", "medium:microsoft"]) == Exit.DONE
    assert run([*quiet, "--fail-on", "worst"]) == Exit.FAILED


def test_owner_and_severity_narrow_what_is_shown(bundle: Path, capsys: Out) -> None:
    run(["analyze", str(bundle), "-f", "json", "--owner", "microsoft"])
    assert json.loads(capsys.readouterr().out)["findings"] == []
    run(["analyze", str(bundle), "-f", "json", "--min-severity", "critical"])
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_an_incomplete_bundle_is_analysed_and_told(torn: Path, capsys: Out) -> None:
    assert run(["analyze", str(torn), "--no-report"]) == Exit.DONE
    assert run(["analyze", str(torn), "-q", "--no-report", "--require-complete"]) == Exit.INCOMPLETE
    assert "incomplete" in capsys.readouterr().err


def test_inspect_shows_what_is_there_and_what_is_missing(
    bundle: Path, torn: Path, capsys: Out
) -> None:
    assert run(["inspect", str(bundle)]) == Exit.DONE
    text = capsys.readouterr().out
    assert "Complete     yes" in text and "cluster" in text
    assert run(["inspect", str(torn), "--json"]) == Exit.DONE
    document = json.loads(capsys.readouterr().out)
    assert not document["complete"] and document["gaps"]


def test_verify(bundle: Path, torn: Path, tmp_path: Path, capsys: Out) -> None:
    assert run(["verify", str(bundle)]) == Exit.DONE
    assert "as the manifest says" in capsys.readouterr().out
    assert run(["verify", str(torn)]) == Exit.FAILED
    changed = tmp_path / "changed.tar"
    with tarfile.open(bundle) as archive:
        node = next(m for m in archive if "/nodes/" in m.name and m.isfile())
    data = bytearray(bundle.read_bytes())
    data[node.offset_data + node.size // 2] ^= 0xFF
    changed.write_bytes(bytes(data))
    capsys.readouterr()
    assert run(["verify", str(changed)]) == Exit.FAILED
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("wrong sum: ")] == said[:1]


@pytest.mark.parametrize("name", ["AKS-NODE-001", "mgd-05", "coredns", "O-3-byocni-cni"])
def test_explain(name: str, capsys: Out) -> None:
    assert run(["explain", name]) == Exit.DONE
    assert len(capsys.readouterr().out) > 200


def test_explain_suggests(capsys: Out) -> None:
    assert run(["explain", "corednss"]) == Exit.FAILED
    assert "coredns" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["rules", "clauses", "components", "bugs"])
def test_lists(what: str, capsys: Out) -> None:
    assert run(["list", what]) == Exit.DONE
    assert len(capsys.readouterr().out.splitlines()) >= 20


BAD = {
    "missing.tar": None,
    "empty.tar": b"",
    "noise.tar": bytes(range(256)) * 40,
    "text.txt": b"kubectl get pods\n",
    "error.tar": b"Error from server (Forbidden): nodes is forbidden",
    "image.xz": b"\xfd7zXZ\x00" + b"\x00" * 600,
}


@pytest.mark.parametrize("name", sorted(BAD))
@pytest.mark.parametrize("command", ["analyze", "inspect", "verify"])
def test_what_cannot_be_read_is_one_clear_line_and_what_to_do(
    command: str, name: str, tmp_path: Path, capsys: Out
) -> None:
    path = tmp_path / name
    content = BAD[name]
    if content is not None:
        path.write_bytes(content)
    assert run([command, str(path)]) == Exit.FAILED
    out, err = capsys.readouterr()
    error, hint = err.splitlines()
    assert not out
    assert error.startswith("error: ") and name in error
    assert hint.startswith("  ") and len(hint) > 20


def test_a_folder_that_is_no_bundle(tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    assert run(["analyze", str(tmp_path)]) == Exit.FAILED
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_an_address_is_not_fetched_and_that_is_said(capsys: Out) -> None:
    assert run(["analyze", "https://files.example/demarc-prod.tar"]) == Exit.FAILED
    assert "demarc opens no connection: download the file" in capsys.readouterr().err


def test_a_format_on_standard_output_comes_beside_the_files(
    bundle: Path, tmp_path: Path, capsys: Out
) -> None:
    page = tmp_path / "report.html"
    assert run(["analyze", str(bundle), "-f", "json", "-o", str(page)]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["tool"]["name"] == "demarc"
    assert page.read_text(encoding="ascii").startswith("<!DOCTYPE html>")
    assert run(["analyze", str(bundle), "-f", "md", "-o", "-"]) == Exit.FAILED
    assert "both ask for standard output" in capsys.readouterr().err


def test_the_json_names_the_options_that_change_it(bundle: Path, capsys: Out) -> None:
    assert run(["analyze", str(bundle), "-f", "json", "--owner", "customer"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["tool"]["arguments"] == ["--owner customer"]


def test_standard_input_of_the_real_program(bundle: Path) -> None:
    command = [sys.executable, "-m", "analyzer", "analyze", "-", "-f", "json"]
    with bundle.open("rb") as stream:
        done = subprocess.run(command, stdin=stream, capture_output=True, check=False)
    assert done.returncode == Exit.DONE, done.stderr
    assert json.loads(done.stdout)["bundle"]["name"] == "standard-input.tar"


def test_the_kit_runs_without_python(tmp_path: Path) -> None:
    kit = tmp_path / "kit.tar.gz"
    assert run(["kit", "-o", str(kit)]) == Exit.DONE
    again = tmp_path / "again.tar.gz"
    assert run(["kit", "-o", str(again)]) == Exit.DONE
    assert kit.read_bytes() == again.read_bytes()
    with tarfile.open(kit) as archive:
        archive.extractall(tmp_path, filter="data")
        names = archive.getnames()
    assert not [n for n in names if n.endswith(".py")]
    script = tmp_path / "demarc-collector" / "collect.sh"
    done = subprocess.run(["sh", str(script), "--help"], capture_output=True, check=False)
    assert done.returncode == 0 and b"--dry-run" in done.stdout


def test_same_bytes_whatever_the_surroundings(bundle: Path, tmp_path: Path) -> None:
    outputs = []
    surroundings = (
        {"TZ": "UTC", "PYTHONHASHSEED": "1"},
        {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2", "LC_ALL": "C"},
    )
    for number, more in enumerate(surroundings):
        folder = tmp_path / str(number)
        folder.mkdir()
        command = [sys.executable, "-m", "analyzer", "analyze", str(bundle), "-q",
                   "-o", "r.html", "-o", "r.json", "-o", "r.md"]  # fmt: skip
        subprocess.run(command, cwd=folder, env=os.environ | more, check=True)
        outputs.append([(folder / name).read_bytes() for name in ("r.html", "r.json", "r.md")])
    assert outputs[0] == outputs[1]


def test_one_or_two_processes_give_the_same(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    """Node parts are read in spawned processes where they are large; here they are made to be."""
    monkeypatch.setattr("analyzer.facts.load.POOL_PAYS_BYTES", 0)
    run(["analyze", str(bundle), "-f", "json", "--jobs", "1"])
    alone = capsys.readouterr().out
    run(["analyze", str(bundle), "-f", "json", "--jobs", "2"])
    assert capsys.readouterr().out == alone


def test_bad_user_data_names_file_and_line(bundle: Path, tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "bugs").mkdir()
    (tmp_path / "bugs" / "mine.yaml").write_text("- id: x\n  title: [unclosed\n", encoding="utf-8")
    assert run(["analyze", str(bundle), "--no-report", "--data", str(tmp_path)]) == Exit.FAILED
    error = capsys.readouterr().err
    assert "mine.yaml:" in error and "Traceback" not in error


def test_a_stream_that_ends_early_is_no_traceback(capsys: Out) -> None:
    from analyzer.bundle import BundleError, open_bundle

    with pytest.raises(BundleError):
        open_bundle(io.BytesIO(b""))
