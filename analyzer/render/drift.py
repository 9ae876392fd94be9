"""The drift table: differences from the expected state, by component."""

from __future__ import annotations

import re

from analyzer.model.finding import Finding
from analyzer.model.hit import DriftRow
from analyzer.render.index import Index, mark
from analyzer.render.marks import Link
from analyzer.render.shape import DriftGroup, DriftRowView
from analyzer.render.text import clip, count, one_line, short, when

ROWS_MAX = 400
_VALUE_MAX = 300
_ABSENT = frozenset({"", "absent", "none", "not set", "(absent)", "<absent>", "missing"})
_DEEP = re.compile(r"\[['\"]([^'\"\]]*)['\"]\]")


def build_drift(index: Index) -> tuple[tuple[DriftGroup, ...], str]:
    """Rows by component, in the order of the findings, and how many are over :data:`ROWS_MAX`."""
    groups: dict[str, list[DriftRowView]] = {}
    number = 0
    for finding in index.findings:
        for row in finding.drift:
            number += 1
            if number <= ROWS_MAX:
                groups.setdefault(short(finding.component, 60), []).append(
                    _row(row, finding, index)
                )
    shown = tuple(DriftGroup(component, tuple(rows)) for component, rows in sorted(groups.items()))
    hidden = number - ROWS_MAX
    return shown, f"{count(hidden, 'more difference')} in the JSON report." if hidden > 0 else ""


def readable_path(path: str) -> str:
    """``root['spec']['template']`` as ``spec.template``; other paths stay as they are."""
    return one_line(_DEEP.sub(r".\1", path).removeprefix("root.").lstrip("."))


def _row(row: DriftRow, finding: Finding, index: Index) -> DriftRowView:
    changed_by = short(row.changed_by or "")
    if changed_by and row.changed_at:
        changed_by += f", {when(row.changed_at)}"
    return DriftRowView(
        path=clip(readable_path(row.path), _VALUE_MAX),
        how=_how(row),
        expected=clip(row.expected.strip(), _VALUE_MAX),
        actual=clip(row.actual.strip(), _VALUE_MAX),
        changed_by=changed_by or "not shown",
        finding=Link(finding.rule, index.link(finding).href),
        owner=mark(finding.owner),
    )


def _how(row: DriftRow) -> str:
    if row.expected.strip().lower() in _ABSENT:
        return "added"
    return "removed" if row.actual.strip().lower() in _ABSENT else "changed"
