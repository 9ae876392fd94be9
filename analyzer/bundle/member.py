"""One file of a bundle, readable while the pass stands at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from analyzer.bundle.errors import Consumed
from analyzer.bundle.limits import MIB, Limits, told

#: Bytes that ``chunks`` hands out at a time, and that ``lines`` splits at a time.
CHUNK = 1 * MIB


class Content(Protocol):
    """Where a member's bytes come from."""

    @property
    def damage(self) -> str:
        """Why the content ended early; empty while it did not."""

    def read(self, count: int) -> bytes:
        """Return up to ``count`` bytes, fewer only at the end."""

    def drain(self) -> int:
        """Skip what is left; return how many bytes are missing."""


class Member:
    """A file with its canonical path.

    ``read`` may be called as often as wanted. ``lines`` and ``chunks`` stream, once, in constant
    memory; after ``read`` they go over what was read. All of them end early where the content is
    torn: then ``truncated`` is True and the inventory has a gap. Once the pass has moved on to the
    next member only content that was read with ``read`` is still there.
    """

    __slots__ = (
        "_content",
        "_data",
        "_limits",
        "_note_damage",
        "_taken",
        "found_at",
        "path",
        "size",
        "truncated",
    )

    def __init__(
        self,
        path: str,
        found_at: str,
        size: int,
        content: Content,
        note_damage: Callable[[Member, str], None],
        limits: Limits,
    ) -> None:
        #: Canonical and ``/``-separated, such as ``nodes/<node>/kubelet/journal.log``.
        self.path = path
        #: The path as it stands in the bundle that the user has. Equal to ``path`` in our layout.
        self.found_at = found_at
        #: Size in bytes as the archive or the file system tells it.
        self.size = size
        #: True once it is known that content is missing at the end.
        self.truncated = False
        self._content: Content | None = content
        self._data: bytes | None = None
        self._taken = 0
        self._note_damage = note_damage
        self._limits = limits

    def __repr__(self) -> str:
        return f"Member({self.path!r}, size={self.size}, truncated={self.truncated})"

    @property
    def limits(self) -> Limits:
        """The limits of this run, for what a reader of the content must bound itself."""
        return self._limits

    @property
    def evidence_path(self) -> str:
        """The path to show to a reader, who must find it in what they have."""
        return self.found_at

    def read(self) -> bytes:
        """Return the whole content, cut at ``max_member_bytes``.

        Raises:
            Consumed: content was streamed already, or the pass moved on.
        """
        if self._data is None:
            content = self._fresh()
            self._data = content.read(min(self.size, self._limits.max_member_bytes))
            self._taken = len(self._data)
            if self._taken < self.size:
                over = self._taken == self._limits.max_member_bytes
                what = f"only the first {self._taken} of {self.size} bytes are read"
                self._cut(
                    told(what, "member-bytes")
                    if over
                    else self._torn(content, self.size - self._taken)
                )
        return self._data

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in pieces of up to 1 MiB.

        Raises:
            Consumed: content was streamed already, or the pass moved on.
        """
        if self._data is not None:
            for at in range(0, len(self._data), CHUNK):
                yield self._data[at : at + CHUNK]
            return
        content = self._fresh()
        while piece := content.read(CHUNK):
            self._taken += len(piece)
            yield piece
            if self._content is None:
                raise Consumed(f"{self.path}: the pass has moved on")
        if self._taken < self.size:
            self._cut(self._torn(content, self.size - self._taken))

    def text_chunks(self) -> Iterator[bytes]:
        """Yield the content as ``chunks`` does; of a line no more than ``max_line_bytes``.

        Raises:
            Consumed: content was streamed already, or the pass moved on.
        """
        most = self._limits.max_line_bytes
        run = 0  # bytes of the line in which the last piece ended
        for piece in self.chunks():
            if _lines_fit(piece, run, most):
                yield piece
            else:
                self._note_damage(self, told(f"a line of more than {most} bytes", "line-bytes"))
                yield _cut_lines(piece, run, most)
            last = piece.rfind(b"\n")
            run = len(piece) - last - 1 if last >= 0 else run + len(piece)

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield line number (from 1) and line, without its end (``\\n`` or ``\\r\\n``).

        A line longer than ``max_line_bytes`` is cut there.

        Raises:
            Consumed: content was streamed already, or the pass moved on.
        """
        most = self._limits.max_line_bytes
        number = 0
        held = b""
        for chunk in self.chunks():
            lines = chunk.split(b"\n")
            last = lines.pop()
            if lines:
                lines[0] = held + lines[0]
                held = last
                for line in lines:
                    number += 1
                    yield number, self._line(line, number, most)
            else:
                held += last
            if len(held) > most + 1:
                held = held[: most + 1]
        if held:
            yield number + 1, self._line(held, number + 1, most)

    def _line(self, line: bytes, number: int, most: int) -> bytes:
        if len(line) > most:
            why = f"line {number} is cut: it is longer than {most} bytes"
            self._note_damage(self, told(why, "line-bytes"))
            return line[:most]
        return line[:-1] if line.endswith(b"\r") else line

    def close(self) -> None:
        """Move on: skip what was not read, and note when it is not all there."""
        content, self._content = self._content, None
        if content is None:
            return
        missing = content.drain()
        if missing and not self.truncated:
            self._cut(self._torn(content, missing))

    def _fresh(self) -> Content:
        if self._content is None or self._taken:
            raise Consumed(f"{self.path}: the content was streamed already, or the pass moved on")
        return self._content

    def _torn(self, content: Content, missing: int) -> str:
        why = content.damage or "it ends early"
        return f"{why}; {missing} of {self.size} bytes are missing"

    def _cut(self, why: str) -> None:
        self.truncated = True
        self._note_damage(self, why)


def _lines_fit(piece: bytes, run: int, most: int) -> bool:
    """Tell whether no line is too long, looking at few places: a piece has thousands of lines."""
    first = piece.find(b"\n")
    if first < 0:
        return run + len(piece) <= most
    if run + first > most:
        return False
    at = first + 1
    while len(piece) - at > most:
        end = piece.rfind(b"\n", at, at + most + 1)
        if end < 0:
            return False
        at = end + 1
    return True


def _cut_lines(piece: bytes, run: int, most: int) -> bytes:
    first, *others = piece.split(b"\n")
    return b"\n".join([first[: max(0, most - run)], *(line[:most] for line in others)])
