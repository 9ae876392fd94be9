"""Each of the forty acceptance points of the report has a test that carries its number."""

from __future__ import annotations

import re
from pathlib import Path


def test_every_point_has_a_test() -> None:
    sources = [p.read_text(encoding="utf-8") for p in Path(__file__).parent.glob("test_*.py")]
    numbers = {int(n) for text in sources for n in re.findall(r"^def test_(\d\d)_", text, re.M)}
    assert numbers == set(range(1, 41))
