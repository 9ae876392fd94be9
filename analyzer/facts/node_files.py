"""What a node's own archive shows: small files kept as text, read into types when asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from sys import intern

from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence


@lru_cache(maxsize=4)
def _split(text: str) -> tuple[str, ...]:
    """The lines of the text that is being read: a place in it is asked for at each of them."""
    return tuple(text.splitlines())


@dataclass(frozen=True, slots=True)
class TextFile:
    """A small text member. ``path`` is what a reader can look up."""

    path: str
    text: str

    def __reduce__(self) -> tuple[Callable[[str, str], TextFile], tuple[str, str]]:
        return _again, (self.path, self.text)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Number (from 1) and text of every line."""
        yield from enumerate(self.text.splitlines(), start=1)

    def at(self, line: int, what: str = "") -> EvidenceRef:
        """Point at a line by number."""
        lines = _split(self.text) or ("",)
        line = min(max(line, 1), len(lines))
        return EvidenceRef(path=self.path, what=what, line=line, excerpt=lines[line - 1])

    def find(self, pattern: str, what: str = "") -> EvidenceRef | None:
        """Point at the first line that matches, or None."""
        expression = re.compile(pattern)
        for number, line in self.lines():
            if expression.search(line):
                return EvidenceRef(path=self.path, what=what, line=number, excerpt=line)
        return None


def _again(path: str, text: str) -> TextFile:
    """Make a file that was read in another process: many nodes have the same text in theirs."""
    return TextFile(path, intern(text))


@dataclass(frozen=True)
class NodeFiles:
    """The kept files of one node, by item (``host/df``, ``cni/net.d/10-azure.conflist`` …)."""

    node: str
    files: Mapping[str, TextFile] = field(default_factory=dict)
    gaps: Mapping[str, Gap] = field(default_factory=dict)

    def get(self, item: str) -> TextFile:
        """The file of that item.

        Raises:
            NotCollected: it is not in the archive; the gap says why.
        """
        if item in self.files:
            return self.files[item]
        gap = self.gaps.get(item)
        path = f"nodes/{self.node}/{item}"
        raise NotCollected(gap or Gap(path=path, reason=Presence.NOT_ASKED))

    def under(self, prefix: str) -> tuple[tuple[str, TextFile], ...]:
        """All kept items below a folder, sorted by name."""
        return tuple(sorted((k, v) for k, v in self.files.items() if k.startswith(prefix)))


@dataclass(frozen=True)
class NodeArchives:
    """The archives of all nodes that sent one, by node name."""

    nodes: Mapping[str, NodeFiles] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def readable(self) -> bool:
        """True if at least one node sent an archive."""
        return bool(self.nodes)

    def __iter__(self) -> Iterator[NodeFiles]:
        """Nodes in the order of their names."""
        return iter(self.nodes[name] for name in sorted(self.nodes))

    def require(self) -> NodeArchives:
        """Return itself, or say that no node sent an archive.

        Raises:
            NotCollected: there is no node archive at all.
        """
        if not self.nodes:
            raise NotCollected(Gap(path="nodes/*.tar.gz", reason=Presence.NOT_ASKED))
        return self
