"""Entry points: what cannot be loaded is told and left out."""

from __future__ import annotations

import logging
from importlib.metadata import EntryPoint

import pytest

from analyzer.plugins import LAYOUTS, RULES, load_all, loaded


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, RULES)


def test_one_that_fails_costs_itself_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="demarc.plugins"):
        found = load_all(
            [
                point("zz", "json:dumps"),
                point("gone", "no_such_module_here"),
                point("without", "json:no_such_name"),
                point("aa", "json"),
            ]
        )
    assert [plugin.name for plugin in found.plugins] == ["aa", "zz"]
    assert len(found.problems) == 2
    assert found.problems[0].startswith("Plugin 'gone' of unknown was left out: ModuleNotFound")
    assert [record.getMessage() for record in caplog.records] == list(found.problems)


def test_a_plugin_that_ends_the_program_does_not(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    from pathlib import Path

    Path(str(tmp_path), "leaves_at_once.py").write_text("raise SystemExit(3)\n", encoding="utf-8")
    found = load_all([point("leaves", "leaves_at_once")])
    assert not found.plugins and "SystemExit: 3" in found.problems[0]


@pytest.mark.parametrize("group", [RULES, LAYOUTS])
def test_demarc_itself_brings_no_plugin(group: str) -> None:
    """Its own rules and layouts are found without metadata."""
    assert all(not plugin.origin.startswith("aks-demarc ") for plugin in loaded(group).plugins)
