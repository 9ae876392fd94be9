"""Literals that any match of an expression must contain.

The scanner looks for literals first and tries the expression on the lines that hold one. They are
derived from the expression itself, so that nobody has to keep the two in step. All are lower case:
the scanner looks at lower-cased bytes, and so serves case-sensitive and other expressions alike.
"""

from __future__ import annotations

import re
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

#: Shorter literals hit nearly every line.
SHORTEST = 4
#: More alternatives than this, and the expression is asking too much of one pass.
MOST = 24
#: Parts of these are on most lines of some log, and so are worth little.
_COMMON = (
    "containerd[",
    "systemd[1]: ",
    "kubelet[",
    "kubelet.service",
    "containerd.service",
    "exit code ",
    "failed to ",
    'level=error msg="',
    'error="rpc error: code = ',
    "plugin/kubernetes: ",
    "[error] plugin/errors: ",
    "connection refused",
    "context deadline exceeded",
    "i/o timeout",
    "has been deprecated",
    "not supported",
)


class NoLiteral(ValueError):
    """An expression that has no literal which every match contains."""


@lru_cache(maxsize=2048)
def required_literals(expression: str) -> tuple[str, ...]:
    """Lower-case literals of which any match contains at least one, sorted.

    Raises:
        NoLiteral: there is none of at least four characters, or there are too many.
        re.error: the expression does not compile.
    """
    usable = [c for c in _choices(_parsed(expression)) if min(map(len, c)) >= SHORTEST]
    if not usable:
        raise NoLiteral(f"no literal of {SHORTEST}+ characters is in every match of {expression!r}")
    best: frozenset[str] = max(usable, key=_worth)
    return tuple(sorted(best))


@lru_cache(maxsize=2048)
def contains_literal(expression: str, literals: tuple[str, ...]) -> bool:
    """True where every match provably contains one of the (lower-case) literals."""
    return any(
        all(any(mine in one for mine in literals) for one in choice)
        for choice in _choices(_parsed(expression))
    )


@lru_cache(maxsize=2048)
def nested_repeats(expression: str) -> bool:
    """True where a repeat without small bound stands in another one, as in ``(a+)+``."""
    return _nested(_parsed(expression), inside=False)


@lru_cache(maxsize=256)
def _parsed(expression: str) -> Any:
    """The parts of an expression; several questions are asked of each when data is loaded."""
    return parser.parse(expression)


def _nested(items: Any, inside: bool) -> bool:
    for kind, value in items:
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            unbounded = value[1] == sre.MAXREPEAT or value[1] > 400
            if (inside and unbounded) or _nested(value[2], inside or unbounded):
                return True
        elif any(_nested(sub, inside) for sub in _children(kind, value)):
            return True
    return False


def _children(kind: Any, value: Any) -> list[Any]:
    if kind is sre.SUBPATTERN:
        return [value[3]]
    if kind is sre.BRANCH:
        return list(value[1])
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return [value[1]]
    return [value] if kind is getattr(sre, "ATOMIC_GROUP", None) else []


def _worth(choice: frozenset[str]) -> tuple[bool, int, int, list[str]]:
    """Rank a set of alternatives: long ones, few of them, and none that most lines hold."""
    shortest = min(1 if any(one in c for c in _COMMON) else len(one) for one in choice)
    usable = min(map(len, choice)) >= SHORTEST
    return usable, min(shortest, 24) - len(choice), -len(choice), sorted(choice)


def _choices(items: Any) -> list[frozenset[str]]:
    """All sets of alternatives of which a match of the sequence must contain one each."""
    out: list[frozenset[str]] = []
    runs = frozenset({""})
    for kind, value in _flat(items):
        if kind in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):  # they take no room
            continue
        texts = _texts(kind, value)
        if texts is not None and len(texts) * len(runs) <= MOST:
            runs = frozenset(run + text for run in runs for text in texts)
            continue
        out.append(runs)
        runs = texts if texts is not None and len(texts) <= MOST else frozenset({""})
        if texts is None:
            out.extend(_inner_choices(kind, value))
    out.append(runs)
    return [_shortest(choice) for choice in out if all(choice)]


def _shortest(choice: frozenset[str]) -> frozenset[str]:
    """Leave out what contains another alternative: that one is found there too."""
    return frozenset(one for one in choice if not any(o in one for o in choice if o != one))


def _inner_choices(kind: Any, value: Any) -> list[frozenset[str]]:
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT) and value[0] > 0:
        return _choices(value[2])
    if kind is sre.BRANCH:
        found = [_choices(branch) for branch in value[1]]
        if all(found):
            best: list[frozenset[str]] = [max(one, key=_worth) for one in found]
            union = _shortest(frozenset[str]().union(*best))
            return [union] if len(union) <= MOST else []
    return []


def _texts(kind: Any, value: Any) -> frozenset[str] | None:
    """The lower-case texts that an item stands for, where they are few and can be listed."""
    if kind is sre.LITERAL:
        return frozenset({_ascii_lower(chr(value))})
    if kind is sre.IN and all(k is sre.LITERAL for k, _ in value):
        return frozenset(_ascii_lower(chr(v)) for _, v in value)
    if kind is sre.BRANCH:
        branches = [_sequence_texts(branch) for branch in value[1]]
        return None if None in branches else frozenset().union(*(b for b in branches if b))
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT) and value[0] in (0, 1) and value[1] == 1:
        inner = _sequence_texts(value[2])
        return None if inner is None else inner | (frozenset({""}) if value[0] == 0 else inner)
    return None


def _sequence_texts(items: Any) -> frozenset[str] | None:
    runs = frozenset({""})
    for kind, value in _flat(items):
        texts = frozenset({""}) if kind is sre.AT else _texts(kind, value)
        if texts is None or len(texts) * len(runs) > MOST:
            return None
        runs = frozenset(run + text for run in runs for text in texts)
    return runs


def _flat(items: Any) -> list[Any]:
    """Open plain groups, so that a literal may run across their borders."""
    out: list[Any] = []
    for kind, value in items:
        if kind is sre.SUBPATTERN:
            out.extend(_flat(value[3]))
        else:
            out.append((kind, value))
    return out


def _ascii_lower(char: str) -> str:
    return char.lower() if char.isascii() else char


def compiled(expression: str) -> re.Pattern[bytes]:
    """The expression over bytes, as the scanner runs it (``\\w`` and ``(?i)`` mean ASCII)."""
    return re.compile(expression.encode("utf-8"))
