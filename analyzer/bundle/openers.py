"""Files of other tools that hold several members, or one in another form: read as a whole, split.

Each reading yields members with their content: what stands in the file, cut out as it is, so that
an excerpt can be found there. Lines are counted from the start of the piece. Where a reading has
to write the content anew (``journal``, ``kinds``) lines stand for lines, objects for objects.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from analyzer.bundle.described import described_nodes
from analyzer.bundle.layouts.kinds import RESOURCES
from analyzer.bundle.piece import Piece
from analyzer.bundle.refusals import queries, refusals, refused_log, resolver
from analyzer.bundle.rotated import unpacked_log

_BANNER = re.compile(
    rb"(?m)^==== START logs for container (?P<container>\S+) of pod (?P<ns>[^\s/]+)/(?P<pod>\S+)"
    rb" ====[ \t]*\r?\n"
)
_END = re.compile(rb"(?m)^==== END logs for container ")
#: What kubectl writes in place of a log that it did not get.
_NO_LOG = re.compile(rb"\s*(?:Create log request error|Request log error): (?P<why>[^\n]*)\s*")
_OBJECT_END = re.compile(rb"(?m)^(?:\}|---)[ \t]*\r?\n?")
_KIND = re.compile(rb'(?m)^[ \t]*"?kind"?:[ \t]*"?(?P<kind>\w+)List\b')
_NAMESPACE = re.compile(rb'"?namespace"?:[ \t]*"?(?P<ns>[a-z0-9][a-z0-9-]*)')
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
#: The reading of a packed file, in the words of a layout's place.
PACKED = "packed"
#: The kinds with which kubectl begins what it writes about a namespace, and about the cluster.
_FIRST = "Event"
_WHOLE = "Node"


def _sections(data: bytes) -> Iterator[Piece]:
    """Logs between banners, as ``kubectl cluster-info dump`` writes them (``logs.txt``)."""
    found = False
    for container, _, _, start, end in _banners(data):
        found = True
        yield _log(container, data[start:end], f"{container}.log", container)
    if not found:  # cut by hand: still a text to search
        yield Piece("logs.log", "", data)


def _banners(data: bytes) -> Iterator[tuple[str, str, str, int, int]]:
    """Yield container, pod, namespace, and where the log starts and ends."""
    found = list(_BANNER.finditer(data))
    for at, banner in enumerate(found):
        limit = found[at + 1].start() if at + 1 < len(found) else len(data)
        end = _END.search(data, banner.end(), limit)
        named = [_safe(banner[group]) for group in ("container", "pod", "ns")]
        yield named[0], named[1], named[2], banner.end(), end.start() if end else limit


def _safe(raw: bytes) -> str:
    """Return a name as a part of a path: what may not stand there is spelled ``%XX``."""
    text = raw.decode("utf-8", "replace")
    safe = _UNSAFE.sub(lambda found: "".join(f"%{b:02X}" for b in found[0].encode()), text)
    return safe if safe.strip(".") else safe.replace(".", "%2E")


def _log(container: str, data: bytes, rel: str, shown: str) -> Piece:
    if failed := _NO_LOG.fullmatch(data):
        why = failed["why"].decode("utf-8", "replace")[:200]
        return Piece(rel, shown, missing=f"kubectl got no log of container {container}: {why}")
    return Piece(rel, shown, data)


def _dump(data: bytes) -> Iterator[Piece]:
    """The whole ``kubectl cluster-info dump`` as one text: lists, then logs, by namespace."""
    listed: list[tuple[str, bytes]] = []
    at = 0
    for container, pod, namespace, start, end in _banners(data):
        listed += _documents(data[at:start])
        yield _log(
            container,
            data[start:end],
            f"logs/{namespace}/{pod}/{container}.log",
            f"{namespace}/{pod}/{container}",
        )
        at = end
    listed += _documents(data[at:])
    yield from _lists(listed)


def _documents(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield kind and text of the lists that stand one after the other."""
    start = 0
    for end in (*(found.end() for found in _OBJECT_END.finditer(text)), len(text)):
        document = text[start:end].removesuffix(b"---\n")
        start = end
        kind = _KIND.search(document)
        if kind is not None:
            yield kind["kind"].decode("ascii"), document[_first_line(document) :]


def _first_line(document: bytes) -> int:
    """Skip the end of a log in front of a document."""
    brace = document.find(b"{")
    yaml = document.find(b"apiVersion:")
    starts = [at for at in (brace, yaml) if at >= 0]
    return min(starts, default=0)


def _lists(listed: list[tuple[str, bytes]]) -> Iterator[Piece]:
    """Name the namespace of each list; an empty one lies among others of its namespace."""
    groups: list[list[tuple[str, bytes]]] = [[]]
    for kind, text in listed:
        if kind == _FIRST:
            groups.append([])
        groups[-1].append((kind, text))
    for group in groups:
        named = (found for _, text in group if (found := _NAMESPACE.search(text)))
        first = next(named, None)
        for kind, text in group:
            resource = RESOURCES.get(kind)
            suffix = "json" if text.startswith(b"{") else "yaml"
            if kind == _WHOLE and resource:
                yield Piece(f"resources/{resource}.{suffix}", f"nodes.{suffix}", text)
            elif resource and first is not None:
                namespace = _safe(first["ns"])
                name = resource.split("/")[1]
                rel = f"resources/{resource}/{namespace}.{suffix}"
                yield Piece(rel, f"{namespace}/{name}.{suffix}", text)


