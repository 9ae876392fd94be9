"""With scripts: points 18 to 20."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from seen import visible

pytestmark = pytest.mark.browser

Open = Callable[..., Any]


def test_18_search_is_quick_and_counts(open_page: Open) -> None:
    page = open_page("large")
    times = []
    for _ in range(4):  # the quickest counts: the machine may be busy with other tests
        page.fill("#search", "")
        page.wait_for_function("document.querySelectorAll('.unmatched').length === 0")
        start = time.perf_counter()
        page.fill("#search", "component-7 low")
        page.wait_for_function("document.querySelectorAll('.unmatched').length > 0")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5
    found = visible(page, ".finding")
    assert 0 < len(found) < 400
    assert page.inner_text("[role=status]") == f"{len(found)} of 400 findings shown"


def test_first_paint_of_a_large_report_is_quick(open_page: Open) -> None:
    """The quickest of three counts: the machine may be busy with other tests."""
    first = "performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)[0] || 0"
    page = open_page("large")
    times = []
    for _ in range(3):
        page.wait_for_function(f"{first} > 0")
        times.append(page.evaluate(first))
        page.reload()
    assert min(times) < 1000


@pytest.mark.parametrize(
    ("typed", "rules"),
    [
        # Nodes 0 to 63 of np3 have the leak; all nodes but three the blocked path.
        ("aks-np3-31415926-vmss00001r", ["AKS-NET-012", "AKS-NET-030"]),
        ("aks-np3-31415926-vmss00001s", ["AKS-NET-012"]),
        ("AKS-NP2-31415926-VMSS000006", ["AKS-NET-012", "AKS-NET-020"]),
        ("vmss000015", ["AKS-NET-012", "AKS-NET-020", "AKS-NET-030"]),
        ("aks-np1", ["AKS-NET-012", "AKS-NET-040"]),
        ("aks-np1-31415926-vmss000000", []),
        ("no-such-node", []),
    ],
)
def test_19_node_filter_reads_ranges(open_page: Open, typed: str, rules: list[str]) -> None:
    page = open_page("case_file")
    page.fill("#node", typed)
    found = page.eval_on_selector_all(
        ".finding:not(.unmatched)", "all => all.map(e => e.querySelector('.id').textContent)"
    )
    assert sorted(found) == rules
    assert page.inner_text("[role=status]") == f"{len(rules)} of 13 findings shown"


def test_19_empty_search_says_so_and_clears(open_page: Open) -> None:
    page = open_page("normal")
    page.fill("#search", "no such words")
    assert page.inner_text("[role=status]") == "0 of 60 findings shown"
    assert page.is_visible("#none")
    page.click("#clear")
    assert page.inner_text("[role=status]") == "60 of 60 findings shown"
    assert not page.is_visible("#none")


def test_20_copy_gives_the_exact_text(open_page: Open, views: Any) -> None:
    page = open_page("case_file", permissions=["clipboard-read", "clipboard-write"])
    page.click("#copy-summary")
    page.wait_for_function("document.getElementById('copy-summary').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == views["case_file"].ticket.text


def test_20_refused_copy_selects_and_tells(open_page: Open, views: Any) -> None:
    page = open_page("case_file")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')) }")
    page.click("#copy-summary")
    page.wait_for_function("/^Press/.test(document.getElementById('copy-summary').textContent)")
    selected = page.evaluate("getSelection().toString().trim()")
    assert selected == views["case_file"].ticket.text.strip()
