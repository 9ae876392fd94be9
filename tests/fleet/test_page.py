"""The page: offline, without scripts, and harmless whatever a cluster is called."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from analyzer.fleet.page import render_fleet
from analyzer.fleet.query import Fleet
from analyzer.fleet.run import PAGE
from analyzer.fleet.sources import Source
from analyzer.fleet.state import FleetState
from analyzer.fleet.tables import write_tables
from analyzer.fleet.work import Outcome
from tests.fleet.made import Made

HOSTILE = "</title><script>window.pwned=1</script>{{ 7*7 }}"


def test_it_asks_for_nothing_and_runs_nothing(made: Made) -> None:
    page = (made.folder / PAGE).read_text(encoding="ascii")
    assert "<script" not in page and 'http-equiv="Content-Security-Policy"' in page
    assert "default-src &#39;none&#39;" in page and "script-src" not in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page) and 'style="' not in page


def test_it_says_who_must_act_and_what_was_lost(made: Made) -> None:
    page = (made.folder / PAGE).read_text(encoding="ascii")
    text = re.sub(r"<[^>]+>", " ", page)
    assert "AKS fleet: 4 clusters" in text and "1 bundle could not be analysed" in text
    assert "broken.tar" in text and "runc-140-spurious-container-stopped" in text
    assert page.count('<svg class="grid"') == page.count('<tr><th scope="row" class="time">2')


@pytest.fixture(scope="module")
def hostile(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same fleet with a cluster whose name tries to be code."""
    folder = tmp_path_factory.mktemp("hostile")
    state = FleetState(folder)
    state.create()
    for rows in FleetState(made.folder).results():
        bad = rows.clusters[0].model_copy(update={"cluster": HOSTILE})
        changed = rows.model_copy(update={"clusters": (bad,)})
        source = Source(f"{HOSTILE}{bad.bundle}", "")
        state.keep(Outcome(source, "analysed", "", bad.bundle, changed.model_dump_json()), "")
    write_tables(state, folder)
    with Fleet(folder) as fleet:
        (folder / PAGE).write_text(render_fleet(fleet), encoding="ascii")
    return folder / PAGE


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_it_is_accessible_and_makes_one_request(
    made: Made, browser: Any, width: int, scheme: str
) -> None:
    from axe_playwright_python.base import AXE_FILE_PATH

    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    noise: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: noise.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((made.folder / PAGE).as_uri())
    assert asked == [(made.folder / PAGE).as_uri()] and noise == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [violation["id"] for violation in found] == []
    page.close()


@pytest.mark.browser
def test_hostile_names_stay_text(hostile: Path, browser: Any) -> None:
    page = browser.new_page()
    page.goto(hostile.as_uri())
    assert page.evaluate("window.pwned") is None
    assert HOSTILE in page.inner_text("main")
    page.close()


def test_an_empty_fleet_has_a_page(tmp_path: Path) -> None:
    state = FleetState(tmp_path)
    state.create()
    write_tables(state, tmp_path)
    with Fleet(tmp_path) as fleet:
        assert "No bundle could be analysed." in render_fleet(fleet)
