"""What can be copied works: pipelines, the container's recipe, and the commands on every page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tests.meta.commands import check, in_script, shown

ROOT = Path(__file__).parents[2]
PIPELINES = sorted((ROOT / "docs" / "pipelines").glob("*.yml"))
#: Pages that people wrote; docs/cli.md is made from the commands.
PAGES = [
    path
    for path in (ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md")))
    if path.name != "cli.md"
]


def _scripts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("run", "script") and isinstance(value, str):
                yield value
            else:
                yield from _scripts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _scripts(value)


def _read(path: Path) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def test_a_wrong_command_is_seen() -> None:
    check("demarc analyze bundle.tar -o report.html --fail-on high:customer")
    for line in ("demarc analyse b.tar", "demarc analyze b.tar --failing high", "demarc list --x"):
        with pytest.raises(click.UsageError):
            check(line)
    page = "```\ndemarc verify b.tar | cat\n```\n`demarc inspect b.tar`\n`make docs`\n"
    assert list(shown(page)) == ["demarc verify b.tar | cat", "demarc inspect b.tar"]


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_a_pipeline_calls_commands_that_exist(path: Path) -> None:
    lines = [line for script in _scripts(_read(path)) for line in in_script(script)]
    assert any(line.startswith("demarc analyze ") for line in lines)
    for line in lines:
        check(line.replace("$(Build.SourcesDirectory)", "here"))


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_a_pipeline_publishes_what_the_analysis_writes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    (line,) = [row for row in in_script(text) if row.startswith("demarc analyze ")]
    written = {Path(name).suffix for name in re.findall(r"-o (\S+)", line)}
    assert {".html", ".sarif", ".xml"} <= written
    assert "--fail-on" in line
    # What is published must also be published after exit code 1.
    assert "!cancelled()" in text or "succeededOrFailed()" in text


def test_the_workflow_has_the_form_of_github() -> None:
    document = _read(ROOT / "docs" / "pipelines" / "github-actions.yml")
    assert {"name", "jobs", "permissions"} <= set(
        document
    ) and True in document  # "on" is a boolean
    assert document["permissions"] == {"contents": "read", "security-events": "write"}
    for job in document["jobs"].values():
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), step
            assert "@v" in step.get("uses", "@v"), step


def test_the_pipeline_has_the_form_of_azure() -> None:
    document = _read(ROOT / "docs" / "pipelines" / "azure-pipelines.yml")
    assert {"trigger", "pool", "steps"} <= set(document)
    for step in document["steps"]:
        assert ("task" in step) != ("script" in step), step
        assert re.fullmatch(r"\w+@\d", step.get("task", "T@1")), step


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_on_pages_exist(path: Path) -> None:
    for line in shown(path.read_text(encoding="utf-8")):
        check(line)


def test_the_container_runs_without_rights_and_loads_nothing_at_run() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    stages = [number for number, line in enumerate(lines) if line.startswith("FROM ")]
    assert len(stages) == 2 and all(lines[n].split()[1] == "${PYTHON}" for n in stages)
    last = lines[stages[-1] :]
    users = [line.split()[1] for line in last if line.startswith("USER ")]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", users[-1])
    assert 'ENTRYPOINT ["demarc"]' in last
    # The image that runs gets files from the build alone: no package manager, no addresses.
    assert not [line for line in last if line.startswith(("RUN", "ADD"))]
    assert "http" not in text


def test_the_build_of_the_container_sees_what_a_wheel_needs() -> None:
    rows = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    let_in = {row.removeprefix("!") for row in rows if row.startswith("!")}
    assert rows[0] == "*" and "build/wheelhouse" in let_in
    # Docker reads the second one, podman the first.
    assert (ROOT / "Containerfile.dockerignore").read_text("utf-8").splitlines() == rows
    metadata = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name in ("analyzer", "reports", "collectors", "README.md", "LICENSE"):
        assert name in metadata and name in let_in
