"""Writes ``data/calendar.yaml`` anew from the page "Supported Kubernetes versions in AKS"."""

from __future__ import annotations

import re
from datetime import datetime

from analyzer.baselines.data_files import DataFile
from analyzer.baselines.refresh.checkout import Checkout, RefreshError
from analyzer.baselines.refresh.heads import commits_after, put_head
from analyzer.baselines.refresh.image_table import Rebuilt

PAGE = "articles/aks/supported-kubernetes-versions.md"
_CELL = r"\s*([^|]+?)\s*\|"
_ROW = re.compile(rf"^\|\s*(1\.\d+)\s*\|{_CELL}{_CELL}{_CELL}{_CELL}{_CELL}", re.MULTILINE)


def rebuild_calendar(checkout: Checkout, file: DataFile, as_of: str) -> Rebuilt:
    """The calendar from a checkout of azure-aks-docs; minors that the page dropped stay.

    Raises:
        RefreshError: the page holds no table that is understood.
    """
    new = _minors(checkout.text(PAGE))
    if not new:
        raise RefreshError(f"{checkout.root / PAGE}: no table of versions was found")
    old = {row["minor"]: row for row in file.content["minors"]}
    merged = {**old, **{minor: {"minor": minor, **new[minor]} for minor in new}}
    kept = (line for line in file.text.splitlines() if not line.startswith("- {minor:"))
    lines = put_head(kept, file, as_of, commits_after(file, docs=checkout.commit))
    for minor in sorted(merged, key=lambda text: int(text.partition(".")[2])):
        pairs = ", ".join(f'{key}: "{value}"' for key, value in merged[minor].items())
        lines.append(f"- {{{pairs}}}")
    changes = [
        f"{'~' if minor in old else '+'} {minor}: {merged[minor]}"
        for minor in merged
        if merged[minor] != old.get(minor)
    ]
    return Rebuilt("\n".join(lines) + "\n", tuple(changes))


def _minors(page: str) -> dict[str, dict[str, str]]:
    """Dates per minor, from the table with the end of long-term support in its last column."""
    found: dict[str, dict[str, str]] = {}
    for match in _ROW.finditer(page):
        minor, _, preview, ga, end, last = match.groups()
        dates = [_date(text) for text in (preview, ga, end, last)]
        if all(dates[:3]) and dates[3]:
            keys = ("preview", "ga", "end", "lts_end")
            found[minor] = dict(zip(keys, (str(date) for date in dates), strict=True))
    return found


def _date(text: str) -> str | None:
    """``Aug 22, 2025`` or ``Mar 2025`` as ``2025-08-22`` or ``2025-03``; None for anything else."""
    plain = text.strip("* ")
    for form, out in (("%b %d, %Y", "%Y-%m-%d"), ("%b %Y", "%Y-%m"), ("%B %Y", "%Y-%m")):
        try:
            return datetime.strptime(plain, form).strftime(out)
        except ValueError:
            continue
    return None
