"""Patterns for lines, and the matcher that finds many of them in one pass.

Literals first (Aho-Corasick over lower-cased bytes), the expression on hit lines only. A set can be
pickled: automatons are built where they are first needed, in each worker process anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from analyzer.facts.literals import compiled, contains_literal, nested_repeats, required_literals
from analyzer.facts.logkinds import LogKind, sources_of

#: Literals in one automaton. Measured: the library's vector search serves up to about thirty
#: literals at two to eight times the speed of its table, so that several small automatons win.
_GROUP = 32


@dataclass(frozen=True)
class Pattern:
    """One expression for single lines of certain logs.

    ``literals``: any match must contain at least one of them, in either case; derived from the
    expression where not given. ``marks_start``: the line says that its writer has just started, so
    what follows within five minutes is start-up noise.

    Raises:
        ValueError: no log is named, no literal can be derived, given literals do not cover every
            match, the expression nests repeats, or it does not compile (``re.error``).
    """

    id: str
    where: frozenset[LogKind]
    regex: str
    literals: tuple[str, ...] = ()
    marks_start: bool = False

    def __post_init__(self) -> None:
        if not self.where:
            raise ValueError(f"pattern {self.id}: no log is named")
        try:
            compiled(self.regex)
        except re.error as error:
            raise ValueError(f"pattern {self.id}: {error}: {self.regex!r}") from error
        if nested_repeats(self.regex):
            raise ValueError(f"pattern {self.id}: a repeat inside a repeat: {self.regex!r}")
        literals = tuple(literal.lower() for literal in self.literals)
        if not literals:
            literals = required_literals(self.regex)
        elif not contains_literal(self.regex, literals):
            raise ValueError(f"pattern {self.id}: a match need not contain any of {literals}")
        object.__setattr__(self, "literals", literals)


class KindMatcher:
    """The patterns of one kind of log, ready to run."""

    def __init__(self, patterns: tuple[Pattern, ...]) -> None:
        self.patterns = patterns
        self.expressions = tuple(compiled(pattern.regex) for pattern in patterns)
        users: dict[bytes, list[int]] = {}
        for index, pattern in enumerate(patterns):
            for literal in pattern.literals:
                users.setdefault(literal.encode("utf-8"), []).append(index)
        self._literals = sorted(users)
        self._users = tuple(tuple(users[literal]) for literal in self._literals)
        # Dealt out like cards, so that literals with the same head are spread over all groups.
        self._step = -(-len(self._literals) // _GROUP)
        self._groups = tuple(
            BytesAhoCorasick(self._literals[at :: self._step], MatchKind.LeftmostLongest)
            for at in range(self._step)
        )
        self._starting_with: dict[tuple[int, int], list[int]] = {}
        for index, text in enumerate(self._literals):
            self._starting_with.setdefault((index % self._step, text[0]), []).append(index)
        self._hidden = tuple(self._hidden_by(index) for index in range(len(self._literals)))

    def _hidden_by(self, index: int) -> tuple[tuple[int, bytes, tuple[int, ...]], ...]:
        """Literals of the same automaton that a hit of this one can cover: offset and who.

        The automaton reports hits that do not overlap. Another literal that starts inside a hit
        is not reported, and is looked for at the offsets where it can start.
        """
        mine = self._literals[index]
        out = []
        for offset, first in enumerate(mine):
            for other in self._starting_with.get((index % self._step, first), ()):
                rest, literal = mine[offset:], self._literals[other]
                if other != index and (rest.startswith(literal) or literal.startswith(rest)):
                    out.append((offset, literal, self._users[other]))
        return tuple(out)

    def hits(self, lowered: bytes) -> list[tuple[int, tuple[int, ...]]]:
        """Positions of literals in lower-cased bytes, in order, with the patterns that want each.

        Every occurrence of every literal is in it, those that a longer one covers included.
        """
        step = self._step
        found: list[tuple[int, int]] = []
        for at, automaton in enumerate(self._groups):
            hits = automaton.find_matches_as_indexes(lowered)
            found.extend([(start, at + literal * step) for literal, start, _ in hits])
        if step > 1:
            found.sort()
        out = []
        users_of, hidden_by = self._users, self._hidden
        for start, literal_index in found:
            out.append((start, users_of[literal_index]))
            hidden = hidden_by[literal_index]
            if not hidden:
                continue
            for offset, literal, users in hidden:
                if lowered.startswith(literal, start + offset):
                    out.append((start + offset, users))
        return out


@dataclass(frozen=True)
class PatternSet:
    """Patterns with distinct ids. Equal sets find equal things; pickling drops built automatons.

    Raises:
        ValueError: an id is used twice.
    """

    patterns: tuple[Pattern, ...]
    _built: dict[LogKind, KindMatcher | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for pattern in self.patterns:
            if pattern.id in seen:
                raise ValueError(f"pattern {pattern.id} is defined twice")
            seen.add(pattern.id)

    @classmethod
    def of(cls, *sets: PatternSet | Iterable[Pattern]) -> PatternSet:
        """One set of all the patterns given."""
        found: list[Pattern] = []
        for one in sets:
            found.extend(one.patterns if isinstance(one, PatternSet) else one)
        return cls(tuple(found))

    def matcher(self, kind: LogKind) -> KindMatcher | None:
        """What to run over a member of that kind; None where no pattern applies."""
        if kind not in self._built:
            sources = sources_of(kind)
            chosen = tuple(pattern for pattern in self.patterns if pattern.where & sources)
            self._built[kind] = KindMatcher(chosen) if chosen else None
        return self._built[kind]

    def __getstate__(self) -> dict[str, Any]:
        return {"patterns": self.patterns}

    def __setstate__(self, state: dict[str, Any]) -> None:
        object.__setattr__(self, "patterns", state["patterns"])
        object.__setattr__(self, "_built", {})
