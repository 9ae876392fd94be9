"""SECURITY.md tells the limits that the code has."""

from __future__ import annotations

import re
from pathlib import Path

from analyzer.bundle.limits import DEFAULT_LIMITS, GIB, KIB, MEMORY_PER_JSON_BYTE, MIB, NAMES

TEXT = (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8")
UNITS = {"": 1, "KiB": KIB, "MiB": MIB, "GiB": GIB}
ROW = re.compile(
    r"^\| `(?P<name>[a-z-]+)` \| (?P<number>[\d,]+) ?(?P<unit>[KMG]iB|) \|", re.MULTILINE
)


def test_the_table_holds_every_limit_with_its_default() -> None:
    told = {
        row["name"]: int(row["number"].replace(",", "")) * UNITS[row["unit"]]
        for row in ROW.finditer(TEXT)
    }
    assert told == {name: getattr(DEFAULT_LIMITS, field) for name, field in NAMES.items()}


def test_it_says_how_memory_is_reckoned() -> None:
    assert f"reckoned as {MEMORY_PER_JSON_BYTE} bytes for each byte of their JSON" in TEXT
