"""``demarc redact`` and ``demarc unmask`` as a user runs them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from analyzer.cli import run
from tests.redact.conftest import Redacted


def _nodes(redacted: Redacted) -> list[dict[str, dict[str, str]]]:
    items = json.loads(redacted.files["cluster/resources/core/nodes.json"])["items"]
    assert isinstance(items, list)
    return items


def test_redact_then_unmask(
    redacted: Redacted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "case.tar"
    assert run(["redact", str(redacted.original), "-o", str(out)]) == 0
    said = capsys.readouterr().out
    key = tmp_path / "case.key.json"
    assert f"wrote {out}" in said and str(key) in said and "2 files were left out" in said
    if os.name == "posix":
        assert key.stat().st_mode & 0o077 == 0
    report = tmp_path / "report.json"
    assert run(["analyze", str(out), "-o", str(report), "-q"]) == 0
    cluster = json.loads(redacted.files["azure/managed-cluster.json"])
    pools = [node["metadata"]["name"].rpartition("-")[0] for node in _nodes(redacted)]
    names = [cluster["id"].split("/")[2], *pools]
    text = report.read_text(encoding="utf-8")
    assert not any(name in text for name in names)
    assert run(["unmask", str(report), "--key", str(key)]) == 0
    back = (tmp_path / "report.unmasked.json").read_text(encoding="utf-8")
    assert json.loads(back)["findings"] and any(name in back for name in names)


def test_the_default_key_stays_the_same_in_a_second_run(redacted: Redacted, tmp_path: Path) -> None:
    out = tmp_path / "case.tar"
    assert run(["redact", str(redacted.original), "-o", str(out), "-q"]) == 0
    first = out.read_bytes()
    assert run(["redact", str(redacted.original), "-o", str(out), "-q", "--force"]) == 0
    assert out.read_bytes() == first


def test_no_key_is_kept_where_none_is_wanted(redacted: Redacted, tmp_path: Path) -> None:
    assert run(["redact", str(redacted.original), "-o", str(tmp_path / "x.tar"), "--no-key"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-o", "x.tar.gz"], "plain tar"),
        (["-o", "no/such/x.tar"], "there is no folder"),
        (["-o", "x.tar", "--key", "x.tar"], "one file"),
        (["-o", "x.tar", "--key", "no/such/k.json"], "there is no folder"),
        (["-o", "x.tar", "--key", "k.json", "--no-key"], "exclude each other"),
        (["-o", "x.tar", "--key", "bad.json"], "is no key file"),
        (["-o", "there.tar"], "is there already"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_writes_nothing(
    redacted: Redacted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text('{"secret": "x"}', encoding="utf-8")
    (tmp_path / "there.tar").write_bytes(b"x")
    assert run(["redact", str(redacted.original), *arguments]) == 2
    assert told in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.json", "there.tar"]


def test_a_bundle_whose_key_cannot_be_written_is_taken_back(
    redacted: Redacted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("analyzer.redact.key.save_key", full)
    assert run(["redact", str(redacted.original), "-o", str(tmp_path / "x.tar")]) == 2
    assert "taken back" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_unmask_refuses_an_archive(redacted: Redacted, tmp_path: Path) -> None:
    key = tmp_path / "k.json"
    assert (
        run(["redact", str(redacted.original), "-o", str(tmp_path / "x.tar"), "--key", str(key)])
        == 0
    )
    assert run(["unmask", str(tmp_path / "x.tar"), "--key", str(key)]) == 2
