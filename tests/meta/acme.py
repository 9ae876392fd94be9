"""Plugins for tests: the ones that ``docs/plugins.md`` shows, and ones broken in every way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tests.meta.wheels import write_wheel

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CRASHES = '''"""It breaks.

What it means: a
Why it matters: b
How we know: c
What to do:
  customer: d
References: e
"""
from analyzer.rules.api import Rule
RULE = Rule(id="ACME-BAD-001", title="It breaks", component="x", clauses=("SHR-01",))
SEVERITY = {"default": "high"}
def check():
    yield 1 / 0
'''


def blocks(page: str, kind: str) -> list[str]:
    """The examples of a page that are of that language."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [match["text"] for match in _BLOCK.finditer(text) if match["kind"] == kind]


def write_plugins(folder: Path) -> list[str]:
    """Write the wheels of both distributions, and return what to install."""
    rule, layout = blocks("plugins.md", "python")
    write_wheel(
        folder,
        "acme-rules",
        {"acme_rules/__init__.py": "", "acme_rules/owner.py": rule, "acme_layouts.py": layout},
        {
            "demarc.rules": {"acme": "acme_rules"},
            "demarc.layouts": {"acme-dump": "acme_layouts:AcmeLayout"},
        },
    )
    broken = {
        "acme_stops.py": "raise SystemExit(7)\n",
        "acme_fails.py": "raise RuntimeError('not today')\n",
        "acme_taken.py": _CRASHES.replace("ACME-BAD-001", "AKS-NODE-001"),
        "acme_crashes.py": _CRASHES,
        "acme_layout.py": "class Bad:\n    def match(self, names, label):\n        return 1 / 0\n",
    }
    rules = {name.removesuffix(".py"): name.removesuffix(".py") for name in list(broken)[:4]} | {
        "acme_gone": "acme_no_such_module"
    }
    points: Mapping[str, Mapping[str, str]] = {
        "demarc.rules": rules,
        "demarc.layouts": {"bad": "acme_layout:Bad", "none": "json:dumps"},
    }
    write_wheel(folder, "acme-broken", broken, points)
    return ["acme-rules", "acme-broken"]
