"""Writes ``data/node_images.yaml`` anew: what the notes say, and older rows without notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.baselines.data_files import DataFile
from analyzer.baselines.refresh.checkout import Checkout
from analyzer.baselines.refresh.heads import commits_after, put_head
from analyzer.baselines.refresh.release_notes import newest_first, releases, security_patches

Rows = Mapping[str, Mapping[str, str]]
_COLUMNS = ("built", "containerd", "runc", "kernel", "kubelets")
_KUBELETS = (
    "# Sets of kubelets that images carry; a row of the table ends with the name of its set."
)


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
    sets = _KubeletSets(file.content.get("kubelets") or {})
    groups = [(skus, [sets.short(row) for row in rows]) for skus, rows in _groups(merged)]
    patches = security_patches(checkout) or tuple(file.content["security_patches"].splitlines())
    commits = commits_after(file, agentbaker=checkout.commit)
    lines = [*put_head(_head(file), file, as_of, commits), "security_patches: |"]
    lines.extend(f"  {row}" for row in patches)
    lines.extend(_comment_before(file, "folders"))
    lines.append("folders:")
    lines.extend(f"  {sku}: {folder}" for sku, folder in folders.items())
    lines.extend([*(_comment_before(file, "kubelets") or [_KUBELETS]), "kubelets:"])
    lines.extend(f"  {name}: {versions}" for name, versions in sets.used())
    lines.append("images:")
    for skus, rows in groups:
        lines.append(f"- skus: [{', '.join(skus)}]")
        lines.append("  releases: |")
        lines.extend(f"    {row}" for row in rows)
    return Rebuilt("\n".join(lines) + "\n", tuple(_changes(old, merged)))


class _KubeletSets:
    """Names for sets of kubelets: few sets, many images. A known set keeps its name."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._names = {str(versions): str(name) for name, versions in known.items()}
        self._used: set[str] = set()

    def short(self, row: str) -> str:
        """A row whose list of kubelets is a name."""
        *rest, versions = row.split(" ")
        if versions == "-":
            return row
        if versions not in self._names:
            highest = max((int(name[1:]) for name in self._names.values()), default=0)
            self._names[versions] = f"k{highest + 1}"
        self._used.add(versions)
        return " ".join((*rest, self._names[versions]))

    def used(self) -> list[tuple[str, str]]:
        """Names and sets, in the order in which they were named."""
        pairs = ((name, versions) for versions, name in self._names.items())
        return sorted(((n, v) for n, v in pairs if v in self._used), key=lambda p: int(p[0][1:]))


def _old_rows(file: DataFile) -> dict[str, dict[str, str]]:
    """Rows by definition and version, each with its kubelets spelled out."""
    sets = file.content.get("kubelets") or {}
    rows: dict[str, dict[str, str]] = {}
    for group in file.content["images"]:
        table = {}
        for row in group["releases"].splitlines():
            version, *rest = row.split(" ")
            kubelets = str(sets.get(rest[4], "-")) if len(rest) > 4 else "-"
            table[version] = " ".join((version, *rest[:4], kubelets))
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


def _head(file: DataFile) -> list[str]:
    """The lines before the tables."""
    lines = file.text.splitlines()
    return lines[: lines.index("security_patches: |")]


def _comment_before(file: DataFile, key: str) -> list[str]:
    lines = file.text.splitlines()
    if f"{key}:" not in lines:
        return []
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
        found.extend(f"~ {sku}-{v}: {_difference(before[v], rows[v])}" for v in changed)
    return found


def _difference(old: str, new: str) -> str:
    """What changed of a row: ``kernel 5.15.0-1 -> 5.15.0-2``."""
    columns = zip(_COLUMNS, old.split(" ")[1:], new.split(" ")[1:], strict=True)
    return ", ".join(f"{name} {a} -> {b}" for name, a, b in columns if a != b)
