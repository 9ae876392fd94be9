"""Long lists of objects, read piece by piece: memory does not grow with the text of a list.

A parser that is given a whole list builds a tree of it first, which takes several times its size.
Here the text is cut between two objects about once in a mebibyte, and each piece is a list of its
own. Where a cut was no end of an object (the same text stands within one), the piece is no JSON,
and the next cut is tried; what is not to be cut at all is read object by object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from analyzer.bundle import Member
from analyzer.bundle.limits import MIB, told
from analyzer.facts.kube import KubeObject
from analyzer.facts.parse.kube_list import Parsed, Tally, parse_listing
from analyzer.model.gap import Presence

#: Lists up to this size are read as a whole.
LONG = 4 * MIB
PIECE = 1 * MIB
#: What may stand in front of the objects: kind, version, and the list's own metadata.
_HEAD = 64 * 1024
#: Cuts that are tried for one piece before it is read object by object.
_TRIES = 8
_ITEMS = re.compile(rb'"items"\s*:\s*\[')
_FIRST = re.compile(rb'\s*\{\s*("(?:[^"\\]|\\.){1,200}")\s*:')
_END = re.compile(rb"\}(?=\s*\])")
_BETWEEN = re.compile(rb"[\s,]*")


def read_listing(member: Member, model: type[KubeObject]) -> Parsed:
    """Read one member as objects of ``model``; never raises, never returns a guess.

    Of a list beyond ``LONG`` bytes no more than a piece is in memory at a time, and the limit on
    bytes of a member holds for each of its objects.
    """
    path, most = member.evidence_path, member.limits.max_member_bytes
    if member.size <= LONG:
        return parse_listing(member.read(), path, model)
    return parse_pieces(member.chunks(), path, model, most)


def parse_pieces(chunks: Iterator[bytes], path: str, model: type[KubeObject], most: int) -> Parsed:
    """Read a list from its text in pieces of any size. ``most``: bytes of one object."""
    text = _Text(chunks)
    text.fill(_HEAD)
    head = _head(text.held)
    first = _FIRST.match(text.held, head) if head else None
    if first is None:
        return _as_a_whole(text, path, model, most)
    text.drop(head)
    tally = Tally(path, model)
    cuts = re.compile(rb"\}\s*,\s*\{\s*" + re.escape(first[1]) + rb"\s*:")
    reader = _Pieces(text, tally, cuts, max(most, 2 * PIECE))
    return tally.parsed(reader.read())


def _head(text: bytes) -> int:
    """Return where the first object begins; 0 where this is no list as the API server sends it."""
    found = _ITEMS.search(text)
    if found is None:
        return 0
    try:
        start = orjson.loads(text[: found.end()] + b"]}")
    except orjson.JSONDecodeError:
        return 0  # the word stands within an object
    return found.end() if isinstance(start, dict) and start.get("items") == [] else 0


def _is_end(text: bytes) -> bool:
    try:
        return bool(orjson.loads(b'{"items":[' + text)["items"] == [])
    except (orjson.JSONDecodeError, RecursionError):
        return False


def _as_a_whole(text: _Text, path: str, model: type[KubeObject], most: int) -> Parsed:
    """A single large object, YAML, or anything else that is no typed list."""
    text.fill(most + 1)
    if len(text.held) <= most:
        return parse_listing(text.held, path, model)
    why = told(f"only the first {most} bytes are read", "member-bytes")
    parsed = parse_listing(text.held[:most], path, model)
    presence = Presence.TRUNCATED if parsed.items else Presence.FAILED
    return replace(parsed, presence=presence, detail=why)


class _Text:
    """What is held of a text, and more of it on demand."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.held = b""
        self.ended = False
        self._chunks = chunks

    def fill(self, size: int) -> None:
        """Hold at least ``size`` bytes, fewer only at the end."""
        pieces, count = [self.held], len(self.held)
        while count < size and not self.ended:
            piece = next(self._chunks, b"")
            self.ended = not piece
            pieces.append(piece)
            count += len(piece)
        self.held = b"".join(pieces)

    def drop(self, count: int) -> None:
        """Let go of the first bytes, and of the comma that follows them."""
        between = _BETWEEN.match(self.held, count)
        self.held = self.held[between.end() if between else count :]


class _Pieces:
    """Takes objects off the front of a text."""

    def __init__(self, text: _Text, tally: Tally, cuts: re.Pattern[bytes], most: int) -> None:
        self._text = text
        self._tally = tally
        self._cuts = cuts
        self._most = most
        items: Any = tuple[tally.model, ...]  # type: ignore[name-defined]
        self._adapter: TypeAdapter[Any] = TypeAdapter(items)

    def read(self) -> str:
        """Read to the end; return why that is not the end of the list, or an empty text."""
        while not self._text.ended:
            self._text.fill(2 * PIECE)
            self._text.drop(0)
            if self._text.held[:1] == b"]":
                self._text.fill(self._most)  # what stands behind the objects
                break
            if not self._text.ended and not self._piece():
                return told(f"an object of more than {self._most} bytes", "member-bytes")
        if self._last():
            return ""
        self._exact()
        count = len(self._tally.items)
        return f"torn JSON: {count} objects could be read" if count else "not readable as JSON"

    def _piece(self) -> bool:
        """Take one piece; False where not even one object comes out of all that may be held."""
        at = PIECE
        for _ in range(_TRIES):
            found = self._cuts.search(self._text.held, at)
            if found is None:
                break
            at = found.start() + 1
            if self._take(self._text.held[:at]):
                self._text.drop(at)
                return True
        while not self._exact():
            if self._text.ended or len(self._text.held) >= self._most:
                return self._text.ended
            self._text.fill(2 * len(self._text.held) + PIECE)
        return True

    def _take(self, piece: bytes) -> bool:
        """Read a piece as a list; False where it is no JSON."""
        listed = b"[" + piece + b"]"
        try:
            self._tally.items.extend(self._adapter.validate_json(listed))
            return True
        except (ValidationError, ValueError):
            pass
        try:
            entries = orjson.loads(listed)
        except (orjson.JSONDecodeError, RecursionError):
            return False
        self._add(entries)
        return True

    def _last(self) -> bool:
        """Read what is left with the end of the list; False where it has none."""
        held = self._text.held
        for end in reversed([found.start() for found in _END.finditer(held)][-_TRIES:]):
            behind = held[end + 1 :].lstrip()  # right of the last object, from its ``]`` on
            if _is_end(behind) and self._take(held[: end + 1]):
                return True
        if not held.startswith(b"]"):
            return False
        return _is_end(held)

    def _exact(self) -> bool:
        """Read the whole objects at the front one by one; False where there is none."""
        text = self._text.held.decode("utf-8", "surrogateescape")
        decoder = json.JSONDecoder()
        position = 0
        while position < len(text) and text[position] == "{":
            try:
                entry, position = decoder.raw_decode(text, position)
            except (ValueError, RecursionError):
                break
            self._tally.add(entry)
            while position < len(text) and text[position] in " \t\r\n,":
                position += 1
        self._text.drop(len(text[:position].encode("utf-8", "surrogateescape")))
        return position > 0

    def _add(self, entries: Iterable[Any]) -> None:
        for entry in entries:
            self._tally.add(entry)
