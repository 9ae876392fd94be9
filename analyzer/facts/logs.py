"""What the logs said: named landmarks with counts, times and sample lines, and what was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TypeVar

from analyzer.facts.error_lines import ErrorShape, LogSpan
from analyzer.facts.landmarks import landmarks
from analyzer.facts.logkinds import LogKind, sources_of
from analyzer.facts.scan import Match
from analyzer.model.gap import Gap, NotCollected, Presence

K = TypeVar("K")


@dataclass(frozen=True)
class Logs:
    """All matches of the pass over the logs, and which logs there were at all.

    ``read`` holds (node or None, kind) of every text that was looked through: silence counts only
    where somebody listened. Events are among both, as a kind of their own. ``errors`` are shapes of
    error lines that no pattern knows, and ``spans`` what time each log covers.
    """

    matches: tuple[Match, ...] = ()
    read: frozenset[tuple[str | None, LogKind]] = frozenset()
    errors: tuple[ErrorShape, ...] = ()
    spans: tuple[LogSpan, ...] = ()

    @cached_property
    def _kinds(self) -> frozenset[LogKind]:
        return frozenset(kind for _, kind in self.read)

    @cached_property
    def _by_landmark(self) -> dict[str, tuple[Match, ...]]:
        return _grouped(self.matches, lambda m: m.pattern)

    @cached_property
    def _by_node(self) -> dict[tuple[str, str], tuple[Match, ...]]:
        return _grouped(self.matches, lambda m: (m.node or "", m.pattern))

    @property
    def readable(self) -> bool:
        """True if any log was looked through; events alone are none."""
        return any(kind is not LogKind.EVENT for _, kind in self.read)

    def of(self, landmark: str) -> tuple[Match, ...]:
        """Matches of one landmark, sorted by node and member.

        Raises:
            NotCollected: no log in which it could stand was collected.
            KeyError: there is no landmark of that name.
        """
        kinds = _homes()[landmark]
        if not kinds & self._kinds:
            names = ", ".join(sorted(kinds))
            raise NotCollected(Gap(path=f"logs: {names}", reason=Presence.NOT_ASKED))
        return self._by_landmark.get(landmark, ())

    def on(self, node: str, landmark: str) -> tuple[Match, ...]:
        """Matches of one landmark on one node; raises as :meth:`of` does."""
        self.of(landmark)
        return self._by_node.get((node, landmark), ())

    def any_of(self, landmarks: Iterable[str]) -> tuple[Match, ...]:
        """Matches of several landmarks; those whose logs are missing are left out.

        Raises:
            NotCollected: the logs of none of them were collected.
        """
        found: list[Match] = []
        gaps: list[Gap] = []
        readable = False
        for landmark in landmarks:
            try:
                found.extend(self.of(landmark))
                readable = True
            except NotCollected as missing:
                gaps.extend(missing.gaps)
        if not readable:
            raise NotCollected(*dict.fromkeys(gaps))
        return tuple(found)

    def listened(self, node: str, kind: LogKind) -> bool:
        """True where that node's log of that kind was looked through."""
        return (node, kind) in self.read


def _grouped(matches: Iterable[Match], key: Callable[[Match], K]) -> dict[K, tuple[Match, ...]]:
    groups: dict[K, list[Match]] = defaultdict(list)
    for match in matches:
        groups[key(match)].append(match)
    return {name: tuple(group) for name, group in groups.items()}


@cache
def _homes() -> dict[str, frozenset[LogKind]]:
    """Landmark → every kind of log in which it could stand, journals of everything included."""
    return {
        landmark.id: frozenset(kind for kind in LogKind if sources_of(kind) & landmark.where)
        for landmark in landmarks()
    }
