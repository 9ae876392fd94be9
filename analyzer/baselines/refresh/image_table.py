"""Writes ``data/node_images.yaml`` anew: what the notes say, and older rows without notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.baselines.data_files import DataFile
from analyzer.baselines.refresh.checkout import Checkout
from analyzer.baselines.refresh.release_notes import newest_first, releases, security_patches

Rows = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The new text of a data file, and what differs from the old one, a line each."""

    text: str
    changes: tuple[str, ...]


def rebuild_images(checkout: Checkout, file: DataFile, as_of: str) -> Rebuilt:
    """The table of node images from a checkout of Azure/AgentBaker.

    Rows of definitions without a folder (retired ones) and of releases without notes stay.
    """
    folders: dict[str, str] = file.content["folders"]
    old, new = _old_rows(file), releases(checkout, folders)
    merged = {sku: _merged(old.get(sku, {}), new.get(sku, {})) for sku in sorted({*old, *new})}
    commits = {**file.content["commits"]}
    if checkout.commit:
        commits["agentbaker"] = checkout.commit
    patches = security_patches(checkout) or tuple(file.content["security_patches"].splitlines())
    lines = [*_head(file, as_of, commits), "security_patches: |"]
    lines.extend(f"  {row}" for row in patches)
    lines.extend(_comment_before(file, "folders"))
    lines.append("folders:")
    lines.extend(f"  {sku}: {folder}" for sku, folder in folders.items())
    lines.append("images:")
    for skus, rows in _groups(merged):
        lines.append(f"- skus: [{', '.join(skus)}]")
        lines.append("  releases: |")
        lines.extend(f"    {row}" for row in rows)
    return Rebuilt("\n".join(lines) + "\n", tuple(_changes(old, merged)))


def _old_rows(file: DataFile) -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for group in file.content["images"]:
        table = {row.partition(" ")[0]: row for row in group["releases"].splitlines()}
        rows.update(dict.fromkeys(group["skus"], table))
    return rows


def _merged(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """New rows win; an old row under the other spelling of the same release goes."""
    spelled = {version.replace(".", "", 1) for version in new if version.count(".") == 2}
    kept = {version: row for version, row in old.items() if version not in spelled}
    rows = {**kept, **new}
    return {version: rows[version] for version in newest_first(list(rows))}


def _groups(merged: Rows) -> list[tuple[list[str], tuple[str, ...]]]:
    """Definitions with the same rows share one table; in the order of their names."""
    shared: dict[tuple[str, ...], list[str]] = {}
    for sku, rows in merged.items():
        shared.setdefault(tuple(rows.values()), []).append(sku)
    return sorted(((skus, rows) for rows, skus in shared.items()), key=lambda pair: pair[0])


def _head(file: DataFile, as_of: str, commits: Mapping[str, str]) -> list[str]:
    """The lines before the tables, with the new date and commits."""
    lines = []
    for line in file.text.splitlines():
        if line.startswith("security_patches:"):
            break
        if line.startswith("as_of:"):
            line = f'as_of: "{max(as_of, file.as_of)}"'
        elif line.startswith("commits:"):
            pairs = ", ".join(f"{key}: {value}" for key, value in commits.items())
            line = f"commits: {{{pairs}}}"
        lines.append(line)
    return lines


def _comment_before(file: DataFile, key: str) -> list[str]:
    lines = file.text.splitlines()
    end = lines.index(f"{key}:")
    start = end
    while start and lines[start - 1].startswith("#"):
        start -= 1
    return lines[start:end]


def _changes(old: Rows, new: Rows) -> list[str]:
    found: list[str] = []
    for sku, rows in new.items():
        before = old.get(sku, {})
        added = [version for version in rows if version not in before]
        changed = [v for v in rows if v in before and rows[v] != before[v]]
        found.extend(f"+ {sku}-{version}" for version in added)
        found.extend(f"~ {sku}: {before[v]} -> {rows[v]}" for v in changed)
    return found
