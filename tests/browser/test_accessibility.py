"""Accessibility: points 27 to 33."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from seen import NAMES, OPEN_ALL, visible

pytestmark = pytest.mark.browser

Open = Callable[..., Any]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "large"])
def test_27_axe_finds_nothing(open_page: Open, name: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(name, color_scheme=scheme)
    if (name, scheme) != ("normal", "dark"):  # case_file has the same parts, and is quicker
        page.evaluate(OPEN_ALL)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    run: dict[str, Any] = {"runOnly": {"type": "tag", "values": tags}}
    if scheme == "dark":
        # The scheme changes colours and nothing else.
        run = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
    results = Axe().run(page, options=run | {"resultTypes": ["violations"]})
    violations = results.response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200], len(v["nodes"])) for v in violations] == []


@pytest.mark.parametrize("name", NAMES)
def test_28_headings_and_landmarks(look: Open, name: str) -> None:
    page = look(name)
    levels = page.eval_on_selector_all("h1,h2,h3,h4,h5,h6", "all => all.map(e => +e.tagName[1])")
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for landmark in ("header", "nav", "main"):
        assert page.locator(f"body {landmark}").count() == 1
    assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text("h1")[:20] in page.title()


def test_29_owner_and_severity_are_words(look: Open) -> None:
    page = look("case_file")
    owners = "Microsoft|Customer|Upstream bug|BYOCNI-excluded|Undetermined"
    severities = "Critical|High|Medium|Low|Info"
    for selector in (".finding .labels", ".causes .tail"):
        texts = page.locator(selector).all_inner_texts()
        assert len(texts) == 13
        assert all(re.search(owners, t) and re.search(severities, t) for t in texts)
    rows = page.locator(".ledger tbody tr").all_inner_texts()
    assert all(re.search(owners, row) for row in rows)
    nodes = page.locator('[aria-label="Nodes with issues"] tbody tr').all_inner_texts()
    assert nodes
    assert all(re.search(owners, row) and re.search(severities, row) for row in nodes)


def test_30_forced_colours_keep_borders_and_glyphs(open_page: Open) -> None:
    page = open_page("case_file", forced_colors="active")
    widths = page.eval_on_selector_all(
        ".ledger tbody th",
        "all => all.map(getComputedStyle).map(s => s.borderLeftStyle + s.borderLeftWidth)",
    )
    assert widths == ["solid7px", "solid7px", "dashed7px", "dotted7px", "double7px"]
    assert len(visible(page, ".ledger .glyph")) == 5


def test_31_keyboard_reaches_everything_in_order(open_page: Open) -> None:
    page = open_page("partial")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    seen = []
    for _ in range(120):
        page.keyboard.press("Tab")
        state = page.evaluate(
            """() => { const e = document.activeElement;
            return [e.tagName, getComputedStyle(e).outlineStyle, !!e.closest('.finding')]; }"""
        )
        if state[0] == "BODY":
            break
        assert state[1] != "none"
        seen.append(state)
    else:
        pytest.fail("the keyboard does not get out")
    assert sum(state[2] for state in seen) <= 5


@pytest.mark.parametrize("name", ["case_file", "normal"])
def test_31_few_stops_per_finding(look: Open, name: str) -> None:
    page = look(name)
    counts = page.eval_on_selector_all(
        ".finding",
        "all => all.map(f => [...f.querySelectorAll('a, button, summary, pre')]"
        ".filter(e => e.checkVisibility()).length)",
    )
    assert max(counts) <= 5


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("name", ["case_file", "hostile"])
def test_32_scrolling_parts_can_be_focused(open_page: Open, name: str, width: int) -> None:
    page = open_page(name, viewport={"width": width, "height": 900})
    page.evaluate(OPEN_ALL)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('main *')].filter(e =>
            e.scrollWidth > e.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(e).overflowX)
            && !(e.tabIndex === 0 && e.getAttribute('role') && e.getAttribute('aria-label'))
        ).map(e => e.outerHTML.slice(0, 120))"""
    )
    assert nameless == []


def test_32_grid_is_an_image_with_counts(look: Open) -> None:
    grid = look("case_file").locator("svg.grid")
    assert grid.get_attribute("role") == "img"
    label = grid.get_attribute("aria-label")
    assert label.startswith("1,015 nodes by worst finding: 1,012 critical of Customer")


def test_33_narrow_page_cuts_nothing(open_page: Open) -> None:
    page = open_page("case_file", viewport={"width": 320, "height": 900})
    page.evaluate(OPEN_ALL)
    outside = page.evaluate(
        """() => [...document.querySelectorAll('header *, .rail *, main *')].filter(e => {
            if (!e.checkVisibility() || e.closest('.scroll, pre, svg, thead')) return false;
            const b = e.getBoundingClientRect();
            return b.width > 0 && (b.right > 321 || b.left < -1);
        }).map(e => e.outerHTML.slice(0, 120))"""
    )
    assert outside == []
