"""JSON reports read back: the right ones whole, the wrong ones with one clear sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.compare.compare import compare
from analyzer.compare.report_file import ReportError, looks_like_report, read_report
from analyzer.compare.snapshot import Snapshot
from analyzer.render.json import render_json
from tests.unit.compare.states import files, snapshot


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return snapshot(files({"name": "pod-crash-looping"}), tmp_path_factory.mktemp("side"))


@pytest.fixture(scope="module")
def text(side: Snapshot) -> str:
    return render_json(side.diagnosis)


def test_a_report_does_not_differ_from_its_bundle(side: Snapshot, text: str) -> None:
    report = read_report("r.json", text.encode())
    assert report.kind == "report"
    assert compare(report, side).empty


def test_a_byte_order_mark_is_no_obstacle(text: str) -> None:
    data = b"\xef\xbb\xbf" + text.encode()
    assert looks_like_report(data[:20])
    assert read_report("r.json", data).diagnosis.findings


def test_fields_of_a_newer_version_are_left_out(text: str) -> None:
    document = json.loads(text)
    document["weather"] = {"sun": 1}
    document["cluster"]["mood"] = "good"
    for finding in document["findings"]:
        finding["colour"] = "red"
        finding["subject"]["planet"] = "earth"
    report = read_report("r.json", json.dumps(document).encode())
    assert len(report.diagnosis.findings) == len(document["findings"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"a": ', "not valid JSON"),
        (b"[]", "no report of demarc"),
        (b'{"kind": "List", "items": []}', "no report of demarc"),
        (b'{"findings": [], "bundle": {}, "schema_version": "2"}', "schema version '2'"),
        (b'{"findings": {}, "bundle": {}, "schema_version": "1"}', "r.json: "),
        (b"[" * 5000, "not valid JSON"),
    ],
)
def test_what_is_no_report_is_said_in_one_line(content: bytes, says: str) -> None:
    with pytest.raises(ReportError) as caught:
        read_report("r.json", content)
    assert says in caught.value.what and "\n" not in caught.value.what
    assert caught.value.hint


def test_bundles_do_not_look_like_reports(tmp_path: Path) -> None:
    assert not looks_like_report(b"demarc-x/manifest.json\x00")
    assert not looks_like_report(b"\x1f\x8b\x08")
    assert not looks_like_report(b"")
