"""The public Python interface does not change unseen."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import analyzer
from docs.site.interface import PUBLIC, interface
from fixtures.build import scenario, tree, write

ROOT = Path(__file__).parents[2]
ACCEPTED = ROOT / "tests" / "meta" / "data" / "public-api.txt"


def test_names_parameters_and_fields_are_the_accepted_ones() -> None:
    """If this fails and the change is meant: run ``python -m docs.site.interface >`` that file.

    A name, a parameter or a field that goes, or gets another meaning, is a new major version.
    """
    assert interface() == ACCEPTED.read_text(encoding="utf-8")


def test_every_public_name_says_what_it_is() -> None:
    for name in analyzer.__all__:
        assert (getattr(analyzer, name).__doc__ or "").strip(), name
    assert set(analyzer.__all__) <= set(dir(analyzer))
    with pytest.raises(AttributeError, match="no attribute 'Diagnose'"):
        _ = analyzer.Diagnose


def test_the_text_sees_a_new_parameter_and_a_lost_field() -> None:
    """What the comparison rests on."""
    text = interface()
    for line in ("report(diagnosis: ", "    owner: Owner", "class Hit", "    certain (property)"):
        assert line in text
    assert all(f"# {module}: " in text for module in PUBLIC)


def test_importing_it_is_cheap() -> None:
    code = "import sys, analyzer; print('pydantic' in sys.modules, 'jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster with something for Microsoft, under the name that the page uses."""
    path = tmp_path_factory.mktemp("api") / "demarc-prod-20260301T120000Z.tar"
    fault = {"name": "component-crash-looping", "component": "metrics-server"}
    world = {"name": "api", "base": "overlay", "pools": {"system": 1}, "faults": [fault]}
    return write(tree(scenario(world)), path)


@pytest.fixture(scope="module")
def diagnosis(bundle: Path) -> analyzer.Diagnosis:
    return analyzer.analyze(bundle, options=analyzer.Options(jobs=1))


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("html", "<!DOCTYPE html>"),
        ("json", "{"),
        ("markdown", ""),
        ("sarif", "{"),
        ("junit", "<?xml"),
    ],
)
def test_reports_in_every_format(diagnosis: analyzer.Diagnosis, form: str, start: str) -> None:
    text = analyzer.report(diagnosis, form)  # type: ignore[arg-type]
    assert text.lower().startswith(start.lower()) and len(text) > 200


def test_a_report_is_read_back_and_a_wrong_format_is_told(diagnosis: analyzer.Diagnosis) -> None:
    again = analyzer.Diagnosis.model_validate_json(analyzer.report(diagnosis, "json"))
    assert again.bundle.sha256 == diagnosis.bundle.sha256
    with pytest.raises(ValueError, match="no format 'pdf'"):
        analyzer.report(diagnosis, "pdf")  # type: ignore[arg-type]


def test_what_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(analyzer.BundleError, match="no such file"):
        analyzer.analyze(tmp_path / "gone.tar")


def test_the_examples_of_the_page_run(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program at the top, then every call of the table."""
    page = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
    monkeypatch.chdir(bundle.parent)
    (bundle.parent / "our-data").mkdir()
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"Path": Path}
    exec(compile(program, "python-api.md", "exec"), names)
    assert "metrics-server" in capsys.readouterr().out
    assert (bundle.parent / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE")
    names |= {"path": bundle, "dump": bundle, "node_logs": bundle}
    names["text"] = analyzer.report(names["diagnosis"], "json")
    calls = re.findall(r"`(analyzer\.[^`]+\))`", page)
    assert len(calls) >= 6
    for code in calls:
        assert eval(code, names) is not None, code
