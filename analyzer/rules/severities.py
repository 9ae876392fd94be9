"""How bad each rule's finding is, as data: one file per family in ``data/severities.d``.

Rules of plugins bring their own rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml
from pydantic import TypeAdapter

from analyzer.model.severity import Severity
from analyzer.rules.registry import all_rules

_FILE = TypeAdapter(dict[str, dict[str, Severity]])


@cache
def severities() -> Mapping[str, Mapping[str, Severity]]:
    """Rule id → variant → severity; every rule has the variant ``default``.

    Raises:
        ValueError: a file is not of that form, or two files name the same rule.
    """
    rows: dict[str, dict[str, Severity]] = {}
    folder = files("analyzer.rules").joinpath("data/severities.d")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        text = file.read_text(encoding="utf-8")
        own = _FILE.validate_python(yaml.load(text, Loader=yaml.CSafeLoader))
        doubles = sorted(set(own) & set(rows))
        if doubles:
            raise ValueError(f"{file.name}: {', '.join(doubles)} is in another file too")
        rows |= own
    plugged = {r.rule.id: dict(r.severity) for r in all_rules() if r.severity is not None}
    return rows | plugged


def severity_of(rule_id: str, variant: str) -> Severity:
    """The severity of a rule's hit.

    Raises:
        KeyError: the rule has no row, or the row has no such variant.
    """
    return severities()[rule_id][variant]
