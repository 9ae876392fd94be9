"""Content: points 34 to 40."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import diagnoses
import pytest
from analysed import SECRETS, Analysed
from seen import AKS, NAMES, OPEN_ALL, VISIBLE, visible, watched

from analyzer.render.json import render_json
from analyzer.render.text import clean

pytestmark = pytest.mark.browser

Open = Callable[..., Any]


@pytest.mark.parametrize("name", AKS)
def test_34_ledger_adds_up(look: Open, name: str) -> None:
    page = look(name)
    counts = page.locator(".ledger .count").all_inner_texts()
    numbers = [int(text.split()[0].replace(",", "")) for text in counts]
    told = json.loads(render_json(diagnoses.case_of(name)))["summary"]["by_owner"]
    assert sum(numbers) == len(diagnoses.case_of(name).findings) == sum(told.values())
    for row, number in enumerate(numbers):
        links = page.locator(".ledger tbody tr").nth(row).locator("a").count()
        assert (links > 0) == (number > 0)


@pytest.mark.parametrize("name", NAMES)
def test_35_every_link_has_a_target(look: Open, name: str) -> None:
    page = look(name)
    ids = page.eval_on_selector_all("[id]", "all => all.map(e => e.id)")
    assert len(ids) == len(set(ids))
    links = page.eval_on_selector_all("[href^='#']", "all => all.map(e => e.getAttribute('href'))")
    assert {link[1:] for link in links} <= set(ids)


@pytest.mark.parametrize("name", ["case_file", "normal", "partial"])
def test_36_every_finding_shows_what_it_must(look: Open, name: str) -> None:
    page = look(name, opened=True)
    for text in page.locator(".finding").all_inner_texts():
        assert "What we saw" in text
        assert re.search(r"(Why this owner|Why it is open)\s+.+decision row C-07", text)
        assert re.search("(high|medium|low) confidence", text)
        assert "Do next" in text
        assert re.search(r"\S+\.(log|json):\d+", text)


def test_36_evidence_stands_in_the_bundle_as_shown(browser: Any, sample: Analysed) -> None:
    page = watched(browser.new_context(), sample.page.as_uri())
    page.evaluate(OPEN_ALL)
    shown = page.eval_on_selector_all(
        ".finding .excerpt",
        """all => all.map(e => [e.closest('.finding').id, e.querySelector('code').textContent,
            e.querySelector('pre').textContent])""",
    )
    found = set()
    for finding, place, text in shown:
        path = place.rsplit(":", 1)[0]
        lines = sample.tree[path].decode("utf-8").split("\n")
        for line in text.strip("\n").split("\n"):
            number, _, excerpt = line.strip().partition(" ")
            stands = clean(lines[int(number) - 1])
            # What is masked or cut on the page cannot stand there as such; all around it must.
            pieces = re.split(r"<masked>|… \(\+[0-9,]+ characters\)$|^…|…$", excerpt.strip())
            if all(piece.strip() in stands for piece in pieces) and any(pieces):
                found.add(finding)
            else:
                pytest.fail(f"{place}: {excerpt!r} does not stand in line {number}")
    assert found == {f.id for f in sample.diagnosis.findings}
    page.context.close()


def test_37_partial_report_names_what_is_missing(look: Open) -> None:
    page = look("partial")
    assert "in what was collected" in page.inner_text(".verdict")
    notice = page.inner_text(".notices")
    assert "3 of 12 nodes sent nothing, 3 of 146 checks could not run" in notice
    rows = page.locator('[aria-label="Missing inputs"] tbody tr').all_inner_texts()
    assert any(
        "events" in row and "access was refused" in row and "AKS-CHK-202" in row for row in rows
    )
    assert any("nodes/*.tar.gz on 3 nodes" in row and "AKS-CHK-201" in row for row in rows)


def test_38_healthy_report_says_what_ran(look: Open) -> None:
    page = look("healthy")
    assert page.title() == "No issues found - aks-prod-weu-03"
    verdict = page.inner_text(".verdict")
    assert "142 of 143 checks ran" in verdict
    assert "1 could not run" in verdict
    assert page.is_visible("#provenance")
    empty = page.eval_on_selector_all(
        "main section", "all => all.filter(s => s.children.length < 2).map(s => s.outerHTML)"
    )
    assert empty == []


@pytest.mark.parametrize("name", NAMES)
def test_39_redaction_and_provenance_are_there(look: Open, name: str) -> None:
    page = look(name)
    assert page.is_visible("#redaction")
    assert diagnoses.SHA in page.inner_text("[aria-labelledby=provenance]")


def test_39_sum_is_that_of_the_bundle_and_no_secret_is_in_any_format(sample: Analysed) -> None:
    digest = hashlib.sha256(sample.bundle.read_bytes()).hexdigest()
    for name in ("html", "json", "md"):
        assert digest in sample.formats[name]
    assert "policy-gate" in sample.formats["sarif"]
    for name, text in sample.formats.items():
        for kind, secret in SECRETS.items():
            assert secret not in text, (name, kind)
    assert "<masked>" in sample.formats["md"]


def test_40_print_is_the_whole_record(open_page: Open) -> None:
    page = open_page("normal", java_script_enabled=False, color_scheme="dark")
    page.uncheck("#o-customer")
    page.emulate_media(media="print", color_scheme="dark")
    assert len(visible(page, ".finding")) == 60
    assert visible(page, "button, input, select, nav") == []
    shown = page.eval_on_selector_all(
        ".finding[data-severity=critical] pre, .finding[data-severity=high] pre",
        f"all => all.map({VISIBLE})",
    )
    assert shown
    assert all(shown)
    colours = page.evaluate("(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))")
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    # Paper has no backgrounds: what is reversed on the screen is framed there.
    mark = page.eval_on_selector(
        ".sev-critical", "e => [getComputedStyle(e).color, getComputedStyle(e).borderTopStyle]"
    )
    assert mark == ["rgb(0, 0, 0)", "solid"]
    page.set_viewport_size({"width": 700, "height": 990})
    assert page.eval_on_selector(".ledger tr", "e => getComputedStyle(e).display") == "table-row"
    assert page.pdf(format="A4")[:5] == b"%PDF-"


def test_40_print_opens_what_is_folded_for_the_screen_alone(look: Open) -> None:
    page = look("large")
    page.emulate_media(media="print")
    try:
        assert len(visible(page, "[aria-labelledby=exposures] .aside")) == 60
        assert len(visible(page, ".causes > li")) == 320
    finally:
        page.emulate_media(media="screen")


def test_40_printed_tables_fit_the_paper(open_page: Open) -> None:
    page = open_page("case_file", viewport={"width": 700, "height": 990})
    page.emulate_media(media="print")
    assert page.locator(".drift tbody").count() == 1
    too_wide = page.eval_on_selector_all(
        "main table", "all => all.filter(t => t.getBoundingClientRect().right > 701).length"
    )
    assert too_wide == 0


# A cluster that is not AKS


def test_not_aks_gives_no_verdict(look: Open) -> None:
    page = look("not_aks")
    verdict = page.inner_text(".verdict")
    assert verdict.startswith("This is not an AKS cluster.")
    assert "The AKS support policy does not reach it, so nothing here has an owner." in verdict
    assert page.inner_text(".kicker") == "Diagnostics report of a cluster that is not AKS"
    assert "az aks" not in page.inner_text("main")
    assert page.locator(".ledger, .finding, .owner, #healthy").count() == 0
    assert "Not an AKS cluster" in page.title()
