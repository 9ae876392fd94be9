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

Obj = dict[str, Any]
#: Seconds that a watch stays open where the client names no time; kubectl's ends at once.
DEFAULT_SECONDS = 300
MAX_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Watch:
    """Lines to send, and for how many seconds the connection then stays open."""

    lines: Iterator[bytes]
    seconds: int


def watch_of(
    kind: Kind,
    objects: Iterator[Obj],
    stamp: str,
    query: Mapping[str, str],
    agent: str,
    shape: Callable[[Obj], Obj],
) -> Watch:
    """Return the watch that a client asked for; ``shape`` makes each object what it wants."""
    asked = query.get("timeoutSeconds", "")
    seconds = int(asked) if asked.isdecimal() and len(asked) < 10 else DEFAULT_SECONDS
    if not asked and agent.startswith("kubectl"):
        seconds = 0
    return Watch(_lines(kind, objects, stamp, query, shape), min(seconds, MAX_SECONDS))


def _lines(
    kind: Kind,
    objects: Iterator[Obj],
    stamp: str,
    query: Mapping[str, str],
    shape: Callable[[Obj], Obj],
) -> Iterator[bytes]:
    initial = query.get("sendInitialEvents") == "true"
    if initial or query.get("resourceVersion", "") in ("", "0"):
        for obj in objects:
            yield _line("ADDED", shape(obj))
    if initial or query.get("allowWatchBookmarks") in ("true", "1"):
        meta: Obj = {"resourceVersion": stamp}
        if initial:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        mark = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": meta}
        yield _line("BOOKMARK", mark)


def _line(kind: str, obj: Obj) -> bytes:
    return orjson.dumps({"type": kind, "object": obj}) + b"\n"
