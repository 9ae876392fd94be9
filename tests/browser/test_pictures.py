"""Point 26: pictures of the page are as they were last accepted.

Pictures depend on the browser and its fonts, so ``accepted/made-with.json`` says which made them;
with others there is nothing to compare and the test is skipped. A change on purpose is accepted
with ``DEMARC_ACCEPT_PICTURES=1 python -m pytest tests/browser/test_pictures.py``, after a look.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from tests.needs import require

pytestmark = pytest.mark.browser

Open = Callable[..., Any]

ACCEPTED = Path(__file__).parent / "accepted"
MADE_WITH = ACCEPTED / "made-with.json"
ACCEPT = os.environ.get("DEMARC_ACCEPT_PICTURES") == "1"
COLOURS = 32
#: Accepted pictures have few colours; a smaller step than this comes from that alone.
STEP = 40
SHARE_MAX = 0.005
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 390, "height": 844}},
}
#: What is in the picture: nothing for the first screen, else the element.
PARTS = {
    "first": "",
    "finding": ".finding",
    "graph": "[aria-label='Cause graph 1']",
    "grid": "[aria-label='Node grid']",
}


def made_with(browser: Any) -> dict[str, str]:
    """The browser's version and the font files that it takes for our two families."""
    found = {"chromium": str(browser.version)}
    for family in ("system-ui", "sans-serif", "monospace"):
        command = ["fc-match", "--format", "%{file} %{fontversion}", family]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        found[family] = run.stdout.rsplit("/", 1)[-1]
    return found


@pytest.fixture(scope="module")
def _same_maker(browser: Any) -> None:
    require("fc-match")  # tells which fonts there are
    now = made_with(browser)
    if ACCEPT:
        ACCEPTED.mkdir(exist_ok=True)
        MADE_WITH.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
    then = json.loads(MADE_WITH.read_text(encoding="utf-8"))
    if then != now:
        pytest.skip(f"accepted pictures were made with {then}, here is {now}")


@pytest.fixture(scope="module")
def pages(browser: Any, files: dict[str, Path]) -> Iterator[dict[str, Any]]:
    contexts = {name: browser.new_context(**options) for name, options in LOOKS.items()}
    found = {}
    for name, context in contexts.items():
        found[name] = context.new_page()
        found[name].goto(files["case_file"].as_uri())
    yield found
    for context in contexts.values():
        context.close()


#: Hides all but one element, so that what stands above it does not move it by half a pixel.
ALONE = """element => {
    for (let e = element; e !== document.body; e = e.parentElement) {
        for (const other of e.parentElement.children) {
            if (other !== e) { other.style.display = 'none'; }
        }
        // Without the rail beside it the content would move into the rail's narrow column.
        if (e.tagName === 'MAIN') {
            e.parentElement.style.gridTemplateColumns = 'minmax(0, 950px)';
        }
    }
}"""


def taken(page: Any, part: str) -> Image.Image:
    if part:
        page.locator(part).first.evaluate(ALONE)
        data = page.locator(part).first.screenshot(animations="disabled", caret="hide")
    else:
        page.evaluate("window.scrollTo(0, 0)")
        data = page.screenshot(animations="disabled", caret="hide")
    return Image.open(io.BytesIO(data)).convert("RGB")


def share_changed(old: Image.Image, new: Image.Image) -> float:
    """The share of pixels of which some channel moved by more than :data:`STEP`."""
    moved = ImageChops.difference(old, new).split()
    worst = ImageChops.lighter(ImageChops.lighter(moved[0], moved[1]), moved[2])
    return sum(worst.histogram()[STEP + 1 :]) / (old.width * old.height)


@pytest.mark.usefixtures("_same_maker")
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("look_", LOOKS)
def test_26_picture_is_as_accepted(pages: dict[str, Any], look_: str, part: str) -> None:
    path = ACCEPTED / f"{part}-{look_}.png"
    pages[look_].reload()
    new = taken(pages[look_], PARTS[part])
    if ACCEPT:
        new.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    old = Image.open(path).convert("RGB")
    assert old.size == new.size, f"{path.name} was {old.size}, is {new.size}"
    assert share_changed(old, new) < SHARE_MAX


def test_26_accepted_pictures_are_small() -> None:
    names = {path.stem for path in ACCEPTED.glob("*.png")}
    assert names == {f"{part}-{look_}" for part in PARTS for look_ in LOOKS}
    assert sum(path.stat().st_size for path in ACCEPTED.iterdir()) < 400_000


def test_26_a_change_is_noticed() -> None:
    old = Image.new("RGB", (100, 100), "white")
    new = old.copy()
    new.paste((0, 78, 152), (0, 0, 10, 10))
    assert share_changed(old, new) == 0.01
    assert share_changed(old, old.copy()) == 0
