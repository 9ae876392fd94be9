"""What is missing, and what was checked: "could not tell" never counts as "fine"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from analyzer.model.diagnosis import CheckResult, Diagnosis
from analyzer.model.gap import Gap, Presence
from analyzer.render.overview import checks
from analyzer.render.shape import CheckRow, GapRow, Missing
from analyzer.render.text import clip, count, listed, node_ranges, one_line, short
from analyzer.render.words import PRESENCE_NAMES

GAP_ROWS_MAX = 300
#: From this many nodes on, the same gap becomes one row.
_FOLD_FROM = 3
_NODE_PATH = re.compile(r"nodes/(?P<node>[^/]+?)(?P<rest>\.tar\.gz|/.*|)\Z")
_TEXT_MAX = 400
#: First words of the collector's notes (``collection.tsv``), where nothing comes after them.
_NOTES = {
    "forbidden": "",
    "failed": "",
    "absent": "",
    "not-asked": "",
    "missing-tool": "the command for it is not on the node",
    "timeout": "timed out",
    "deadline": "the time of the whole collection was over",
    "no-space": "the size limit was reached",
}


def build_missing(diagnosis: Diagnosis) -> Missing:
    """Every gap of the bundle and of the checks, and every check that could not run."""
    stopped: dict[str, set[str]] = {}
    gaps: dict[tuple[str, Presence, str], None] = dict.fromkeys(map(_key, diagnosis.bundle.missing))
    for result in (*diagnosis.unknown, *diagnosis.crashed):
        for gap in result.missing:
            gaps.setdefault(_key(gap))
            stopped.setdefault(gap.path, set()).add(result.rule)
    rows = _folded(gaps, stopped)
    total, could_not = checks(diagnosis)
    hidden = len(rows) - GAP_ROWS_MAX
    return Missing(
        summary=_summary(total, could_not, len(gaps)),
        gaps=tuple(rows[:GAP_ROWS_MAX]),
        gaps_more=f"{count(hidden, 'more row')} in the JSON report." if hidden > 0 else "",
        unknown=check_rows(diagnosis.unknown),
        crashed=check_rows(diagnosis.crashed),
    )


def _summary(total: int, could_not: int, gaps: int) -> str:
    if not could_not and gaps:
        return (
            f"{count(gaps, 'input is', 'inputs are')} missing or damaged; no check was stopped by "
            "that. What could not be looked at counts neither as healthy nor as broken."
        )
    if not could_not and not gaps:
        return f"Nothing that the checks asked for: {count(total, 'check')}, all of which ran."
    return (
        f"{could_not:,} of {count(total, 'check')} could not run, "
        f"{count(gaps, 'input is', 'inputs are')} missing or damaged. "
        "What could not be looked at counts neither as healthy nor as broken."
    )


def check_rows(results: Iterable[CheckResult]) -> tuple[CheckRow, ...]:
    """Rows by component and rule; a check without a reason names the inputs that it missed."""
    return tuple(
        CheckRow(result.rule, short(result.title), short(result.component, 60), _why(result))
        for result in sorted(results, key=lambda r: (r.component, r.rule))
    )


def healthy_groups(diagnosis: Diagnosis) -> tuple[tuple[str, tuple[CheckRow, ...]], ...]:
    """What was looked at and is in order, by component."""
    groups: dict[str, list[CheckRow]] = {}
    for row in check_rows(diagnosis.healthy):
        groups.setdefault(row.component, []).append(row)
    return tuple((component, tuple(rows)) for component, rows in sorted(groups.items()))


def _why(result: CheckResult) -> str:
    missing = listed(
        [f"{gap.path}: {_reason(gap.reason, gap.detail)}" for gap in result.missing], 3
    )
    # A traceback's last line says what happened; the whole stands in the JSON report.
    reason = result.reason.strip().splitlines()[-1] if result.reason.strip() else ""
    return clip(one_line(": ".join(part for part in (reason, missing) if part)), _TEXT_MAX)


def _reason(reason: Presence, detail: str) -> str:
    """Words for what happened; a detail that is only the collector's own word for it adds none."""
    detail = one_line(detail)
    detail = _NOTES.get(detail, detail).replace("not-asked: ", "")
    return PRESENCE_NAMES[reason] + (f", {detail}" if detail else "")


def _key(gap: Gap) -> tuple[str, Presence, str]:
    return gap.path, gap.reason, gap.detail


def _folded(
    gaps: Iterable[tuple[str, Presence, str]], stopped: dict[str, set[str]]
) -> list[GapRow]:
    groups: dict[tuple[str, str], list[str]] = {}
    for path, reason, detail in sorted(gaps):
        why = _reason(reason, detail)
        match = _NODE_PATH.match(path)
        groups.setdefault((f"nodes/*{match['rest']}" if match else path, why), []).append(path)
    rows: list[GapRow] = []
    for (place, why), paths in groups.items():
        rules = sorted(set().union(*(stopped.get(path, set()) for path in paths)))
        if len(paths) >= _FOLD_FROM:
            rows.append(
                GapRow(_many(place, paths), clip(why, _TEXT_MAX), listed(rules, 8) or "none")
            )
        else:
            rows += [
                GapRow(
                    clip(path, _TEXT_MAX),
                    clip(why, _TEXT_MAX),
                    listed(sorted(stopped.get(path, ())), 8) or "none",
                )
                for path in paths
            ]
    return rows


def _many(place: str, paths: list[str]) -> str:
    nodes = {match["node"] for path in paths if (match := _NODE_PATH.match(path))}
    if not nodes:
        return place
    return f"{place} on {count(len(nodes), 'node')}: {listed(node_ranges(nodes), 6)}"
