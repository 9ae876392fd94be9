"""Writes ``data/component_versions.yaml`` anew: the AKS change log, and the tables of the docs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from analyzer.baselines.data_files import DataFile
from analyzer.baselines.refresh.change_log import CHANGE_LOG, Update, patch_releases, updates
from analyzer.baselines.refresh.checkout import Checkout, RefreshError
from analyzer.baselines.refresh.heads import commits_after, put_head
from analyzer.baselines.refresh.image_table import Rebuilt

PAGE = "articles/aks/supported-kubernetes-versions.md"
#: Older releases list their updates in ways that are not understood well enough.
ISTIO_PAGE = "articles/aks/istio-support-policy.md"
SINCE = "2024-01-01"
_TABLES = ("releases", "updates", "tables", "istio")
_REVISION = re.compile(r"^\|\s*(asm-\d+-\d+)\s*\|(.*)\|\s*$")
_MINOR_HEADING = re.compile(r"^###\s+Kubernetes\s+(1\.\d+)\s*$")
_ITEM = re.compile(r"^-?\s*(?P<name>.+?)\s+[vV]?(?P<version>\d+\.\d+[\w.+-]*)$")


def rebuild_versions(log: Checkout, docs: Checkout, file: DataFile, as_of: str) -> Rebuilt:
    """The table from checkouts of Azure/AKS and azure-aks-docs.

    Raises:
        RefreshError: no release or no table is found where there were some.
    """
    names = {str(k): tuple(str(w) for w in v) for k, v in file.content["names"].items()}
    majors = {str(k): int(v) for k, v in (file.content.get("majors") or {}).items()}
    text = log.text(CHANGE_LOG)
    new = {
        "releases": _release_rows(text),
        "updates": [row.row() for row in _recent(updates(text, names, majors))],
        "tables": list(_table_rows(docs.text(PAGE), names)),
        "istio": list(_revision_rows(docs.text(ISTIO_PAGE))),
    }
    for key in _TABLES:
        if not new[key]:
            raise RefreshError(f"{_where(key, log, docs)}: no {key} were found")
    commits = commits_after(file, aks=log.commit, docs=docs.commit)
    lines = put_head(_before_tables(file), file, as_of, commits)
    changes: list[str] = []
    for key in _TABLES:
        old = str(file.content.get(key) or "").splitlines()
        changes.extend(f"- {key}: {row}" for row in old if row not in set(new[key]))
        changes.extend(f"+ {key}: {row}" for row in new[key] if row not in set(old))
        lines.extend(_comment(file, key))
        lines.append(f"{key}: |")
        lines.extend(f"  {row}" for row in new[key])
    return Rebuilt("\n".join(lines) + "\n", tuple(changes))


def _recent(found: tuple[Update, ...]) -> Iterator[Update]:
    return (update for update in found if update.date >= SINCE)


def _release_rows(text: str) -> list[str]:
    """Date and Kubernetes patch versions of each release, newest first."""
    found = patch_releases(text)
    return [" ".join((date, *found[date])) for date in sorted(found, reverse=True) if date >= SINCE]


def _table_rows(page: str, names: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """``1.36 coredns 1.14.3-3`` for every known component of every minor's table."""
    by_word = {word: component for component, words in names.items() for word in words}
    minor = ""
    for line in page.splitlines():
        if match := _MINOR_HEADING.match(line):
            minor = match[1]
        elif line.startswith("#"):
            minor = ""
        elif minor and line.startswith("| -") and "<br>" in line:
            for component, version in _cells(line, by_word):
                yield f"{minor} {component} {version}"


def _cells(line: str, by_word: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The first version of each component in the columns of add-ons and control plane."""
    seen: set[str] = set()
    for cell in line.strip("| ").split("|")[:2]:
        for part in cell.split("<br>"):
            match = _ITEM.match(part.strip())
            component = by_word.get(match["name"].lower()) if match else None
            if match and component is not None and component not in seen:
                seen.add(component)
                yield component, match["version"]


def _revision_rows(page: str) -> Iterator[str]:
    """``asm-1-28 2026-01 ~2026-08 1.30,1.31 1.30,1.31``: month on AKS, last month, minors, LTS."""
    for line in page.splitlines():
        if match := _REVISION.match(line):
            cells = [cell.strip() for cell in match[2].split("|")]
            if len(cells) >= 4 and (since := _month(cells[1])) and (end := _month(cells[2])):
                minors = [",".join(re.findall(r"1\.\d+", cell)) or "-" for cell in cells[3:5]]
                yield " ".join((match[1], since, end, *minors, *["-"] * (2 - len(minors))))


def _month(text: str) -> str | None:
    """``~Sept 2026 (expected)`` as ``~2026-09``; None where no month is printed."""
    match = re.match(r"(~?)\s*([A-Z][a-z]{2})[a-z]*\.? (\d{4})", text)
    if match is None:
        return None
    return f"{match[1]}{datetime.strptime(f'{match[2]} {match[3]}', '%b %Y'):%Y-%m}"


def _where(key: str, log: Checkout, docs: Checkout) -> Path:
    pages = {"tables": docs.root / PAGE, "istio": docs.root / ISTIO_PAGE}
    return pages.get(key, log.root / CHANGE_LOG)


def _before_tables(file: DataFile) -> list[str]:
    """The head and the names, up to the comment before the first table."""
    lines = file.text.splitlines()
    starts = [lines.index(f"{key}: |") for key in _TABLES if f"{key}: |" in lines]
    end = min(starts, default=len(lines))
    while end and lines[end - 1].startswith("#"):
        end -= 1
    return lines[:end]


def _comment(file: DataFile, key: str) -> list[str]:
    lines = file.text.splitlines()
    if f"{key}: |" not in lines:
        return []
    end = start = lines.index(f"{key}: |")
    while start and lines[start - 1].startswith("#"):
        start -= 1
    return lines[start:end]
