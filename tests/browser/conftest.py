"""Reports written to disk and opened by file:// in the system's Chromium.

Loading a page is what costs, so tests that only look share one page for each report.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "render"))
sys.path.insert(0, str(Path(__file__).parent))

import analysed
import diagnoses
from seen import OPEN_ALL, watched

from analyzer.render.html import render_html
from analyzer.render.shape import ReportView

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def views() -> dict[str, ReportView]:
    return {name: diagnoses.view_of(name) for name in diagnoses.CASES}


@pytest.fixture(scope="session")
def files(
    views: dict[str, ReportView], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    paths = {}
    for name, view in views.items():
        paths[name] = folder / f"{name}.html"
        paths[name].write_bytes(render_html(view).encode("ascii"))
    return paths


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> analysed.Analysed:
    return analysed.make(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def _shared(browser: Any, files: dict[str, Path]) -> Iterator[Open]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    pages: dict[tuple[str, bool], Any] = {}

    def page_of(name: str, *, opened: bool = False) -> Any:
        if (name, opened) not in pages:
            page = pages[name, opened] = watched(context, files[name].as_uri())
            if opened:
                page.evaluate(OPEN_ALL)
        return pages[name, opened]

    yield page_of
    context.close()


@pytest.fixture
def look(_shared: Open) -> Open:
    """``look(name, opened=False)``: a page of 1280 x 900 that nobody may change."""
    return _shared


@pytest.fixture
def open_page(browser: Any, files: dict[str, Path]) -> Iterator[Open]:
    """``open_page(name, fragment, **options of the context)``: a page of one's own."""
    contexts = []

    def opened(name: str, fragment: str = "", **options: Any) -> Any:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = browser.new_context(**options)
        contexts.append(context)
        return watched(context, files[name].as_uri() + fragment)

    yield opened
    for context in contexts:
        context.close()
