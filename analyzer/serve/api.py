"""From a request to an answer, without any network: what the API server's paths mean here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson

from analyzer.serve.access import review
from analyzer.serve.catalogue import METRICS, Catalogue, Kind
from analyzer.serve.clock import collection_time
from analyzer.serve.discovery import REVIEWS, Discovery
from analyzer.serve.listing import Objects, Part
from analyzer.serve.logs import ContainerLogs, cut_of
from analyzer.serve.metrics import Usage
from analyzer.serve.rawfiles import RawFiles
from analyzer.serve.selectors import selector
from analyzer.serve.status import READ_ONLY, ApiError, not_found
from analyzer.serve.store import Store
from analyzer.serve.streaming import Shaped
from analyzer.serve.tables import as_partial_list, as_table
from analyzer.serve.watching import Watch, watch_of

Obj = dict[str, Any]
JSON = "application/json"
_TRUE = ("true", "1")
_AS = re.compile(r"application/json\s*;(?=[^,]*\bas=(?P<what>\w+))[^,]*", re.IGNORECASE)
_VERSION = re.compile(r"\bv=(v2beta1|v2)\b")
_PATHS = ("/api", "/apis", "/demarc/nodes", "/healthz", "/livez", "/readyz", "/version")
_HEALTH = {"livez": "livez.txt", "readyz": "readyz.txt", "healthz": "livez.txt"}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks: method, path in pieces, query, and the headers that matter."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    accept: str = ""
    agent: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: an object, bytes, a stream of lines, or a watch."""

    body: Obj | bytes | Iterator[bytes] | Watch
    content_type: str = JSON
    code: int = 200
    warnings: tuple[str, ...] = ()


