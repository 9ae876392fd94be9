"""Objects of a kind, one by name or a page of a list, read from their places when wanted."""

from __future__ import annotations

import base64
import binascii
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from analyzer.bundle import Inventory
from analyzer.bundle.collection import SELECTION
from analyzer.model.gap import Presence
from analyzer.serve.catalogue import Catalogue, Kind
from analyzer.serve.items import ItemAt, find_items
from analyzer.serve.loading import load_object
from analyzer.serve.selectors import Test
from analyzer.serve.status import ApiError, not_collected, not_found
from analyzer.serve.store import Store

Obj = dict[str, Any]
#: Objects whose places are kept at once, over all files; each takes some 300 bytes.
MAX_PLACES = 400_000
#: Objects of one page at most: it is built in memory, and objects of 10 KB are usual.
MAX_PAGE = 5_000
#: Namespaces that a warning names; the others are counted.
_NAMED = 5
_WHY_SECRETS = "secrets are never collected"


@dataclass(slots=True)
class Page:
    """One page: the JSON of its objects or rows, where the next page starts, warnings."""

    items: list[bytes] = field(default_factory=list)
    token: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is wanted: so many objects from a continue token on (empty: first)."""

    limit: int
    token: str = ""


class Objects:
    """Answers for the objects of one bundle. Safe to be asked from several threads."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue
        self._places: OrderedDict[str, list[ItemAt]] = OrderedDict()
        self._count = 0
        #: Files of which not all could be read, and what was lost; known once they were walked.
        self._lost: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, kind: Kind, namespace: str, name: str) -> Obj:
        """Return one object.

        Raises:
            ApiError: 404; the message says whether it was not there or not collected.
        """
        for path in self._paths(kind, namespace):
            for item in self._items(path):
                if item.name == name and item.namespace in (namespace, ""):
                    return self._load(kind, item)
        if why := self.missing(kind, namespace):
            raise not_collected(f'{kind.qualified} "{name}" is', why, name=name, kind=kind.name)
        raise not_found(kind.name, kind.group, name)

    def page(
        self, kind: Kind, namespace: str, test: Test, part: Part, made: Callable[[Obj], bytes]
    ) -> Page:
        """Return one page of a list; an empty namespace means all.

        ``made`` turns each object into what is sent: what a page holds are bytes, since hundreds
        of objects at once cost the collector of cycles more time than everything else.

        Raises:
            ApiError: 404 where nothing of it was collected, 410 where the token is none of ours.
        """
        paths = self._paths(kind, namespace)
        warnings = self.known(kind, namespace)
        most = min(part.limit, MAX_PAGE)
        page = Page(warnings=[] if part.token else warnings)
        start = _position(part.token, paths)
        for at, item in self._from(paths, start):
            if namespace and item.namespace not in (namespace, ""):
                continue
            obj = self._load(kind, item)
            if not test(obj):
                continue
            if len(page.items) == most:
                page.token = _token(*at)
                break
            page.items.append(made(obj))
        page.warnings += self._damage(paths)
        return page

    def known(self, kind: Kind, namespace: str, whole: bool = False) -> list[str]:
        """Return what a list does not know, as warnings.

        ``whole`` walks all its files first, to tell of damage in any of them.

        Raises:
            ApiError: 404, nothing of it was collected.
        """
        paths = self._paths(kind, namespace)
        if not paths and (why := self.missing(kind, namespace)):
            where = f' of namespace "{namespace}"' if namespace else ""
            raise not_collected(
                f"{kind.qualified}{where} are", why, group=kind.group, kind=kind.name
            )
        if whole:
            for path in paths:
                self._items(path)
        return self._warnings(kind, namespace, paths) + (self._damage(paths) if whole else [])

    def _damage(self, paths: list[str]) -> list[str]:
        """Say which of these files are damaged, of those that were walked so far."""
        found = [path for path in paths if path in self._lost]
        return [f"{path} is not shown whole: {self._lost[path]}" for path in found[:_NAMED]]

    def every(self, kind: Kind, namespace: str, test: Test) -> Iterator[Obj]:
        """Yield all objects that pass, one at a time."""
        for path in self._paths(kind, namespace):
            for item in self._items(path):
                if not namespace or item.namespace in (namespace, ""):
                    obj = self._load(kind, item)
                    if test(obj):
                        yield obj

    def holding(self, kind: Kind, needle: bytes) -> Iterator[Obj]:
        """Yield the objects of all namespaces in whose text some bytes occur; others are not read.

        A file without them is not even walked.
        """
        for path in self._paths(kind, ""):
            if self._store.contains(self._store.files[path], needle):
                for item in self._items(path):
                    if self._store.contains(item.piece, needle):
                        yield self._load(kind, item)

    def missing(self, kind: Kind, namespace: str) -> str:
        """Say why a list is not there; empty where it is, or where there is nothing to list."""
        if (kind.group, kind.name) == ("", "secrets") and not kind.collected:
            return _WHY_SECRETS
        if kind.namespaced and not namespace:
            return "" if kind.collected else self._why(kind, "")
        if kind.namespaced and "" in self._listed(kind):
            return ""
        if kind.namespaced and namespace and kind.collected and not self._is_namespace(namespace):
            return ""
        return self._why(kind, namespace)

    def _why(self, kind: Kind, namespace: str) -> str:
        stem = f"cluster/resources/{kind.group or 'core'}/{kind.name}"
        inventory: Inventory = self._store.inventory
        state = inventory.state(f"{stem}/{namespace}.json" if namespace else f"{stem}.json")
        if state.presence in (Presence.PRESENT, Presence.TRUNCATED, Presence.EMPTY):
            return "" if state.presence is not Presence.EMPTY else "the file is empty"
        words = {
            Presence.FORBIDDEN: "the collector was not allowed to read it",
            Presence.FAILED: "the collector could not read it",
            Presence.ABSENT: "",
            Presence.NOT_ASKED: "not collected",
        }
        known = words.get(state.presence, "not collected")
        return f"{known} ({state.note})" if known and state.note else known

    def _is_namespace(self, name: str) -> bool:
        kind = self._catalogue.by_name("", "namespaces")
        if kind is None or not kind.collected:
            return True
        return any(i.name == name for path in self._paths(kind, "") for i in self._items(path))

    def _warnings(self, kind: Kind, namespace: str, paths: list[str]) -> list[str]:
        """Say what an answer does not know: cut lists, filtered ones, namespaces not read."""
        found = []
        for path in paths:
            state = self._store.inventory.state(f"cluster/{path}")
            if state.presence is Presence.TRUNCATED:
                found.append(f"{path} is cut, objects may be missing: {state.note}")
            elif state.note.startswith(SELECTION):
                found.append(f"{path} holds a part of the objects alone: {state.note}")
        return found[:_NAMED] + self._not_read(kind, namespace)

    def _not_read(self, kind: Kind, namespace: str) -> list[str]:
        listed = self._listed(kind)
        spaces = self._catalogue.by_name("", "namespaces")
        if not kind.namespaced or namespace or "" in listed:
            return []
        if spaces is None or not spaces.collected:
            return []
        names = [i.name for path in self._paths(spaces, "") for i in self._items(path)]
        lost = [n for n in names if n not in listed and self._why(kind, n)]
        if not lost:
            return []
        more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
        shown = ", ".join(lost[:_NAMED])
        return [f"{kind.qualified} of these namespaces are not in the bundle: {shown}{more}"]

    def _listed(self, kind: Kind) -> dict[str, list[str]]:
        return self._catalogue.files.get((kind.group, kind.name), {})

    def _paths(self, kind: Kind, namespace: str) -> list[str]:
        listed = self._listed(kind)
        if not namespace or not kind.namespaced:
            return [path for name in sorted(listed) for path in listed[name]]
        return [*listed.get("", ()), *listed.get(namespace, ())]

    def _from(
        self, paths: list[str], start: tuple[int, int]
    ) -> Iterator[tuple[tuple[int, int], ItemAt]]:
        for number in range(start[0], len(paths)):
            items = self._items(paths[number])
            for at in range(start[1] if number == start[0] else 0, len(items)):
                yield (number, at), items[at]

    def _items(self, path: str) -> list[ItemAt]:
        with self._lock:
            if path in self._places:
                self._places.move_to_end(path)
                return self._places[path]
            places = find_items(self._store, self._store.files[path], not path.endswith(".json"))
            if places.lost:
                self._lost[path] = places.lost
            self._places[path] = places.items
            self._count += len(places.items)
            while self._count > MAX_PLACES and len(self._places) > 1:
                self._count -= len(self._places.popitem(last=False)[1])
            return places.items

    def _load(self, kind: Kind, item: ItemAt) -> Obj:
        obj = load_object(self._store.read(item.piece))
        return {"apiVersion": kind.api_version, "kind": kind.kind} | obj


def _token(number: int, at: int) -> str:
    return base64.urlsafe_b64encode(f"1:{number}:{at}".encode()).decode().rstrip("=")


def _position(token: str, paths: list[str]) -> tuple[int, int]:
    if not token:
        return 0, 0
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
        form, number, at = (int(part) for part in text.split(":"))
    except (ValueError, binascii.Error):
        raise ApiError(410, "the continue token is none of this server") from None
    if form != 1 or not 0 <= number < len(paths) or at < 0:
        raise ApiError(410, "the continue token belongs to another list")
    return number, at
