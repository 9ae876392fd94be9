"""Container logs of the bundle, cut as ``kubectl logs`` asks: tail, since, time stamps, bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from analyzer.redact.secrets import mask_bytes
from analyzer.serve.listing import Objects
from analyzer.serve.status import TRUE, ApiError, not_collected
from analyzer.serve.store import Piece, Store
from analyzer.serve.tables.cells import moment

#: Bytes of lines that are masked together.
_BLOCK = 64 * 1024
#: A longer line goes out in pieces.
_LINE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a log is wanted. ``tail`` in lines and ``most`` in bytes; None is without limit."""

    tail: int | None = None
    most: int | None = None
    since: datetime | None = None
    stamps: bool = False


def cut_of(query: Mapping[str, str], now: datetime | None) -> Cut:
    """Read the parameters of a request; ``sinceSeconds`` counts back from the collection.

    Raises:
        ApiError: 400, a number or a time is none.
    """
    start = moment(query.get("sinceTime"))
    if query.get("sinceTime") and start is None:
        raise ApiError(400, "sinceTime is no RFC 3339 time")
    seconds = _number(query, "sinceSeconds")
    if seconds is not None and now is not None:
        start = now - timedelta(seconds=min(seconds, 10**9))
    stamps = query.get("timestamps") in TRUE
    return Cut(_number(query, "tailLines"), _number(query, "limitBytes"), start, stamps)


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise ApiError(400, f"{name} is no number: {text[:40]}")
    return int(text)


class ContainerLogs:
    """Finds the log of a container in the bundle."""

    def __init__(self, store: Store, objects: Objects) -> None:
        self._store = store
        self._objects = objects

    def find(self, namespace: str, pod: str, container: str, previous: bool) -> Piece:
        """Return where a log lies.

        Raises:
            ApiError: 400 where it is not clear which container is meant, 404 where the bundle
                does not hold the log.
        """
        suffix = ".previous.log" if previous else ".log"
        folder = f"logs/{namespace}/{pod}/"
        here = sorted(p for p in self._store.files if p.startswith(folder))
        names = sorted(
            {p[len(folder) :].removesuffix(".log").removesuffix(".previous") for p in here}
        )
        if not container:
            if len(names) > 1:
                choices = ", ".join(names)
                why = (
                    f"a container name must be specified for pod {pod}, choose one of: [{choices}]"
                )
                raise ApiError(400, why)
            container = names[0] if names else ""
        path = f"{folder}{container}{suffix}"
        if path in self._store.files:
            return self._store.files[path]
        which = "previous log" if previous else "log"
        what = f'the {which} of container "{container}" of pod "{namespace}/{pod}" is'
        if not container:
            what = f'the {which} of pod "{namespace}/{pod}" is'
        raise not_collected(what, self._why(namespace, path), name=pod, kind="pods")

    def _why(self, namespace: str, path: str) -> str:
        note = self._store.inventory.state(f"cluster/{path}").note
        if note:
            return note
        if any(p.startswith(f"logs/{namespace}/") for p in self._store.files):
            return ""
        return f"no logs of namespace {namespace} were collected (--logs-namespace asks for them)"

    def text(self, piece: Piece, cut: Cut) -> Iterator[bytes]:
        """Yield what is wanted of a log, some lines at a time, with secrets masked."""
        lines: Iterable[bytes] = _since(self._lines(piece), cut.since)
        if cut.tail is not None:
            # counted first, and read again: a tail of any length takes no memory
            count = sum(1 for _ in lines)
            again = _since(self._lines(piece), cut.since)
            lines = islice(again, max(0, count - cut.tail), None)
        left = cut.most
        for block in _blocks(line if cut.stamps else _without_stamp(line) for line in lines):
            shown = mask_bytes(block)[0]
            if left is not None:
                shown = shown[:left]
                left -= len(shown)
            if shown:
                yield shown
            if left == 0:
                return

    def _lines(self, piece: Piece) -> Iterator[bytes]:
        held = b""
        for chunk in self._store.chunks(piece):
            lines = (held + chunk).split(b"\n")
            held = lines.pop()
            for line in lines:
                yield line + b"\n"
            if len(held) >= _LINE:
                yield held
                held = b""
        if held:
            yield held


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join lines, so that a secret over several of them is seen; longer ones stay cut there."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= _BLOCK:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _stamp(line: bytes) -> datetime | None:
    head = line[:40].split(b" ", 1)[0]
    return moment(head.decode("ascii", "replace")) if len(head) >= 20 else None


def _without_stamp(line: bytes) -> bytes:
    return line.split(b" ", 1)[1] if _stamp(line) and b" " in line else line


def _since(lines: Iterator[bytes], start: datetime | None) -> Iterator[bytes]:
    """Leave out lines before a time; a line without a stamp belongs to the one before it."""
    wanted = start is None
    for line in lines:
        if not wanted and start is not None:
            stamp = _stamp(line)
            wanted = stamp is not None and stamp >= start
        if wanted:
            yield line
