"""Loose files of nodes: a folder with ``etc``, ``var`` … as on the node, one folder a node.

Which file is which item stands in ``data/node-folder.yaml``. Files that no row names are kept
below ``files/`` of the node, so that texts can still be searched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field

from analyzer.bundle.globs import pattern
from analyzer.bundle.layouts.base import Place


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    from_: str = Field(alias="from")
    to: str


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    never: tuple[str, ...] = ()
    map: tuple[_Row, ...]


@lru_cache(maxsize=4)
def _table(
    name: str = "node-folder",
) -> tuple[tuple[re.Pattern[str], ...], tuple[tuple[re.Pattern[str], str], ...]]:
    text = files("analyzer.bundle").joinpath(f"data/{name}.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    table = _Table.model_validate(yaml.load(text, Loader=loader))
    rows = tuple((_capturing(row.from_), row.to) for row in table.map)
    return tuple(pattern(glob) for glob in table.never), rows


def _capturing(glob: str) -> re.Pattern[str]:
    """Compile a pattern whose first wildcard is a group."""
    compiled = pattern(glob).pattern
    for wildcard in (".*", "[^/]*"):
        if wildcard in compiled:
            return re.compile(compiled.replace(wildcard, f"({wildcard})", 1), re.DOTALL)
    return re.compile(compiled, re.DOTALL)


@lru_cache(maxsize=65536)
def canonical(rel: str, table: str = "node-folder") -> str:
    """Return the item that a file of a node is, by its path there; empty for none."""
    for compiled, target in _table(table)[1]:
        if found := compiled.fullmatch(rel):
            return target.replace("{}", found[1]) if "{}" in target else target
    return ""


def holds_credentials(rel: str) -> bool:
    """Tell files of a node that are never read, by their path there."""
    return any(compiled.fullmatch(rel) for compiled in _table()[0])


@dataclass(frozen=True, slots=True)
class NodeFolderMapping:
    """``depth`` folders stand in front of the node's own paths, the last one names the node."""

    depth: int
    label: str
    layout: str = "node-folder"
    format: int = 0
    certain: bool = True

    def _split(self, name: str) -> tuple[str, str] | None:
        parts = name.split("/")
        if len(parts) <= self.depth or (self.depth > 1 and parts[self.depth - 2] != "nodes"):
            return None
        node = parts[self.depth - 1] if self.depth else self.label
        return node, "/".join(parts[self.depth :])

    def place(self, name: str) -> Place | None:
        """Map a file of a node; files without a row go below ``files/``."""
        split = self._split(name)
        if split is None:
            return None
        node, rel = split
        return Place(f"nodes/{node}", canonical(rel) or f"files/{rel}")

    def beside(self, name: str) -> Place | None:
        """Keep older and cut pieces of a file (``syslog.1``) among those without a row."""
        split = self._split(name)
        return Place(f"nodes/{split[0]}", f"files/{split[1]}") if split else None

    def refused(self, name: str) -> str:
        """Say that a file holds credentials."""
        split = self._split(name)
        if split and holds_credentials(split[1]):
            return "holds credentials; not read"
        return ""

    def holds(self, path: str) -> bool:
        """Files of nodes alone."""
        return path.startswith("nodes/")


class NodeFolderLayout:
    """Recognises a file of a node: in folders below ``nodes``, one folder down, or at the root."""

    def match(self, names: Sequence[str], label: str) -> NodeFolderMapping | None:
        """Look for the deepest reading first: ``nodes/<node>/etc/…`` names its node best."""
        for depth in (3, 2, 0, 1):
            for name in names:
                parts = name.split("/")
                if len(parts) <= depth or (depth > 1 and parts[depth - 2] != "nodes"):
                    continue
                if canonical("/".join(parts[depth:])):
                    return NodeFolderMapping(depth, label)
        return None
