"""Loading and safety: points 1 to 10 of the report's acceptance list."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from analysed import Analysed
from seen import NAMES

from analyzer.render.names import report_file_name

pytestmark = pytest.mark.browser

Open = Callable[..., Any]


@pytest.mark.parametrize("name", NAMES)
def test_01_one_request_is_made(look: Open, files: dict[str, Path], name: str) -> None:
    assert look(name).seen == [files[name].as_uri()]


@pytest.mark.parametrize("name", NAMES)
def test_02_console_is_silent(look: Open, name: str) -> None:
    page = look(name, opened=True)
    assert page.noise == []


def test_03_policy_is_first_and_names_the_hashes(look: Open) -> None:
    page = look("case_file")
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
def test_04_no_inline_code_and_no_loading_elements(look: Open, name: str) -> None:
    page = look(name)
    bad = "[style], img, link, iframe, object, embed, base, form"
    assert page.locator(bad).count() == 0
    handlers = "all => all.some(e => [...e.attributes].some(a => a.name.startsWith('on')))"
    assert page.eval_on_selector_all("*", handlers) is False


def test_05_hostile_text_stays_text(look: Open) -> None:
    page = look("hostile", opened=True)
    assert page.evaluate("window.pwned") is None
    assert "</script><script>window.pwned=1</script>" in page.inner_text("h1")
    assert "{{ 7*7 }}{% raw %}${7*7}" in page.inner_text("main")


def test_06_unseen_characters_are_written_out(look: Open) -> None:
    page = look("hostile")
    text = page.evaluate("document.documentElement.textContent")
    for escape in (r"\u{202e}", r"\u{200b}", r"\u{2066}", r"\u{0}"):
        assert escape in text
    assert not re.search("[\x00-\x08\x1b\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize("name", NAMES)
def test_07_links_are_safe(look: Open, name: str) -> None:
    page = look(name)
    links = page.eval_on_selector_all("[href]", "all => all.map(e => e.getAttribute('href'))")
    assert links
    assert [link for link in links if not re.match(r"#|https://[A-Za-z0-9.-]+(/|$)", link)] == []
    out = page.eval_on_selector_all("a.out", "all => all.map(e => e.rel + '|' + e.textContent)")
    assert all(item.startswith("noreferrer|") and "https://" not in item for item in out)


@pytest.mark.parametrize(
    ("name", "limit"), [("large", 1_800_000), ("normal", 1_500_000), ("healthy", 60_000)]
)
def test_08_size(files: dict[str, Path], name: str, limit: int) -> None:
    data = files[name].read_bytes()
    assert data.isascii()
    assert len(data) <= limit


def test_08_file_name_is_short(views: Any) -> None:
    for view in views.values():
        assert len(report_file_name(view, ".html")) <= 110


def test_09_other_zone_locale_and_hash_seed_give_the_same_bytes(sample: Analysed) -> None:
    """The whole way again in another process: bundle to page."""
    code = (
        "import sys, analyzer; from analyzer.cli.outputs import render_as;"
        "d = analyzer.analyze(sys.argv[1]);"
        "sys.stdout.write(render_as('html', d) + render_as('md', d) + render_as('sarif', d))"
    )
    other = {"TZ": "Pacific/Auckland", "PYTHONHASHSEED": "77", "LC_ALL": "C.UTF-8"}
    run = subprocess.run(
        [sys.executable, "-c", code, str(sample.bundle)],
        cwd=Path(__file__).parents[2],
        env=os.environ | other,
        capture_output=True,
        check=True,
    )
    expected = "".join(sample.formats[name] for name in ("html", "md", "sarif"))
    assert run.stdout.decode("utf-8") == expected


def test_10_sandboxed_frame_shows_the_answer(browser: Any, files: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto("about:blank")
    page.set_content("<iframe sandbox width=1200 height=900></iframe>")
    page.evaluate(
        "t => { document.querySelector('iframe').srcdoc = t }", files["case_file"].read_text()
    )
    frame = page.frames[1]
    frame.wait_for_selector(".ledger")
