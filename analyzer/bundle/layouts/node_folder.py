"""Loose files of nodes: a folder with ``etc``, ``var`` … as on the node, one folder a node.

Which file is which item stands in ``data/node-folder.yaml``. Files that no row names are kept
below ``files/`` of the node, so that texts can still be searched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field

from analyzer.bundle.globs import pattern
from analyzer.bundle.layouts.base import Place
from analyzer.bundle.layouts.pod_logs import last_runs, pod_log
from analyzer.bundle.rotated import SUFFIX as PACKED

#: What rotation adds to a log's name on distributions that use dates.
_DATED = re.compile(r"-(\d{8})$")
#: ``<computer>-<time>_logs``.
_WINDOWS = re.compile(r"(?P<node>[A-Za-z0-9-]+)-\d{8}-\d{6}_logs")


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


def kept(rel: str) -> str:
    """Return where a file without a row is kept: ``messages-20260301`` as a numbered piece."""
    dated = _DATED.search(rel) if rel.startswith("var/log/") else None
    return f"files/{rel[: dated.start()]}.{dated[1]}" if dated else f"files/{rel}"


def node_file(node: str, rel: str, item: str, runs: Mapping[str, int]) -> Place:
    """Place a file of a node: a container's log, a packed log, an item, or any other.

    ``item`` is what the tables say of it, empty for nothing; ``runs`` as in ``pod_logs``.
    """
    if log := pod_log(rel, runs):
        return log
    if rel.endswith(PACKED) and rel.startswith("var/log/"):
        return Place(f"nodes/{node}", kept(rel.removesuffix(PACKED)), how="packed")
    return Place(f"nodes/{node}", item or kept(rel))


def _node_named(label: str) -> str:
    """Return the node in the name of the archive that AKS's script on Windows makes.

    Source: Azure/AgentBaker, ``staging/cse/windows/debug/collect-windows-logs.ps1``. A computer's
    name is in capitals, its node's is not.
    """
    named = _WINDOWS.fullmatch(label)
    return named["node"].lower() if named else label


@dataclass(frozen=True, slots=True)
class NodeFolderMapping:
    """``depth`` folders stand in front of the node's own paths, the last one names the node."""

    depth: int
    label: str
    layout: str = "node-folder"
    format: int = 0
    certain: bool = True
    #: The last run by the folder of each container's log.
    runs: Mapping[str, int] = field(default_factory=dict)

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
        return node_file(node, rel, canonical(rel), self.runs)

    def beside(self, name: str) -> Place | None:
        """Keep older and cut pieces of a file (``syslog.1``) among those without a row."""
        split = self._split(name)
        return Place(f"nodes/{split[0]}", kept(split[1])) if split else None

    def refused(self, name: str) -> str:
        """Say that a file holds credentials."""
        split = self._split(name)
        if split and holds_credentials(split[1]):
            return "holds credentials; not read"
        return ""

    def holds(self, path: str) -> bool:
        """Files of nodes, and logs of their pods."""
        return path.startswith(("nodes/", "cluster/logs/"))


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
                    runs = last_runs("/".join(name.split("/")[depth:]) for name in names)
                    return NodeFolderMapping(depth, _node_named(label), runs=runs)
        return None