class Api:
    """The read-only API of one bundle. Nothing is read before it is asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @cached_property
    def _catalogue(self) -> Catalogue:
        return Catalogue(self._store)

    @cached_property
    def _objects(self) -> Objects:
        return Objects(self._store, self._catalogue)

    @cached_property
    def _now(self) -> datetime | None:
        return collection_time(self._store, self._catalogue, self._objects)

    @cached_property
    def _discovery(self) -> Discovery:
        return Discovery(self._catalogue)

    @cached_property
    def _usage(self) -> Usage:
        return Usage(self._store)

    def answer(self, request: Request) -> Answer:
        """Answer one request; errors come back as Status objects too."""
        try:
            return self._answer(request)
        except ApiError as error:
            return Answer(error.status(), code=error.code)

    def _answer(self, request: Request) -> Answer:
        first, *rest = request.path or ("",)
        if first == "api":
            return self._api(request, "", rest)
        if first == "apis":
            return self._api(request, rest[0] if rest else "", rest[1:], groups=True)
        if request.method not in ("GET", "HEAD"):
            raise ApiError(405, READ_ONLY)
        files = RawFiles(self._store)
        if first == "version":
            return Answer(self._version(files))
        if first in _HEALTH:
            return Answer(files.top(_HEALTH[first]), "text/plain; charset=utf-8")
        if first == "demarc" and rest[:1] == ["nodes"]:
            found = files.of_node(rest[1], "/".join(rest[2:])) if rest[1:] else files.nodes()
            return Answer(found, "text/plain; charset=utf-8")
        if first == "openapi" and rest == ["v3"]:
            return Answer({"paths": {}})
        if first == "":
            return Answer({"paths": list(_PATHS)})
        raise ApiError(404, f"/{'/'.join(request.path)} is not in the bundle: it was not collected")

    def _version(self, files: RawFiles) -> Obj:
        try:
            found = orjson.loads(files.top("version.json"))
        except (orjson.JSONDecodeError, ApiError):
            found = None
        if isinstance(found, dict):
            inner = found.get("serverVersion")
            found = inner if isinstance(inner, dict) else found
            if found.get("gitVersion"):
                return found
        manifest = self._store.bundle.manifest
        told = manifest.cluster.server_version if manifest else ""
        if not told:
            raise ApiError(404, "the server's version was not collected")
        major, _, minor = told.lstrip("v").partition(".")
        return {"major": major, "minor": minor.split(".")[0], "gitVersion": told}

    def _api(self, request: Request, group: str, rest: list[str], groups: bool = False) -> Answer:
        if not rest:
            if request.method not in ("GET", "HEAD"):
                raise ApiError(405, READ_ONLY)
            return self._discovered(request, group, groups)
        version, *rest = rest
        if not rest:
            return Answer(self._discovery.resources(group, version))
        return self._resource(request, group, version, rest)

    def _discovered(self, request: Request, group: str, groups: bool) -> Answer:
        if group:
            return Answer(self._discovery.group(group))
        match = _AS.search(request.accept)
        if match and match["what"] == "APIGroupDiscoveryList":
            form = _VERSION.search(match[0])
            version = form[1] if form else "v2"
            kind = f"{JSON};g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
            return Answer(self._discovery.aggregated(not groups, version), kind)
        return Answer(self._discovery.groups() if groups else self._discovery.core())

    def _resource(self, request: Request, group: str, version: str, rest: list[str]) -> Answer:
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
            _, namespace, *rest = rest
        name, sub = (rest[1] if len(rest) > 1 else ""), rest[2:]
        if request.method == "POST" and (group, rest[0]) in REVIEWS:
            return Answer(review(self._catalogue, group, rest[0], request.body), code=201)
        if request.method not in ("GET", "HEAD"):
            raise ApiError(405, READ_ONLY, kind=rest[0], group=group, name=name)
        kind = self._catalogue.find(group, version, rest[0])
        if kind is None:
            raise ApiError(404, "the server could not find the requested resource", kind=rest[0])
        if sub:
            return self._below(request, kind, namespace, name, sub)
        if name:
            found = self._one(kind, namespace, name)
            return self._formed(request, kind, found)
        return self._list(request, kind, namespace)

    def _one(self, kind: Kind, namespace: str, name: str) -> Obj:
        if kind.group == METRICS and not kind.collected:
            return self._usage.get(kind, namespace, name)
        return self._objects.get(kind, namespace, name)

    def _list(self, request: Request, kind: Kind, namespace: str) -> Answer:
        query = request.query
        test = selector(query.get("labelSelector", ""), query.get("fieldSelector", ""))
        if kind.group == METRICS and not kind.collected:
            measured = [m for m in self._measured(kind, namespace, query) if test(m)]
            return self._formed(request, kind, self._listing(kind, measured))
        if query.get("watch") not in _TRUE and (part := _part(query)):
            shape = self._shape(request, kind)
            shaped = Shaped(self._listing(kind, []), shape)
            page = self._objects.page(kind, namespace, test, part, shaped.made)
            head = shape(self._listing(kind, [], page.token))
            return Answer(shaped.whole(head, page.items), warnings=tuple(page.warnings))
        warnings = tuple(self._objects.known(kind, namespace))
        objects = self._objects.every(kind, namespace, test)
        shape = self._shape(request, kind)
        if query.get("watch") in _TRUE:
            return Answer(watch_of(kind, objects, self._stamp, query, request.agent, shape))
        shaped = Shaped(self._listing(kind, []), shape)
        return Answer(shaped.streamed(objects), warnings=warnings)

    def _listing(self, kind: Kind, items: list[Obj], token: str = "") -> Obj:
        meta = {"resourceVersion": self._stamp} | ({"continue": token} if token else {})
        return {
            "kind": f"{kind.kind}List",
            "apiVersion": kind.api_version,
            "metadata": meta,
            "items": items,
        }

    def _measured(self, kind: Kind, namespace: str, query: Mapping[str, str]) -> Iterator[Obj]:
        """Metrics with the labels of their objects, where a selector asks for labels."""
        if not query.get("labelSelector"):
            yield from self._usage.every(kind, namespace)
            return
        source = self._catalogue.by_name("", kind.name)
        labels: dict[tuple[str, str], Obj] = {}
        if source is not None:
            for obj in self._objects.every(source, namespace, lambda _: True):
                meta = obj["metadata"]
                key = (str(meta.get("namespace") or ""), str(meta.get("name")))
                labels[key] = meta.get("labels") or {}
        for found in self._usage.every(kind, namespace):
            meta = found["metadata"]
            meta["labels"] = labels.get((meta.get("namespace", ""), meta["name"]), {})
            yield found

    @property
    def _stamp(self) -> str:
        """The resource version of every list: the collection time in seconds since 1970."""
        now = self._now
        return str(int(now.timestamp())) if now else "1"

    def _shape(self, request: Request, kind: Kind) -> Callable[[Obj], Obj]:
        """Return what makes an object, or a list, into the form that the client asked for."""
        match = _AS.search(request.accept)
        what = match["what"] if match else ""
        if what == "Table":
            include = request.query.get("includeObject", "Metadata")
            now = self._now
            return lambda obj: as_table(obj, kind, now, include)
        if what.startswith("PartialObjectMetadata"):
            return as_partial_list
        return lambda obj: obj

    def _formed(
        self, request: Request, kind: Kind, obj: Obj, warnings: tuple[str, ...] = ()
    ) -> Answer:
        return Answer(self._shape(request, kind)(obj), warnings=warnings)

    def _below(
        self, request: Request, kind: Kind, namespace: str, name: str, sub: list[str]
    ) -> Answer:
        """Answer a subresource: logs, the node proxy, and status and scale not at all."""
        if (kind.group, kind.name, sub) == ("", "pods", ["log"]):
            logs = ContainerLogs(self._store, self._objects)
            query = request.query
            previous = query.get("previous") in ("true", "1")
            piece = logs.find(namespace, name, query.get("container", ""), previous)
            cut = cut_of(query, self._now)
            return Answer(logs.text(piece, cut), "text/plain; charset=utf-8")
        if (kind.group, kind.name, sub[0]) == ("", "nodes", "proxy"):
            return Answer(RawFiles(self._store).proxied(name, "/".join(sub[1:])))
        if sub[0] in ("exec", "attach", "portforward", "proxy"):
            raise ApiError(405, f"{sub[0]} needs a running cluster: {READ_ONLY}")
        if sub == ["status"]:
            return Answer(self._one(kind, namespace, name))
        raise not_found(f"{kind.name}/{sub[0]}", kind.group, name)


def _part(query: Mapping[str, str]) -> Part | None:
    """Return the part of a list that a client asks for; None where it asks for all."""
    limit = query.get("limit", "")
    wanted = int(limit) if limit.isdecimal() and len(limit) < 10 else 0
    return Part(wanted, query.get("continue", "")) if wanted else None
