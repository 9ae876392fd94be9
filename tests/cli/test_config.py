"""Settings: option before environment before file before default, and mistakes with their line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.cli import run
from analyzer.cli.exits import Exit

Out = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and a home folder beside it."""
    folder, home = tmp_path / "here", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    return folder


def write(folder: Path, text: str) -> None:
    (folder / ".demarc.yaml").write_text(text, encoding="utf-8")


def settings(capsys: Out, *arguments: str) -> dict[str, tuple[str, str]]:
    assert run(["config", *arguments, "--json"]) == Exit.DONE
    rows = json.loads(capsys.readouterr().out)
    return {f"{row['command']} {row['key']}": (row["value"], row["source"]) for row in rows}


def test_each_place_wins_over_the_next(
    here: Path, bundle: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["analyze", str(bundle), "-q", "--no-report"]
    assert run(command) == Exit.DONE
    write(here, "analyze:\n  fail-on: medium\n")
    assert run(command) == Exit.FINDINGS
    assert capsys.readouterr().err == ""
    assert run([*command[:2], "--no-report"]) == Exit.FINDINGS
    assert "settings are taken from .demarc.yaml" in capsys.readouterr().err
    monkeypatch.setenv("DEMARC_ANALYZE_FAIL_ON", "critical")
    assert run(command) == Exit.DONE
    assert run([*command, "--fail-on", "medium"]) == Exit.FINDINGS
    assert run(["--no-config", *command]) == Exit.DONE


def test_config_says_where_each_value_comes_from(
    here: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings(capsys) == {}
    write(here, "no-color: true\nanalyze:\n  owner: [customer, microsoft]\n  jobs: 2\n")
    monkeypatch.setenv("DEMARC_ANALYZE_JOBS", "1")
    found = settings(capsys)
    assert found["analyze owner"] == ("customer, microsoft", ".demarc.yaml:3")
    assert found["analyze jobs"] == ("1", "environment DEMARC_ANALYZE_JOBS")
    assert found["demarc no-color"] == ("true", ".demarc.yaml:1")
    assert settings(capsys, "analyze")["analyze min-severity"] == ("info", "default")
    assert run(["config"]) == Exit.DONE
    assert "Config file: .demarc.yaml" in capsys.readouterr().out


def test_nested_commands_and_paths_relative_to_the_file(here: Path, capsys: Out) -> None:
    (here / "sub" / "ours" / "bugs").mkdir(parents=True)
    write(here / "sub", "baseline:\n  show:\n    data: ./ours\n")
    found_in = str(here / "sub" / ".demarc.yaml")
    assert run(["--config", found_in, "config", "baseline"]) == Exit.DONE
    assert "./ours" in capsys.readouterr().out
    assert run(["--config", found_in, "baseline", "show"]) == Exit.DONE


def test_the_home_folder_is_the_second_choice(here: Path, tmp_path: Path, capsys: Out) -> None:
    write(tmp_path / "home", "diff:\n  fail-on: low\n")
    value, source = settings(capsys)["diff fail-on"]
    assert value == "low" and "home" in source
    write(here, "diff:\n  fail-on: high\n")
    assert settings(capsys)["diff fail-on"] == ("high", ".demarc.yaml:2")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("analyze:\n  fial-on: high\n", ".demarc.yaml:2: 'fial-on' is no option"),
        ("analyse: {}\n", ".demarc.yaml:1: 'analyse' is neither"),
        ("analyze:\n  min-severity: high\n  min-severity: low\n", ".demarc.yaml:3: "),
        ("analyze:\n  min-severity: worst\n", ".demarc.yaml:2: "),
        ("analyze:\n\n  fail-on: high:nobody\n", ".demarc.yaml:3: "),
        ("analyze:\n  quiet: perhaps\n", ".demarc.yaml:2: 'perhaps' is neither true nor false"),
        ("analyze:\n  jobs: [1, 2]\n", ".demarc.yaml:2: takes one value"),
        ("analyze:\n  jobs: -1\n", ".demarc.yaml:2: "),
        ("analyze:\n  data: ./absent\n", ".demarc.yaml:2: "),
        ("analyze: high\n", ".demarc.yaml:1: 'analyze' must hold keys and values"),
        ("- a\n", ".demarc.yaml:1: the file must hold"),
        ("analyze: {a: [\n", ".demarc.yaml:2: "),
        ("analyze:\n  data: {a: b}\n", ".demarc.yaml:2: takes a value, or a list"),
        ("x" * 70_000, ".demarc.yaml:1: is larger than"),
        ("a: &a [*a, *a]\n", ".demarc.yaml:1: "),
    ],
)
def test_mistakes_are_told_with_file_and_line(
    here: Path, capsys: Out, text: str, says: str
) -> None:
    write(here, text)
    assert run(["list", "bugs"]) == Exit.FAILED
    out, error = capsys.readouterr()
    assert error.startswith(f"error: {says}"), error
    assert not out and len(error.strip().splitlines()) <= 2


def test_a_near_miss_is_suggested(here: Path, capsys: Out) -> None:
    write(here, "analyze:\n  min-severty: high\n")
    assert run(["schema"]) == Exit.FAILED
    assert "did you mean 'min-severity'?" in capsys.readouterr().err


def test_a_file_that_was_named_must_be_there(here: Path, capsys: Out) -> None:
    assert run(["--config", "other.yaml", "schema"]) == Exit.FAILED
    assert "other.yaml" in capsys.readouterr().err


def test_an_empty_file_sets_nothing(here: Path, capsys: Out) -> None:
    write(here, "# nothing yet\n")
    assert settings(capsys) == {}


def test_help_and_version_need_no_valid_file(here: Path, capsys: Out) -> None:
    write(here, "nonsense: 1\n")
    assert run(["--version"]) == Exit.DONE
    assert run(["-h"]) == Exit.DONE
