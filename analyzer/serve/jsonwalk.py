"""The objects of a JSON list of any size, one at a time, with their places in it.

Read as Latin-1, in which every byte is one character: positions are those of the bytes. What is
read this way serves for names alone, and those are ASCII. In memory is a window of the text that
holds the object being read; it grows up to ``MAX_OBJECT``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

#: Bytes of one object at most; an API server takes no request above 3 MB.
MAX_OBJECT = 64 * 1024 * 1024
_SPACE = " \t\r\n"
_DECODE = json.JSONDecoder(strict=False).raw_decode


class DamagedError(Exception):
    """The text is no JSON from here on, or cut."""


def walk(chunks: Iterator[bytes]) -> Iterator[tuple[Any, int, int]]:
    """Yield the objects of a JSON text, each with its first byte and the one behind its last.

    A list's own ``items``, the elements of an array, or the one object that the text is.

    Raises:
        DamagedError: the text is cut or no JSON; what was yielded before is whole.
    """
    text = _Window(chunks)
    try:
        if text.peek() == "[":
            yield from _array(text)
            return
        whole = text.place
        first = _to_items(text)
        if first:
            yield from _array(text)
        else:
            text.rewind(whole)
            yield text.value()
    except (ValueError, IndexError, RecursionError) as error:
        raise DamagedError from error


class _Window:
    """A piece of the text, and where in it the reader stands."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._text = ""
        self._at = 0
        #: Place of the window's first character in the whole text, and what must stay in it.
        self._base = 0
        self._kept: int | None = None

    @property
    def place(self) -> int:
        """Where the reader stands, from the start of the text; it can be gone back to."""
        self.peek()
        self._kept = self._base + self._at
        return self._kept

    def rewind(self, place: int) -> None:
        """Go back to the place that was asked for last."""
        self._at = place - self._base
        self._kept = None

    def forget(self) -> None:
        """Nobody goes back any more."""
        self._kept = None

    def peek(self) -> str:
        """Return the next character that is no space."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                raise IndexError

    def step(self) -> str:
        """Return the next character that is no space, and go behind it."""
        found = self.peek()
        self._at += 1
        return found

    def value(self) -> tuple[Any, int, int]:
        """Return the value that begins here and its place, and go behind it."""
        self.peek()
        while True:
            try:
                found, end = _DECODE(self._text, self._at)
            except ValueError:
                if not self._more():
                    raise
                continue
            if end == len(self._text) and self._more():
                continue  # a number may go on
            start, self._at = self._base + self._at, end
            return found, start, self._base + end

    def _more(self) -> bool:
        """Take in as much again as is still wanted; False at the end of the text."""
        keep = self._at if self._kept is None else self._kept - self._base
        wanted = len(self._text) - keep
        if wanted > MAX_OBJECT:
            return False
        found = []
        taken = 0
        for chunk in self._chunks:
            found.append(chunk.decode("latin-1"))
            taken += len(chunk)
            if taken >= wanted:
                break
        self._text = self._text[keep:] + "".join(found)
        self._base += keep
        self._at -= keep
        return bool(found)


def _to_items(text: _Window) -> bool:
    """Go to the array of a list's own ``items``; False where it is one object."""
    text.step()
    while text.peek() == '"':
        key, _, _ = text.value()
        if text.step() != ":":
            raise ValueError
        if key == "items" and text.peek() == "[":
            text.forget()
            return True
        text.value()
        if text.step() != ",":
            return False
    return False


def _array(text: _Window) -> Iterator[tuple[Any, int, int]]:
    text.step()
    while text.peek() != "]":
        yield text.value()
        if text.peek() == ",":
            text.step()
