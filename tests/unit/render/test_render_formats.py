"""The formats: one file of ASCII, the model as JSON, a ticket under its limit, a plain terminal."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import diagnoses
import pytest
from rich.console import Console

from analyzer.model.diagnosis import Diagnosis
from analyzer.model.evidence import Evidence
from analyzer.render import html
from analyzer.render.errors import RenderError
from analyzer.render.html import render_html
from analyzer.render.json import render_json
from analyzer.render.junit import render_junit
from analyzer.render.markdown import render_markdown, render_summary
from analyzer.render.sarif import render_sarif
from analyzer.render.shape import ReportView
from analyzer.render.terminal import print_summary
from analyzer.render.view import build_view

ROOT = Path(__file__).parents[3]
SECRET = "AccountKey=hunter2swordfish=="


@pytest.fixture(params=diagnoses.CASES)
def case(request: pytest.FixtureRequest) -> Any:
    return diagnoses.case_of(request.param)


@pytest.fixture(params=diagnoses.CASES)
def view(request: pytest.FixtureRequest) -> ReportView:
    return diagnoses.view_of(request.param)


def summary(view: ReportView, **options: Any) -> str:
    console = Console(file=io.StringIO(), **options)
    print_summary(view, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_html_is_one_ascii_file(view: ReportView) -> None:
    page = render_html(view)
    assert page.isascii()
    assert page.count("<style>") == page.count("<script>") == 1
    assert len(page) <= 4_500_000


def test_html_loads_nothing_and_runs_nothing_inline(view: ReportView) -> None:
    page = render_html(view)
    assert not re.search(r"<(?:img|link|iframe|object|embed|base|form)\b", page)
    tags = re.findall(r"<[a-z][^>]*>", page)
    names = [re.sub(r'"[^"]*"', "", tag) for tag in tags]
    assert not [tag for tag in names if re.search(r"\s(?:style|on[a-z]+)=", tag)]
    assert not [tag for tag in tags if re.search(r"href=\"(?!#|https://)", tag)]


def test_too_large_page_is_refused_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "FILE_BYTES_MAX", 10_000)
    with pytest.raises(RenderError, match="--min-severity") as caught:
        render_html(diagnoses.view_of("healthy"))
    assert "more than 10,000" in caught.value.what


def test_only_one_module_trusts_markup() -> None:
    trusting = [
        path.name
        for path in sorted((ROOT / "analyzer").rglob("*.py"))
        if re.search(r"\bMarkup\b|jinja2", path.read_text(encoding="utf-8"))
    ]
    assert trusting == ["html.py"]
    for template in sorted((ROOT / "reports" / "templates").glob("*.j2")):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe|autoescape", text), template.name


def test_script_and_style_are_small_and_ascii() -> None:
    folder = ROOT / "reports" / "templates"
    script = (folder / "report.js").read_bytes()
    assert len(script) <= 8_192
    assert script.isascii()
    assert (folder / "report.css").read_bytes().isascii()
    assert not re.search(
        rb"atob|Blob|document\.write|localStorage|innerHTML|eval\(|fetch\(", script
    )


def test_json_is_the_model(case: Any) -> None:
    data = json.loads(render_json(case))
    again = Diagnosis.model_validate(data)
    assert again.summary == case.summary
    assert [f.id for f in again.findings] == [f.id for f in case.findings]
    assert data["schema_version"] == "1"
    assert list(data)[:5] == ["schema_version", "tool", "bundle", "cluster", "summary"]
    assert set(data["summary"]["by_owner"]) == {
        "microsoft",
        "customer",
        "upstream",
        "byocni-excluded",
        "undetermined",
    }


def test_json_is_stable_and_indented(case: Any) -> None:
    text = render_json(case)
    assert text == render_json(case.model_copy(deep=True))
    assert text.startswith('{\n  "schema_version": "1",\n  "tool": {\n    "name"')
    assert text.isascii()


def test_secret_is_in_no_format() -> None:
    item = diagnoses.finding(
        1,
        title=SECRET,
        saw=SECRET,
        evidence=(Evidence(path="a.log", line=3, excerpt=SECRET, what=SECRET),),
        references=(SECRET,),
    )
    case = diagnoses.diagnosis((item,), notices=(SECRET,))
    view = build_view(case)
    for text in (
        render_html(view),
        render_json(case),
        render_summary(view),
        summary(view),
        render_markdown(view),
        render_sarif(view),
        render_junit(view),
    ):
        assert "hunter2" not in text
        assert "masked" in text


def test_ticket_stays_under_its_limit(view: ReportView) -> None:
    text = render_summary(view)
    assert 100 < len(text) <= 2000
    assert text == view.ticket.text
    assert text.endswith("\n")


def test_ticket_says_what_support_asks_first() -> None:
    lines = render_summary(diagnoses.view_of("case_file")).splitlines()
    assert lines[0] == "AKS diagnostics: aks-prod-weu-03, Kubernetes 1.30.6, BYOCNI (Calico)"
    assert lines[1] == (
        "Needs Microsoft: 2   Customer: 6   Upstream bug: 2   BYOCNI-excluded: 2   Undetermined: 1"
    )
    # What needs Microsoft comes first, though another cause is as bad and explains more.
    assert lines[2] == (
        "1. [AKS-NET-004, critical, Microsoft, medium confidence] "
        "CoreDNS image differs from the baseline"
    )
    first = "\n".join(lines[3 : next(n for n, line in enumerate(lines) if line[:3] == "2. ")])
    assert "Why Microsoft: " in first
    assert "Next, Microsoft: " in first
    assert "Evidence: nodes/" in first
    assert "\n2. [" in "\n".join(lines)
    assert lines[-2].endswith("Bundle sha256 4c1f9e07d2b8.")
    names = [line for line in lines if line[:1].isdigit()]
    assert len(names) == 6
    assert any("AKS-NET-012, critical, Customer, high confidence] Outbound" in n for n in names)


def test_ticket_of_many_keeps_its_tail() -> None:
    text = render_summary(diagnoses.view_of("large"))
    assert "more root causes in the report" in text
    assert text.rstrip().endswith("baselines 2026-06-01.")


def test_ticket_text_is_no_markup_in_markdown() -> None:
    item = diagnoses.finding(1, title="![x](https://a.invalid) <b>x</b>", saw="key <masked> `y`")
    text = render_summary(build_view(diagnoses.diagnosis((item,))))
    assert "![" not in text
    assert "](" not in text
    assert "`" not in text
    assert "[masked]" in text


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_terminal_keeps_its_width_and_has_no_escapes(view: ReportView, width: int) -> None:
    text = summary(view, width=width, force_terminal=False)
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= width


def test_terminal_tells_one_root_of_each_kind() -> None:
    text = summary(diagnoses.view_of("large"), width=160)
    assert text.count(" more of this kind") == 10
    assert "and 74 more root causes in the report" in text
    assert "59 known bugs could strike here, 20 leads where to look" in text


def test_narrow_terminal_uses_lines_instead_of_columns() -> None:
    lines = summary(diagnoses.view_of("case_file"), width=44).splitlines()
    assert "● Customer: 6 issues" in lines
    assert "1. Critical, ● Customer" in lines
    assert len(lines) < 60


def test_terminal_colour_is_extra() -> None:
    plain = summary(diagnoses.view_of("case_file"), width=100)
    coloured = summary(
        diagnoses.view_of("case_file"), width=100, force_terminal=True, color_system="standard"
    )
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_terminal_without_the_marks_uses_letters() -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="ascii")
    print_summary(diagnoses.view_of("case_file"), Console(file=stream, width=80))
    stream.flush()
    text = buffer.getvalue().decode("ascii")
    assert "*  Customer" in text
    assert "<> Upstream bug" in text


def test_terminal_does_not_read_markup_from_data() -> None:
    text = summary(diagnoses.view_of("hostile"), width=200)
    assert "[red]rich[/red]" in text


def test_other_process_writes_the_same_bytes() -> None:
    code = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]); import diagnoses;"
        "from analyzer.render.view import build_view; from analyzer.render.html import render_html;"
        "from analyzer.render.json import render_json; d = diagnoses.case_file();"
        "t = render_html(build_view(d)) + render_json(d);"
        "print(hashlib.sha256(t.encode()).hexdigest())"
    )
    outputs = set()
    for zone, seed in (("UTC", "1"), ("Pacific/Auckland", "77")):
        env = os.environ | {
            "TZ": zone,
            "PYTHONHASHSEED": seed,
            "LC_ALL": "C",
            "PYTHONPATH": str(ROOT),
        }
        run = subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parent)],
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1
