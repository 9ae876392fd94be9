"""Watches of what never changes: the objects that are there, and then silence.

Informers set a time and expect the watch to last until then; ``kubectl get --watch`` sets none and
would sit for ever, so for kubectl the watch ends when there is nothing more to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from analyzer.serve.catalogue import Kind
from analyzer.serve.status import TRUE, ApiError

Obj = dict[str, Any]
#: Seconds that a watch stays open where the client names no time; kubectl's ends at once.
DEFAULT_SECONDS = 300
MAX_SECONDS = 3600
#: Commands of kubectl that show changes for ever; others wait for something, and end by themselves.
_END_AT_ONCE = ("", "kubectl get", "kubectl events")


@dataclass(frozen=True, slots=True)
class Watch:
    """Lines to send, and for how many seconds the connection then stays open."""

    lines: Iterator[bytes]
    seconds: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client said of its watch; ``command`` is the one that kubectl names, if any."""

    query: Mapping[str, str]
    agent: str = ""
    command: str = ""
    #: Only metadata is wanted, of the bookmark too.
    partial: bool = False

    def marked(self, mark: Obj) -> Obj:
        """Return a bookmark in the form of the objects."""
        kind = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        return mark | kind if self.partial else mark


def watch_of(
    kind: Kind,
    objects: Iterator[Obj],
    stamp: str,
    asked: Asked,
    shape: Callable[[Obj], Obj],
) -> Watch:
    """Return the watch that a client asked for; ``shape`` makes each object what it wants.

    A watch from a version that is not of this server (its lists all have ``stamp``) is told that
    the version is gone, so that the client lists anew.

    Raises:
        ApiError: 400, the version is no number.
    """
    version = asked.query.get("resourceVersion", "")
    initial = asked.query.get("sendInitialEvents") in TRUE
    if version and not version.isdecimal():
        raise ApiError(400, f"resourceVersion: Invalid value: {version[:40]}")
    if not initial and version not in ("", "0", stamp):
        gone = ApiError(410, f"too old resource version: {version[:40]} ({stamp})")
        return Watch(iter([_line("ERROR", gone.status())]), 0)
    given = asked.query.get("timeoutSeconds", "")
    seconds = int(given) if given.isdecimal() and len(given) < 10 else DEFAULT_SECONDS
    if not given and asked.agent.startswith("kubectl") and asked.command in _END_AT_ONCE:
        seconds = 0
    lines = _lines(kind, objects, stamp, asked, shape)
    return Watch(lines, min(seconds, MAX_SECONDS))


def _lines(
    kind: Kind,
    objects: Iterator[Obj],
    stamp: str,
    asked: Asked,
    shape: Callable[[Obj], Obj],
) -> Iterator[bytes]:
    query = asked.query
    initial = query.get("sendInitialEvents") in TRUE
    if initial or query.get("resourceVersion", "") in ("", "0"):
        for obj in objects:
            yield _line("ADDED", shape(obj))
    if initial or query.get("allowWatchBookmarks") in TRUE:
        meta: Obj = {"resourceVersion": stamp}
        if initial:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        mark = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": meta}
        yield _line("BOOKMARK", asked.marked(mark))


def _line(kind: str, obj: Obj) -> bytes:
    return orjson.dumps({"type": kind, "object": obj}) + b"\n"