def _kinds(data: bytes) -> Iterator[Piece]:
    """A list of several kinds, as ``kubectl get all -o json`` writes it: one list a kind."""
    by_kind: dict[str, list[Any]] = {}
    items = _json(data).get("items")
    for item in items if isinstance(items, list) else ():
        kind = item.get("kind") if isinstance(item, dict) else None
        if isinstance(kind, str) and kind in RESOURCES:
            by_kind.setdefault(kind, []).append(item)
    for kind in sorted(by_kind):
        text = json.dumps({"kind": f"{kind}List", "items": by_kind[kind]}, indent=1)
        name = RESOURCES[kind].split("/")[1]
        yield Piece(f"resources/{RESOURCES[kind]}.json", f"{name}.json", text.encode("utf-8"))


def _json(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _version(data: bytes) -> Iterator[Piece]:
    """``{"info": {…}}`` of troubleshoot: the inner object is what the API server answers."""
    text = data.decode("utf-8", "replace")
    start = re.search(r'"info":\s*(?=\{)', text)
    if start is None:
        yield Piece("", "", data)
        return
    try:
        _, end = json.JSONDecoder().raw_decode(text, start.end())
    except (ValueError, RecursionError):
        yield Piece("", "", missing="not readable as JSON")
        return
    yield Piece("", "", text[start.end() : end].encode("utf-8"))


def _git_version(data: bytes) -> Iterator[Piece]:
    """A version alone, as text (``v1.33.5``)."""
    found = re.search(rb"v\d+\.\d+\.\d+[\w.+~-]*", data)
    text = json.dumps({"gitVersion": found[0].decode("utf-8", "replace")}) if found else "{}"
    yield Piece("", "", text.encode("utf-8"))


def _journal(data: bytes) -> Iterator[Piece]:
    """``journalctl -o json``: a line for each entry, in the form of ``-o short-iso-precise``."""
    yield Piece("", "", b"".join(_journal_line(line) for line in data.splitlines()))


def _journal_line(raw: bytes) -> bytes:
    entry = _json(raw)
    message, stamp = entry.get("MESSAGE"), entry.get("__REALTIME_TIMESTAMP")
    if not isinstance(message, str) or not isinstance(stamp, str) or not stamp.isdecimal():
        return b"\n"
    try:
        at = datetime.fromtimestamp(int(stamp) / 1_000_000, UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError, OSError):
        return b"\n"
    writer = entry.get("SYSLOG_IDENTIFIER") or entry.get("_COMM") or "unknown"
    text = f"{at} {entry.get('_HOSTNAME') or '-'} {writer}[{entry.get('_PID') or 0}]: {message}"
    return " ".join(text.splitlines()).encode("utf-8", "replace") + b"\n"


def _proc_sysctl(data: bytes) -> Iterator[Piece]:
    """Settings as ``/proc/sys/net/core/somaxconn = 4096``, in the form of ``sysctl -a``."""
    text = re.sub(rb"(?m)^/proc/sys/(\S+)", lambda found: found[1].replace(b"/", b"."), data)
    yield Piece("", "", text)


def _server_version(data: bytes) -> Iterator[Piece]:
    """The part of ``kubectl version -o json`` that the API server said."""
    text = json.dumps(_json(data).get("serverVersion"), indent=1)
    yield Piece("", "", text.encode("utf-8"))


def _value(data: bytes) -> Iterator[Piece]:
    """The rows of an answer of ARM, as ``az`` prints them."""
    text = json.dumps(_json(data).get("value"), indent=1, ensure_ascii=False)
    yield Piece("", "value", text.encode("utf-8", "replace"))


def _compute(data: bytes) -> Iterator[Piece]:
    """The part of the instance metadata on the machine, where the whole is expected."""
    yield Piece("", "", b'{"compute": ' + data.strip() + b"}\n")


def _as_list(data: bytes) -> Iterator[Piece]:
    """One resource of ``az … show``, where a list of them is expected."""
    yield Piece("", "", b"[" + data.removeprefix(BOM_UTF8).strip() + b"]\n")


def _marked(data: bytes) -> Iterator[Piece]:
    """A text that begins with a byte order mark, as Windows PowerShell writes UTF-8."""
    yield Piece("", "", data.removeprefix(BOM_UTF8))


#: Readings by the name that a layout's place gives.
OPENERS: dict[str, Callable[[bytes], Iterator[Piece]]] = {
    "sections": _sections,
    "dump": _dump,
    "kinds": _kinds,
    "version": _version,
    "git-version": _git_version,
    "journal": _journal,
    "as-list": _as_list,
    "compute": _compute,
    "marked": _marked,
    "describe-node": described_nodes,
    "server-version": _server_version,
    "value": _value,
    "proc-sysctl": _proc_sysctl,
    PACKED: unpacked_log,
    "queries": queries,
    "refusals": refusals,
    "refused-log": refused_log,
    "resolver": resolver,
}


class Held:
    """Content that lies in memory."""

    __slots__ = ("_at", "_data", "damage")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.damage = ""

    def read(self, count: int) -> bytes:
        """Return up to ``count`` bytes."""
        piece = self._data[self._at : self._at + count]
        self._at += len(piece)
        return piece

    def drain(self) -> int:
        """Nothing is missing."""
        return 0
