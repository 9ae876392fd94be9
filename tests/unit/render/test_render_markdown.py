"""The ticket text in Markdown, and the formats by name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import diagnoses
import jsonschema
import pytest
from click.testing import CliRunner

from analyzer.cli.outputs import FORMATS, render_as, suffix_format
from analyzer.model.diagnosis import Diagnosis
from analyzer.render.html import render_html
from analyzer.render.markdown import TEXT_MAX, render_markdown
from analyzer.render.run import Run
from analyzer.render.view import build_view

FIELDS = (
    "- **Problem:** ", "- **Impact:** ", "- **Owner:** ", "- **Next:** ", "- **Ids:** ",
    "- **What was checked:** ", "- **What was tried:** ", "<summary>Evidence</summary>",
)  # fmt: skip


@pytest.mark.parametrize("name", list(diagnoses.CASES))
def test_markdown_fits_into_a_comment(name: str) -> None:
    text = render_markdown(diagnoses.view_of(name))
    assert 500 < len(text) <= TEXT_MAX < 65_536
    assert text.startswith("# AKS diagnostics: ")
    assert "- Bundle SHA-256: " in text


def test_markdown_has_all_that_support_asks_for_of_each_root() -> None:
    text = render_markdown(diagnoses.view_of("case_file"))
    sections = text.split("\n## ")[1:]
    roots = [section for section in sections if section[0].isdigit()]
    assert len(roots) == 6
    for section in roots:
        assert all(field in section for field in FIELDS)
    first = roots[0]
    assert "Affects 1,012 nodes" in first
    assert "`AKS-NET-012`" in first
    assert "    18233  E1120 01:52:07" in first
    assert "Causes: Tunnel to the API server is down and 3 more." in first
    assert "decision row C-07" in first


def test_markdown_of_many_roots_tells_one_of_each_kind() -> None:
    text = render_markdown(diagnoses.view_of("large"))
    assert text.count("\n## ") == 13 + 2
    assert "- **24 more of this kind:**" in text


def test_markdown_says_what_did_not_fit() -> None:
    text = render_markdown(build_view(diagnoses.many(400, 100)))
    assert "more root cause" in text
    assert text.index("## And ") < text.index("## What is not known")


def test_hostile_text_is_no_markup() -> None:
    text = render_markdown(diagnoses.view_of("hostile"))
    lines = [line for line in text.splitlines() if not line.startswith("    ")]
    prose = re.sub(r"`[^`\n]*`", "", "\n".join(lines))
    assert "`" not in prose
    assert set(re.findall(r"(?<!\\)<[^>]*>", prose)) == {
        "<details>", "</details>", "<summary>", "</summary>",
    }  # fmt: skip
    assert "](" not in prose


# The formats by name


@pytest.mark.parametrize("format_", FORMATS)
def test_each_format_is_written(format_: str) -> None:
    text = render_as(format_, diagnoses.partial())
    assert len(text) > 300
    assert text.endswith("\n")
    assert text == render_as(format_, diagnoses.partial())


@pytest.mark.parametrize(
    ("name", "format_"),
    [("a.HTML", "html"), ("a.sarif", "sarif"), ("a.xml", "junit"), ("a.md", "md"), ("a.doc", None)],
)
def test_suffix_picks_the_format(name: str, format_: str | None) -> None:
    assert suffix_format(Path(name)) == format_


def test_json_follows_the_published_schema() -> None:
    schema = Diagnosis.model_json_schema(mode="serialization")
    for name in ("case_file", "hostile"):
        jsonschema.validate(json.loads(render_as("json", diagnoses.CASES[name]())), schema)


def test_options_that_change_the_report_are_in_its_provenance(tmp_path: Path) -> None:
    own = tmp_path / "team" / "our-data"
    (own / "baselines").mkdir(parents=True)
    digests = []

    @click.command()
    @click.option("--min-severity", default="info")
    @click.option("--owner", "owners", multiple=True)
    @click.option("--data", "data_dirs", multiple=True, type=click.Path(path_type=Path))
    @click.option("-o", "output", default="x")
    def command(**_: Any) -> None:
        text = render_as("md", diagnoses.partial())
        digests.append(text.split("sha256 ")[-1].split("\n")[0])
        click.echo(next(line for line in text.splitlines() if line.startswith("- Options: ")))

    def said(*arguments: str) -> str:
        return CliRunner().invoke(command, list(arguments)).output.strip()

    assert said("-o", "y") == "- Options: none that change what is said here"
    options = ["--min-severity", "low", "--owner", "customer", "--owner", "upstream"]
    assert said(*options, "--data", str(own)) == (
        "- Options: --min-severity low --owner customer --owner upstream --data our-data"
    )
    assert digests[0] == digests[1]
    (own / "baselines" / "extra.yaml").write_text("a: 1\n", encoding="utf-8")
    said("--data", str(own))
    assert len(digests[2]) == 64
    assert digests[2] != digests[0]


def test_provenance_lists_what_made_the_report() -> None:
    run = Run(("--owner customer",), "0123abcd0123", "ab" * 32)
    page = render_html(build_view(diagnoses.case_file(), run))
    for text in (
        "commit 0123abcd0123",
        "--owner customer",
        "sha256 " + "ab" * 32,
        "155 of 159 ran",
    ):
        assert text in page
