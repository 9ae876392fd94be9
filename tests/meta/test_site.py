"""The documentation site: every entry of the data has its place, and no link leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mkdocs.exceptions import Abort

from analyzer.baselines.catalogue import load
from analyzer.bugs import load_bugs
from analyzer.ownership.table import load_table
from analyzer.policy.pack import available, load_pack
from analyzer.rules.registry import packaged_rules
from docs.site.build import build
from docs.site.stage import BrokenLink, menu, pages_of
from docs.site.text import anchor, lines, plain

ROOT = Path(__file__).parents[2]
_LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=[\"'](?:https?:)?//", re.I)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site, as ``make docs`` builds it; strict, so building it checks the links."""
    return build(tmp_path_factory.mktemp("site"))


def test_every_rule_has_a_page_with_its_clauses_linked(site: Path) -> None:
    for registered in packaged_rules():
        page = site / "reference" / "rules" / f"{registered.rule.id}.html"
        text = page.read_text(encoding="utf-8")
        for clause in registered.rule.clauses:
            if not clause.startswith("bug:"):
                assert f'href="../clauses.html#{anchor(clause)}"' in text, registered.rule.id


def test_every_entry_of_the_data_has_its_anchor(site: Path) -> None:
    entries = {
        "components": [component.id for component in load(()).components],
        "bugs": [bug.id for bug in load_bugs(())],
        "decision": [row.id for row in load_table(()).rows],
        "clauses": list(load_pack(available()[-1], ()).clauses),
        f"clauses-{available()[0]}": list(load_pack(available()[0], ()).clauses),
    }
    for page, names in entries.items():
        text = (site / "reference" / f"{page}.html").read_text(encoding="utf-8")
        assert names and not [n for n in names if f'id="{anchor(n)}"' not in text], page


def test_every_page_of_the_checkout_is_on_the_site(site: Path) -> None:
    for name in pages_of(ROOT):
        page = re.sub(r"README\.md$", "index.md", name)
        assert (site / page).with_suffix(".html").is_file(), name


def test_the_menu_has_every_page_once_and_each_page_of_docs_in_a_group() -> None:
    groups: dict[str, list[str]] = {}
    for entry in menu(ROOT):
        assert isinstance(entry, dict)
        ((title, pages),) = entry.items()
        groups[title] = [pages] if isinstance(pages, str) else pages
    listed = [page for pages in groups.values() for page in pages]
    written = [page for page in listed if not page.startswith("reference/")]
    assert sorted(written) == sorted(pages_of(ROOT))
    assert not [page for page in groups["Project"] if page.startswith("docs/")]


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 150
    assert not [page.name for page in pages if _LOADED.search(page.read_text(encoding="utf-8"))]
    for style in sorted(site.rglob("*.css")):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", style.read_text("utf-8"))


def _checkout(folder: Path, page: str) -> Path:
    """The smallest checkout that has a site."""
    (folder / "docs").mkdir(parents=True)
    (folder / "README.md").write_text("# Front\n\n[page](docs/page.md)\n", encoding="utf-8")
    (folder / "docs" / "page.md").write_text(page, encoding="utf-8")
    (folder / "docs" / "python-api.md").write_text("# Python\n", encoding="utf-8")
    (folder / "code.py").write_text("", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "page",
    ["# P\n\n[x](gone.md)\n", "# P\n\n[x](../README.md#no-such-heading)\n", "# P\n\n[x](#gone)\n"],
)
def test_a_link_that_leads_nowhere_stops_the_build(tmp_path: Path, page: str) -> None:
    with pytest.raises((Abort, BrokenLink)):
        build(tmp_path / "out", _checkout(tmp_path / "in", page), reference=False)


def test_links_to_code_become_its_path_and_addresses_are_not_fetched(tmp_path: Path) -> None:
    page = (
        "# P\n\n[the code](../code.py), [front](../README.md#front), "
        "[out](https://nowhere.invalid/x)\n\n```\n[not](a-link.md)\n```\n"
    )
    html = build(tmp_path / "out", _checkout(tmp_path / "in", page), reference=False)
    text = (html / "docs" / "page.html").read_text(encoding="utf-8")
    assert "the code (<code>code.py</code>)" in text and "[not](a-link.md)" in text
    assert 'href="https://nowhere.invalid/x"' in text and 'href="../index.html#front"' in text


def test_text_of_the_data_is_no_markup() -> None:
    assert plain("a <b> *c* [d](e) f|g") == r"a &lt;b&gt; \*c\* \[d\](e) f\|g"
    assert plain("# no heading") == r"\# no heading"
    assert plain("see https://a.example/b_c.") == "see <https://a.example/b_c>."
    assert lines("A-1, B-2", {"B-2": "b.md"}) == "A-1, [B-2](b.md)"
    assert lines("one\ntwo", {}) == "- one\n- two"
