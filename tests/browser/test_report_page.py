"""The report in a real browser: the acceptance points of its design, by number."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import diagnoses
import pytest

pytestmark = pytest.mark.browser

NAMES = tuple(diagnoses.CASES)
AKS = tuple(name for name in NAMES if name != "not_aks")
OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"
VISIBLE = "e => e.checkVisibility({contentVisibilityAuto: true}) && e.getClientRects().length > 0"

Open = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any, files: dict[str, Path]) -> Iterator[Open]:
    contexts = []

    def opened(name: str, fragment: str = "", **options: Any) -> Any:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.seen = []
        page.noise = []
        page.on("request", lambda request: page.seen.append(request.url))
        page.on("console", lambda message: page.noise.append(message.text))
        page.on("pageerror", lambda error: page.noise.append(str(error)))
        page.goto(files[name].as_uri() + fragment)
        return page

    yield opened
    for context in contexts:
        context.close()


def visible(page: Any, selector: str) -> list[str]:
    return page.eval_on_selector_all(
        selector, f"all => all.filter({VISIBLE}).map(e => e.id || e.textContent.trim())"
    )


# Loading and safety


@pytest.mark.parametrize("name", NAMES)
def test_01_one_request_is_made(open_page: Open, files: dict[str, Path], name: str) -> None:
    assert open_page(name).seen == [files[name].as_uri()]


@pytest.mark.parametrize("name", NAMES)
def test_02_console_is_silent(open_page: Open, name: str) -> None:
    page = open_page(name)
    page.evaluate(OPEN_ALL)
    assert page.noise == []


def test_03_policy_is_first_and_names_the_hashes(open_page: Open) -> None:
    page = open_page("case_file")
    head = page.eval_on_selector_all("head > *", "all => all.map(e => e.outerHTML.slice(0, 60))")
    assert head[0] == '<meta charset="utf-8">'
    assert head[1].startswith('<meta http-equiv="Content-Security-Policy"')
    policy = page.get_attribute("meta[http-equiv]", "content")
    for kind in ("style", "script"):
        texts = page.eval_on_selector_all(kind, "all => all.map(e => e.textContent)")
        assert len(texts) == 1
        digest = base64.b64encode(hashlib.sha256(texts[0].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")


@pytest.mark.parametrize("name", NAMES)
def test_04_no_inline_code_and_no_loading_elements(open_page: Open, name: str) -> None:
    page = open_page(name)
    bad = "[style], img, link, iframe, object, embed, base, form"
    assert page.locator(bad).count() == 0
    handlers = "all => all.some(e => [...e.attributes].some(a => a.name.startsWith('on')))"
    assert page.eval_on_selector_all("*", handlers) is False


def test_05_hostile_text_stays_text(open_page: Open) -> None:
    page = open_page("hostile")
    page.evaluate(OPEN_ALL)
    assert page.evaluate("window.pwned") is None
    assert "</script><script>window.pwned=1</script>" in page.inner_text("h1")
    assert "{{ 7*7 }}{% raw %}${7*7}" in page.inner_text("main")


def test_06_unseen_characters_are_written_out(open_page: Open) -> None:
    page = open_page("hostile")
    text = page.evaluate("document.documentElement.textContent")
    for escape in (r"\u{202e}", r"\u{200b}", r"\u{2066}", r"\u{0}"):
        assert escape in text
    assert not re.search("[\x00-\x08\x1b\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize("name", NAMES)
def test_07_links_are_safe(open_page: Open, name: str) -> None:
    page = open_page(name)
    links = page.eval_on_selector_all("[href]", "all => all.map(e => e.getAttribute('href'))")
    assert links
    assert [link for link in links if not re.match(r"#|https://[A-Za-z0-9.-]+(/|$)", link)] == []
    out = page.eval_on_selector_all("a.out", "all => all.map(e => e.rel + '|' + e.textContent)")
    assert all(item.startswith("noreferrer|") and "https://" not in item for item in out)


@pytest.mark.parametrize(
    ("name", "limit"), [("large", 4_500_000), ("normal", 1_500_000), ("healthy", 60_000)]
)
def test_08_size(files: dict[str, Path], name: str, limit: int) -> None:
    data = files[name].read_bytes()
    assert data.isascii()
    assert len(data) <= limit


def test_10_sandboxed_frame_shows_the_answer(browser: Any, files: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto("about:blank")
    page.set_content("<iframe sandbox width=1200 height=900></iframe>")
    page.evaluate(
        "t => { document.querySelector('iframe').srcdoc = t }", files["case_file"].read_text()
    )
    frame = page.frames[1]
    frame.wait_for_selector(".ledger")
    # Without scripts in the frame nothing can be asked there but by the driver.
    assert frame.is_visible("h1")
    assert frame.is_visible(".verdict")
    assert frame.is_visible(".ledger table")
    assert not frame.is_visible("#copy-summary")
    assert not frame.is_visible("#search")
    page.close()


# Without scripts


@pytest.mark.parametrize("name", ["case_file", "normal"])
def test_11_all_findings_are_there(open_page: Open, name: str) -> None:
    page = open_page(name, java_script_enabled=False)
    assert len(visible(page, ".finding")) == len(diagnoses.CASES[name]().findings)


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


# With scripts


def test_18_search_is_quick_and_counts(open_page: Open) -> None:
    page = open_page("large")
    times = []
    for _ in range(4):  # the quickest counts: the machine may be busy with other tests
        page.fill("#search", "")
        page.wait_for_function("document.querySelectorAll('.unmatched').length === 0")
        start = time.perf_counter()
        page.fill("#search", "component-7 critical")
        page.wait_for_function("document.querySelectorAll('.unmatched').length > 0")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5
    found = visible(page, ".finding")
    assert 0 < len(found) < 200
    assert page.inner_text("[role=status]") == f"{len(found)} of 200 findings shown"


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


# Geometry


@pytest.mark.parametrize("width", [1280, 640, 320])
@pytest.mark.parametrize("name", ["case_file", "partial", "hostile", "normal", "not_aks"])
def test_21_no_sideways_scroll(open_page: Open, name: str, width: int) -> None:
    page = open_page(name, viewport={"width": width, "height": 900})
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", NAMES)
def test_22_header_and_main_have_their_places(open_page: Open, name: str) -> None:
    page = open_page(name)
    header, main = page.locator("header").bounding_box(), page.locator("main").bounding_box()
    assert header["width"] == page.evaluate("document.documentElement.clientWidth")
    assert header["y"] + header["height"] <= main["y"]
    assert main["width"] >= 0.6 * header["width"]


@pytest.mark.parametrize("name", ["case_file", "normal", "hostile"])
def test_23_drawn_text_lies_in_its_box(open_page: Open, name: str) -> None:
    page = open_page(name)
    page.evaluate(OPEN_ALL)
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
def test_25_ledger_is_on_the_first_screen(open_page: Open, name: str) -> None:
    box = open_page(name).locator(".ledger").bounding_box()
    assert box["y"] + box["height"] <= 900


# Accessibility


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "large"])
def test_27_axe_finds_nothing(open_page: Open, name: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(name, color_scheme=scheme)
    page.evaluate(OPEN_ALL)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    results = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    violations = results.response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200], len(v["nodes"])) for v in violations] == []


@pytest.mark.parametrize("name", NAMES)
def test_28_headings_and_landmarks(open_page: Open, name: str) -> None:
    page = open_page(name)
    levels = page.eval_on_selector_all("h1,h2,h3,h4,h5,h6", "all => all.map(e => +e.tagName[1])")
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for landmark in ("header", "nav", "main"):
        assert page.locator(f"body {landmark}").count() == 1
    assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text("h1")[:20] in page.title()


def test_29_owner_and_severity_are_words(open_page: Open) -> None:
    page = open_page("case_file")
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
def test_31_few_stops_per_finding(open_page: Open, name: str) -> None:
    page = open_page(name)
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


def test_32_grid_is_an_image_with_counts(open_page: Open) -> None:
    grid = open_page("case_file").locator("svg.grid")
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


# Content


@pytest.mark.parametrize("name", AKS)
def test_34_ledger_adds_up(open_page: Open, name: str) -> None:
    page = open_page(name)
    counts = page.locator(".ledger .count").all_inner_texts()
    numbers = [int(text.split()[0].replace(",", "")) for text in counts]
    assert sum(numbers) == len(diagnoses.CASES[name]().findings)
    for row, number in enumerate(numbers):
        links = page.locator(".ledger tbody tr").nth(row).locator("a").count()
        assert (links > 0) == (number > 0)


@pytest.mark.parametrize("name", NAMES)
def test_35_every_link_has_a_target(open_page: Open, name: str) -> None:
    page = open_page(name)
    ids = page.eval_on_selector_all("[id]", "all => all.map(e => e.id)")
    assert len(ids) == len(set(ids))
    links = page.eval_on_selector_all("[href^='#']", "all => all.map(e => e.getAttribute('href'))")
    assert {link[1:] for link in links} <= set(ids)


@pytest.mark.parametrize("name", ["case_file", "normal", "partial"])
def test_36_every_finding_shows_what_it_must(open_page: Open, name: str) -> None:
    page = open_page(name)
    page.evaluate(OPEN_ALL)
    for text in page.locator(".finding").all_inner_texts():
        assert "What we saw" in text
        assert re.search(r"(Why this owner|Why it is open)\s+Row C-07: ", text)
        assert re.search("(high|medium|low) confidence", text)
        assert "Do next" in text
        assert re.search(r"\S+\.(log|json):\d+", text)


def test_37_partial_report_names_what_is_missing(open_page: Open) -> None:
    page = open_page("partial")
    assert "in what was collected" in page.inner_text(".verdict")
    notice = page.inner_text(".notices")
    assert "3 of 12 nodes sent nothing, 3 of 146 checks could not run" in notice
    rows = page.locator('[aria-label="Missing inputs"] tbody tr').all_inner_texts()
    assert any(
        "events" in row and "access was refused" in row and "AKS-CHK-202" in row for row in rows
    )
    assert any("nodes/*.tar.gz on 3 nodes" in row and "AKS-CHK-201" in row for row in rows)


def test_38_healthy_report_says_what_ran(open_page: Open) -> None:
    page = open_page("healthy")
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
def test_39_redaction_and_provenance_are_there(open_page: Open, name: str) -> None:
    page = open_page(name)
    assert page.is_visible("#redaction")
    assert diagnoses.SHA in page.inner_text("[aria-labelledby=provenance]")


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
    page.set_viewport_size({"width": 700, "height": 990})
    assert page.eval_on_selector(".ledger tr", "e => getComputedStyle(e).display") == "table-row"
    assert page.pdf(format="A4")[:5] == b"%PDF-"


# A cluster that is not AKS


def test_not_aks_gives_no_verdict(open_page: Open) -> None:
    page = open_page("not_aks")
    assert page.inner_text(".verdict").startswith("This is not an AKS cluster")
    assert page.locator(".ledger, .finding, .owner, #healthy").count() == 0
    assert "Not an AKS cluster" in page.title()
