"""The page of a difference in a real browser: it asks for nothing, and everybody can read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.compare.test_diff_formats import HOSTILE, difference, note, side

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    yield page
    page.close()


def test_it_is_whole_quiet_and_accessible(page: Any, tmp_path: Path) -> None:
    from analyzer.compare.difference import ObjectChange, PoolMove, ValueChange, VersionMove
    from analyzer.model.subject import Subject
    from analyzer.render.diff_html import render_diff_html
    from analyzer.render.diff_view import build_diff_view

    value = ValueChange(path="data.x", before="a" * 500, after=HOSTILE, changed_by="kubectl-edit")
    changed = ObjectChange(
        what="changed", subject=Subject(kind="ConfigMap", name=HOSTILE), whose="aks",
        by="customer", values=(value,),
    )  # fmt: skip
    made = difference(
        before=side(name=HOSTILE), appeared=(note(1, title=HOSTILE), note(2, root=False)),
        gone=(note(3, doubt="not checked"),), objects=(changed,), turned=True,
        versions=(VersionMove(what="image", where="mcr/x" * 30, before=("1",), after=("2",)),),
        pools=(PoolMove(pool="work", before=1, after=2, added=("aks-w-1-vmss000001",)),),
        not_compared=("kernels",),
    )  # fmt: skip
    path = tmp_path / "diff.html"
    path.write_text(render_diff_html(build_diff_view(made)), encoding="ascii")
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert requests == [path.as_uri()] * 2 and messages == []
    assert page.evaluate("window.pwned") is None
    from axe_playwright_python.sync_playwright import Axe

    assert Axe().run(page).violations_count == 0
