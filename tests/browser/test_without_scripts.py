"""Without scripts: points 11 to 17."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import diagnoses
import pytest
from seen import visible

pytestmark = pytest.mark.browser

Open = Callable[..., Any]


@pytest.mark.parametrize("name", ["case_file", "normal"])
def test_11_all_findings_are_there(open_page: Open, name: str) -> None:
    page = open_page(name, java_script_enabled=False)
    assert len(visible(page, ".finding")) == len(diagnoses.case_of(name).findings)


def test_12_unticking_an_owner_hides_its_findings(open_page: Open) -> None:
    page = open_page("normal", java_script_enabled=False)
    before = visible(page, ".finding")
    customer = visible(page, ".finding[data-owner=customer]")
    page.uncheck("#o-customer")
    assert visible(page, ".finding") == [key for key in before if key not in customer]
    page.check("#o-customer")
    assert visible(page, ".finding") == before


def test_13_filters_combine(open_page: Open) -> None:
    page = open_page("normal", java_script_enabled=False)
    page.uncheck("#o-microsoft")
    page.uncheck("#s-critical")
    page.select_option("#component", index=3)
    key = page.eval_on_selector("#component", "e => e.value")
    expected = page.eval_on_selector_all(
        f".finding[data-component={key}]:not([data-owner=microsoft]):not([data-severity=critical])",
        "all => all.map(e => e.id)",
    )
    assert expected
    assert visible(page, ".finding") == expected


def test_13_pool_filter_shows_what_sits_in_the_pool(open_page: Open) -> None:
    page = open_page("case_file", java_script_enabled=False)
    assert page.locator("#pool option").count() == 4
    page.select_option("#pool", index=2)
    shown = visible(page, ".finding h3")
    assert len(shown) == 2
    assert shown[0].startswith("Outbound rule deny-egress-443")
    assert shown[1].startswith("Node image is 94 days behind")


def test_14_fragment_leads_to_the_finding(open_page: Open, views: Any) -> None:
    anchor = views["case_file"].findings[7].anchor
    page = open_page("case_file", f"#{anchor}", java_script_enabled=False)
    assert 0 <= page.locator(f"#{anchor}").bounding_box()["y"] < 300
    style = page.eval_on_selector(f"#{anchor}", "e => getComputedStyle(e).outlineStyle")
    assert style == "solid"


def test_15_fragment_opens_closed_evidence(open_page: Open, views: Any) -> None:
    anchor = views["case_file"].findings[3].evidence[0].anchor
    page = open_page("case_file", f"#{anchor}", java_script_enabled=False)
    page.wait_for_function(f"document.getElementById('{anchor}').closest('details').open")
    assert page.locator(f"#{anchor}").is_visible()


def test_16_no_control_without_effect(open_page: Open) -> None:
    page = open_page("case_file", java_script_enabled=False)
    assert visible(page, "button, input[type=search], [role=status]") == []


@pytest.mark.parametrize("name", ["case_file", "partial"])
def test_17_order_without_style(open_page: Open, name: str) -> None:
    page = open_page(name, java_script_enabled=False)
    page.eval_on_selector("style", "e => e.remove()")
    text = page.inner_text("body")
    steps = [
        page.inner_text("h1"),
        page.inner_text(".verdict")[:20],
        "Who must act",
        "Incomplete bundle",
        "What is missing",
        "What we saw",
    ]
    places = [text.index(step) for step in steps]
    assert places == sorted(places)
