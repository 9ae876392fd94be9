"""Geometry: points 21 to 25 (26 is in test_pictures)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from seen import NAMES, OPEN_ALL

pytestmark = pytest.mark.browser

Open = Callable[..., Any]


@pytest.mark.parametrize("width", [1280, 640, 320])
@pytest.mark.parametrize("name", ["case_file", "partial", "hostile", "normal", "not_aks"])
def test_21_no_sideways_scroll(open_page: Open, name: str, width: int) -> None:
    page = open_page(name, viewport={"width": width, "height": 900})
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", NAMES)
def test_22_header_and_main_have_their_places(look: Open, name: str) -> None:
    page = look(name)
    header, main = page.locator("header").bounding_box(), page.locator("main").bounding_box()
    assert header["width"] == page.evaluate("document.documentElement.clientWidth")
    assert header["y"] + header["height"] <= main["y"]
    assert main["width"] >= 0.6 * header["width"]


@pytest.mark.parametrize("name", ["case_file", "normal", "hostile"])
def test_23_drawn_text_lies_in_its_box(look: Open, name: str) -> None:
    page = look(name, opened=True)
    outside = page.evaluate(
        """() => [...document.querySelectorAll('.graph .box')].flatMap(box => {
            const r = box.querySelector('rect').getBBox();
            return [...box.querySelectorAll('text')].filter(t => {
                const b = t.getBBox();
                return b.x < r.x || b.y < r.y || b.x + b.width > r.x + r.width
                    || b.y + b.height > r.y + r.height;
            }).map(t => t.textContent);
        })"""
    )
    assert outside == []
    cut = page.evaluate(
        """() => [...document.querySelectorAll('svg')].flatMap(svg => {
            const v = svg.viewBox.baseVal;
            return [...svg.querySelectorAll('text')].filter(t => {
                const b = t.getBBox();
                return b.x + b.width > v.width || b.y + b.height > v.height || b.x < 0 || b.y < 0;
            }).map(t => t.textContent);
        })"""
    )
    assert cut == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["case_file", "partial"])
def test_24_controls_are_large_and_apart(open_page: Open, name: str, width: int) -> None:
    page = open_page(name, viewport={"width": width, "height": 900})
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, summary, nav a, .hash,'
            + ' .ledger a')].filter(e => e.checkVisibility()).map(e => {
            const target = e.type === 'checkbox' ? e.parentElement : e;
            const b = target.getBoundingClientRect();
            return [e.textContent.trim() || e.id, b.left, b.top, b.right, b.bottom];
        })"""
    )
    assert boxes
    assert [box for box in boxes if box[3] - box[1] < 24 or box[4] - box[2] < 23.9] == []
    for place, first in enumerate(boxes):
        for second in boxes[place + 1 :]:
            apart = (
                first[3] <= second[1] + 0.5
                or second[3] <= first[1] + 0.5
                or first[4] <= second[2] + 0.5
                or second[4] <= first[2] + 0.5
            )
            assert apart, (first, second)


@pytest.mark.parametrize("name", ["case_file", "partial", "healthy", "normal", "large"])
def test_25_ledger_is_on_the_first_screen(look: Open, name: str) -> None:
    box = look(name).locator(".ledger").bounding_box()
    assert box["y"] + box["height"] <= 900
