"""Secrets in bytes: one pass for the anchors of all kinds, expressions only around what it hits.

A piece of text around a hit is cut out at a line's start (or at a blank in a long line), the
expressions of that hit are applied to it in the order of the data file, and it is put back. What
runs into the end of the piece is tried again with a larger one, so no secret is cut in two.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from analyzer.redact.encoded import SHORTEST, hides_text, runs
from analyzer.redact.patterns import Pattern, compiled

MASK = b"<masked>"
#: The groups of an expression that may hold what is to be masked.
_GROUPS = ("secret", "secret2", "secret3", "bare")
#: Bytes of text behind an anchor that are looked at first; four times as much at each new try.
_AHEAD = 1024
_GROWTH = 4
#: Where a piece may begin in a line that has no start nearby.
_BREAKS = b" \"',;{}[]\t"
#: A name in YAML, with what must follow on it.
_KEY = re.compile(rb"(?:- )?[\"']?[A-Za-z0-9_./-]{1,80}[\"']?:(?=\s|\Z)")
#: How deep base64 inside base64 is read.
_DEPTH = 2


class _Window(NamedTuple):
    start: int
    end: int
    pattern: Pattern


def mask_bytes(data: bytes) -> tuple[bytes, Counter[str]]:
    """Mask every secret in a text, UTF-8 or any other code that holds ASCII.

    Returns:
        The text with ``<masked>`` in place of each secret (``data`` itself where there is none),
        and how many secrets of which kind it held.
    """
    counts: Counter[str] = Counter()
    return _masked(data, counts, _DEPTH), counts


def _masked(data: bytes, counts: Counter[str], depth: int) -> bytes:
    found = runs(data) if len(data) >= SHORTEST else []
    data, changed = _mask_windows(data, _windows(data, found), counts)
    if depth:
        data = _mask_encoded(data, runs(data) if changed else found, counts, depth)
    return data


def _windows(data: bytes, found: list[tuple[int, int]]) -> list[_Window]:
    """Where an expression is worth a try, sorted."""
    known = compiled()
    windows = []
    anchors = known.anchors
    for number, start, end in known.automaton.find_matches_as_indexes(
        data.lower(), overlapping=True
    ):
        for pattern in anchors[number][1]:
            if pattern.confirm is None or pattern.confirm.match(data, end):
                windows.append(_Window(max(0, start - pattern.back), end, pattern))
    for pattern in known.by_run:
        windows += [
            _Window(max(0, start - 2), end, pattern)
            for start, end in found
            if end - start >= pattern.run
        ]
    for pattern in known.by_seek:
        assert pattern.seek is not None
        windows += [
            _Window(max(0, match.start() - pattern.back), match.end(), pattern)
            for match in pattern.seek.finditer(data)
        ]
    windows.sort(key=lambda window: (window.start, window.end, window.pattern.number))
    return windows


def _mask_windows(data: bytes, windows: list[_Window], counts: Counter[str]) -> tuple[bytes, bool]:
    """Apply each window's expressions; True with the text where anything was masked."""
    if not windows:
        return data, False
    pieces: list[bytes] = []
    done = at = 0
    while at < len(windows):
        start = max(done, _piece_start(data, windows[at].start, done))
        end = min(len(data), windows[at].end + _AHEAD)
        last = at + 1
        while last < len(windows) and windows[last].start < end:
            end = max(end, min(len(data), windows[last].end + _AHEAD))
            last += 1
        patterns = sorted({w.pattern for w in windows[at:last]}, key=lambda p: p.number)
        text, end = _mask_piece(data, start, end, patterns, counts)
        if text is not None:
            pieces += [data[done:start], text]
            done = end
        at = last
        while at < len(windows) and windows[at].end <= done:
            at += 1
    if not pieces:
        return data, False
    pieces.append(data[done:])
    return b"".join(pieces), True


def _piece_start(data: bytes, start: int, least: int) -> int:
    """A place at or before ``start`` at which a piece can begin without cutting a word."""
    if start <= least:
        return least
    line = data.rfind(b"\n", max(least, start - 300), start)
    if line >= 0:
        return line + 1
    at = start
    while at > least and start - at < 300 and data[at - 1] not in _BREAKS:
        at -= 1
    return at


def _mask_piece(
    data: bytes, start: int, end: int, patterns: Iterable[Pattern], counts: Counter[str]
) -> tuple[bytes | None, int]:
    """The masked piece (None where nothing is to be masked), and where it ended in the end."""
    while True:
        text = data[start:end]
        hits: Counter[str] = Counter()
        open_end = False
        for pattern in patterns:
            text, count, touched = _apply(pattern, text)
            open_end = open_end or touched
            if count:
                hits[pattern.id] += count
        if not open_end or end == len(data):
            counts += hits
            return (text if hits else None), end
        end = min(len(data), start + _GROWTH * (end - start))


def _apply(pattern: Pattern, text: bytes) -> tuple[bytes, int, bool]:
    """Replace one expression's secrets from left to right.

    Returns:
        The text, how many secrets it held, and whether a match ran into its end.
    """
    pieces: list[bytes] = []
    done = hits = at = 0
    touched = False
    while (match := pattern.regex.search(text, at)) is not None:
        found = match.groupdict()
        at = max(match.end(), match.start() + 1)
        group = next((name for name in _GROUPS if found.get(name)), "")
        touched = touched or match.end() == len(text)
        if not group:
            continue
        secret = found[group]
        if _is_next_key(text, match.start(), match.start(group)):
            at = match.start(group)  # the name before has no value; this one may have
            continue
        if MASK in secret or not secret.strip():
            continue
        if pattern.unless is not None and pattern.unless.fullmatch(secret):
            continue
        pieces += [text[done : match.start(group)], _in_its_place(secret)]
        done = match.end(group)
        hits += 1
    return (b"".join([*pieces, text[done:]]) if hits else text), hits, touched


def _is_next_key(text: bytes, name: int, value: int) -> bool:
    """True where what seems to be the value of a name is the name in the next line of a YAML."""
    return b"\n" in text[name:value] and _KEY.match(text, value) is not None


def _in_its_place(secret: bytes) -> bytes:
    """The mask, with the ends of the secret's lines: a line keeps its number in what is cited."""
    ends = secret.count(b"\n")
    if not ends:
        return MASK
    first = secret[: secret.find(b"\n") + 1]
    return first + MASK + b"\n" * (ends - 1) if not first.strip() else MASK + b"\n" * ends


def _mask_encoded(
    data: bytes, found: list[tuple[int, int]], counts: Counter[str], depth: int
) -> bytes:
    """Mask encoded texts that hold a secret when they are read."""
    pieces: list[bytes] = []
    done = 0
    for start, end in found:
        token = data[start:end]
        text = hides_text(token)
        if text is None:
            continue
        # What is packed cannot be looked into: it goes as a whole.
        if text and _masked(text, Counter(), depth - 1) == text:
            continue
        pieces += [data[done:start], MASK]
        done = end
        counts["base64"] += 1
    return b"".join([*pieces, data[done:]]) if pieces else data
