"""The files that go out, and hostile ones that come in."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from analyzer.cli import run
from analyzer.cli.exits import Exit
from analyzer.cves import read
from analyzer.cves.filter import filter_reports
from analyzer.cves.scan import CveError
from analyzer.cves.write import as_csv, as_html, as_json
from tests.cves.conftest import World
from tests.cves.reports import grype, trivy, written

Out = pytest.CaptureFixture[str]
EVIL = '=HYPERLINK("https://example.org","x")</td><script>alert(1)</script>\u202e{{7*7}}'


def _evil(world: World) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {"id": "CVE-2024-1", "pkg": EVIL, "title": EVIL},
        {"id": "@SUM(A1)", "pkg": "-2+3"},
        {"id": "CVE-2024-2", "fixed": "  +1"},
    ]
    return trivy(world.coredns, rows)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_no_cell_is_taken_for_a_formula(world: World, tmp_path: Path) -> None:
    listing = filter_reports([written(tmp_path, "e.json", _evil(world))], world.path)
    rows = list(csv.reader(io.StringIO(as_csv(listing.dropped), newline="")))
    assert len(rows) == 4
    for row in rows[1:]:
        assert len(row) == len(rows[0])
        assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@")) for cell in row)


def test_the_page_asks_for_nothing_and_runs_nothing(world: World, tmp_path: Path) -> None:
    documents = [_evil(world), grype(world.coredns, [{"id": "CVE-3", "on": world.ago(99)}])]
    paths = [written(tmp_path, f"{i}.json", one) for i, one in enumerate(documents)]
    listing = filter_reports(paths, world.path)
    html = as_html(listing)
    page = _Page()
    page.feed(html)
    assert html.isascii() and "{{7*7}}" in html and "\\u{202e}" in html
    assert "script" not in {tag for tag, _ in page.tags}
    assert not [tag for tag, given in page.tags if "src" in given or "style" in given]
    links = [given["href"] or "" for tag, given in page.tags if tag == "a"]
    assert links and all(link.startswith(("https://", "#")) for link in links)
    anchors = {given.get("id") for _, given in page.tags}
    assert {link[1:] for link in links if link.startswith("#")} <= anchors
    (policy,) = [g for _, g in page.tags if g.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in (policy["content"] or "")
    assert html == as_html(listing) and as_json(listing) == as_json(
        filter_reports(paths, world.path)
    )


def test_the_command_writes_all_formats(world: World, tmp_path: Path, capsys: Out) -> None:
    rows = [{"id": "CVE-1", "on": world.ago(99)}, {"id": "CVE-2"}]
    report = written(tmp_path, "g.json", grype(world.coredns, rows))
    files = [tmp_path / name for name in ("a.csv", "a.json", "a.html")]
    arguments = ["cves", str(report), "--bundle", str(world.path)]
    arguments += [part for file in files for part in ("-o", str(file))]
    rest = tmp_path / "rest.csv"
    assert run([*arguments, "--dropped", str(rest)]) == Exit.DONE
    assert "1 of 2 rows" in capsys.readouterr().out
    assert "CVE-1" in files[0].read_text("utf-8") and "CVE-2" not in files[0].read_text("utf-8")
    assert "CVE-2" in rest.read_text("utf-8")
    assert json.loads(files[1].read_text("utf-8"))["accepted"][0]["owner"] == "microsoft"
    assert run([*arguments, "--policy", "1999-01-01"]) == Exit.FAILED
    assert run(["cves", str(report), "--bundle", str(world.path), "-o", "x.pdf"]) == Exit.FAILED


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not JSON"),
    "text": (b"No vulnerabilities found", "not JSON"),
    "deep": (b"[" * 100_000, "not JSON"),
    "nothing known": (b'{"hello": 1}', "neither a Trivy nor a Grype report"),
    "an empty list": (b"[]", "neither a Trivy nor a Grype report"),
    "a number": (b"7", "neither a Trivy nor a Grype report"),
    "a whole cluster": (b'{"ClusterName": "x", "Resources": []}', "trivy k8s"),
    "sarif": (b'{"version": "2.1.0", "runs": []}', "neither a Trivy nor a Grype report"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_report_is_one_clear_line(
    world: World, tmp_path: Path, capsys: Out, name: str
) -> None:
    content, says = BAD[name]
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    assert run(["cves", str(path), "--bundle", str(world.path)]) == Exit.FAILED
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"error: {path}") and says in lines[0] and len(lines) <= 2


STRANGE: tuple[Any, ...] = (
    {"Results": None, "ArtifactName": 7},
    {"Results": [None, 3, {"Vulnerabilities": "x"}, {"Vulnerabilities": [None, 4, {}, []]}]},
    {"Results": [], "Metadata": [], "CreatedAt": {"a": 1}, "ArtifactType": ["x"]},
    {"matches": [None, 3, {}, {"vulnerability": [], "artifact": "x"}], "source": "x"},
    {"matches": [], "source": {"type": "image", "target": ["x"]}, "descriptor": 1},
    {"matches": [{"vulnerability": {"id": True, "fix": {"available": 3}}, "artifact": {}}]},
    {"kind": "VulnerabilityReport", "report": [1]},
    {"kind": "VulnerabilityReportList", "items": {"a": 1}},
)


@pytest.mark.parametrize("number", range(len(STRANGE)))
def test_values_of_wrong_types_cost_their_row_only(number: int, tmp_path: Path) -> None:
    scans = read.read_reports([written(tmp_path, "s.json", STRANGE[number])])
    assert not [row for scan in scans for row in scan.rows]


def test_limits_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "t.json", trivy("mcr.microsoft.com/x:1", [{"id": "A"}, {"id": "B"}]))
    monkeypatch.setattr(read, "ROWS_MAX", 1)
    with pytest.raises(CveError, match="more than 1 rows"):
        read.read_reports([path])
    monkeypatch.setattr(read, "REPORT_BYTES_MAX", 10)
    with pytest.raises(CveError, match="more than 0 MiB"):
        read.read_reports([path])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("cve,when\nCVE-1,2024-01-01\n", ":1: the first line must name"),
        ("id,package,date\nCVE-1,x,soon\n", ":2: no id or no date"),
        ("", ":1: the first line must name"),
    ],
)
def test_a_bad_list_of_dates_names_the_line(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "dates.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CveError, match=says):
        read.read_fix_dates(path)


def test_a_cluster_that_is_not_aks_gets_no_list(tmp_path: Path) -> None:
    from fixtures.build import scenario, tree, write

    files = tree(scenario({"name": "far", "base": "foreign", "pools": {"a": 1}}))
    bundle = write(files, tmp_path / "far.tar")
    report = written(tmp_path, "r.json", grype("x:1", []))
    with pytest.raises(CveError, match="not an AKS cluster"):
        filter_reports([report], bundle)
