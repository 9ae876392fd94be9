"""Our own layout, format 1: parts as archives or unpacked, below one top folder or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from analyzer.bundle.globs import pattern
from analyzer.bundle.items import PartKind, expected_items
from analyzer.bundle.layouts.base import Place, archive_stem
from analyzer.bundle.manifest import FILE_NAME as MANIFEST

_TABLE = "collection.tsv"
_KINDS: tuple[PartKind, ...] = ("cluster", "node", "azure")
#: Items that make a part; its table counts for all but one of them.
_ENOUGH = 3


@lru_cache(maxsize=3)
def _paths(kind: PartKind) -> frozenset[str]:
    return frozenset(item.path for item in expected_items().of(kind))


@lru_cache(maxsize=3)
def _tops(kind: PartKind) -> frozenset[str]:
    """Return what the paths of a part may start with."""
    return frozenset({_TABLE, *(path.split("/", 1)[0] for path in _paths(kind))})


@dataclass(frozen=True, slots=True)
class DemarcMapping:
    """``root`` is the folder that is stripped, with its slash; empty where there is none."""

    root: str
    certain: bool
    layout: str = "demarc-1"
    format: int = 1

    def place(self, name: str) -> Place | None:
        """Say where a file belongs; the folders are the parts."""
        if not name.startswith(self.root):
            return None
        rel = name[len(self.root) :]
        if rel == MANIFEST:
            return Place("", MANIFEST)
        first, _, inner = rel.partition("/")
        if first in ("cluster", "azure") and inner:
            return Place(first, inner)
        if first == "nodes" and inner:
            node, _, rest = inner.partition("/")
            if rest:
                return Place(f"nodes/{node}", rest)
            stem = archive_stem(node)
            return Place(f"nodes/{stem}", archive=True) if stem else None
        stem = archive_stem(rel)
        return Place(stem, archive=True) if stem in ("cluster", "azure") else None

    def beside(self, name: str) -> Place | None:
        """Nowhere: it is a double."""
        return None

    def refused(self, name: str) -> str:
        """Nothing: the collector takes no credentials."""
        return ""

    def holds(self, path: str) -> bool:
        """Everything canonical."""
        return True


class DemarcLayout:
    """Recognises a part, packed or unpacked, at the root or one folder down."""

    def match(self, names: Sequence[str], label: str) -> DemarcMapping | None:
        """Look for the first name that no other tool writes."""
        only_manifest: DemarcMapping | None = None
        for name in names:
            parts = name.split("/")
            for depth in (0, 1):
                root = "".join(f"{part}/" for part in parts[:depth])
                if _is_marker(parts[depth:]):
                    return DemarcMapping(root, certain=True)
                if parts[depth:] == [MANIFEST] and only_manifest is None:
                    only_manifest = DemarcMapping(root, certain=False)
        return only_manifest


def _is_marker(parts: list[str]) -> bool:
    if len(parts) < 2:
        return bool(parts) and archive_stem(parts[0]) in ("cluster", "azure")
    if parts[0] == "cluster":
        return parts[1] in _tops("cluster")
    if parts[0] == "azure":
        return len(parts) == 2 and parts[1] in _tops("azure") - {_TABLE}
    if parts[0] == "nodes":
        if len(parts) == 2:
            return bool(archive_stem(parts[1]))
        return parts[2] in _tops("node")
    return False


@dataclass(frozen=True, slots=True)
class OnePartMapping:
    """One part alone: all files below ``root`` belong to ``part``."""

    root: str
    part: str
    layout: str = "demarc-1 part"
    format: int = 1
    certain: bool = True

    def place(self, name: str) -> Place | None:
        """All that lies below the root."""
        return Place(self.part, name[len(self.root) :]) if name.startswith(self.root) else None

    def beside(self, name: str) -> Place | None:
        """Nowhere: it is a double."""
        return None

    def refused(self, name: str) -> str:
        """Nothing: the collector takes no credentials."""
        return ""

    def holds(self, path: str) -> bool:
        """What belongs to this part."""
        return path.startswith(f"{self.part}/")


class OnePartLayout:
    """Recognises a part that came alone, such as the archive of one node."""

    def match(self, names: Sequence[str], label: str) -> OnePartMapping | None:
        """Look for the part's table beside an item, or three items, at the root or one down."""
        for depth in (0, 1):
            seen: Counter[tuple[str, str]] = Counter()
            for name in names:
                parts = name.split("/")
                root = "".join(f"{part}/" for part in parts[:depth])
                rel = "/".join(parts[depth:])
                for kind in _KINDS if rel == _TABLE else (_kind(rel),):
                    seen[root, kind] += _ENOUGH - 1 if rel == _TABLE else bool(kind)
                    if kind and seen[root, kind] >= _ENOUGH:
                        own = parts[0] if depth else label
                        return OnePartMapping(root, f"nodes/{own}" if kind == "node" else kind)
        return None


def _kind(rel: str) -> str:
    """Return the kind of part that an item of this path belongs to; empty for none."""
    if rel.startswith(("resources/cluster/", "resources/ns/")):
        return ""  # sonobuoy's folders: no API group is called so
    listing = rel.startswith("resources/") and rel.count("/") > 1
    if listing or rel in ("api-resources.json", "feature-gates.txt"):
        return "cluster"
    if rel in _paths("node") or pattern("cni/net.d/*").fullmatch(rel):
        return "node"
    return "azure" if rel in _paths("azure") else ""
