"""From a request to an answer, without any network: what the API server's paths mean here."""

from __future__ import annotations

import re
from functools import cached_property

import orjson

from analyzer.serve.access import review
from analyzer.serve.catalogue import Catalogue, Kind
from analyzer.serve.discovery import REVIEWS, Discovery
from analyzer.serve.exchange import JSON, TEXT, Answer, Obj, Request
from analyzer.serve.listing import Objects
from analyzer.serve.lists import ACCEPT_AS, Lists
from analyzer.serve.logs import ContainerLogs, cut_of
from analyzer.serve.openapi import Schemas
from analyzer.serve.rawfiles import RawFiles
from analyzer.serve.scale import SCALED, scale_of
from analyzer.serve.status import READ_ONLY, TRUE, ApiError, not_found
from analyzer.serve.store import Store
from analyzer.serve.tables.cells import at

_NUMBERS = re.compile(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})")
_VERSION = re.compile(r"\bv=(v2beta1|v2)\b")
_PATHS = ("/api", "/apis", "/demarc/nodes", "/healthz", "/livez", "/openapi/v3", "/readyz",
          "/version")  # fmt: skip
_SCHEMAS_OF_OLD = (("openapi", "v2"), ("swagger-2.0.0.pb-v1",))
_HEALTH = {"livez": "livez.txt", "readyz": "readyz.txt", "healthz": "livez.txt"}


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
    def _lists(self) -> Lists:
        return Lists(self._store, self._catalogue, self._objects)

    @cached_property
    def _discovery(self) -> Discovery:
        return Discovery(self._catalogue)

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
        if not request.reads:
            raise ApiError(405, READ_ONLY)
        files = RawFiles(self._store)
        if first == "version":
            return Answer(self._version(files))
        if first in _HEALTH:
            return Answer(files.top(_HEALTH[first]), TEXT)
        if first == "demarc" and rest[:1] == ["nodes"]:
            found = files.of_node(rest[1], "/".join(rest[2:])) if rest[1:] else files.nodes()
            return Answer(found, TEXT)
        if first == "openapi" and rest[:1] == ["v3"]:
            schemas = Schemas(self._catalogue, self._objects)
            return Answer(schemas.document("/".join(rest[1:])) if rest[1:] else schemas.index())
        if request.path in _SCHEMAS_OF_OLD:
            # kubectl 1.28 asks before a change, and shows the text of no answer but this one
            said = f"{READ_ONLY}; it holds no OpenAPI v2, for which this client asks first"
            return Answer(said.encode(), TEXT, 403)
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
        told = (manifest.cluster.server_version if manifest else "") or self._newest_kubelet()
        if not told:
            raise ApiError(404, "the server's version was not collected")
        major, _, minor = told.lstrip("v").partition(".")
        return {"major": major, "minor": minor.split(".")[0], "gitVersion": told}

    def _newest_kubelet(self) -> str:
        """Return the newest kubelet's version, marked as such: the API server is never older.

        Source: https://kubernetes.io/releases/version-skew-policy/
        """
        kind = self._catalogue.by_name("", "nodes")
        nodes = self._objects.every(kind, "", lambda _: True) if kind else iter(())
        found = [at(node, "status.nodeInfo.kubeletVersion") for node in nodes]
        known = [(match, text) for text in found if (match := _NUMBERS.match(str(text)))]
        if not known:
            return ""
        newest = max(known, key=lambda pair: [int(number) for number in pair[0].groups()])[1]
        return f"{newest}{'.' if '+' in newest else '+'}kubelet"

    def _api(self, request: Request, group: str, rest: list[str], groups: bool = False) -> Answer:
        if not rest:
            if not request.reads:
                raise ApiError(405, READ_ONLY)
            return self._discovered(request, group, groups)
        version, *rest = rest
        if not rest:
            return Answer(self._discovery.resources(group, version))
        return self._resource(request, group, version, rest)

    def _discovered(self, request: Request, group: str, groups: bool) -> Answer:
        if group:
            return Answer(self._discovery.group(group))
        match = ACCEPT_AS.search(request.accept)
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
        if not request.reads:
            raise ApiError(405, READ_ONLY, kind=rest[0], group=group, name=name)
        kind = self._catalogue.find(group, version, rest[0])
        if kind is None:
            raise ApiError(404, "the server could not find the requested resource", kind=rest[0])
        if sub:
            return self._below(request, kind, namespace, name, sub)
        if name:
            return self._lists.formed(request, kind, self._lists.one(kind, namespace, name))
        return self._lists.answer(request, kind, namespace)

    def _below(
        self, request: Request, kind: Kind, namespace: str, name: str, sub: list[str]
    ) -> Answer:
        """Answer a subresource: logs, the node proxy, scale, status; nothing that runs."""
        if (kind.group, kind.name, sub) == ("", "pods", ["log"]):
            logs = ContainerLogs(self._store, self._objects)
            query = request.query
            previous = query.get("previous") in TRUE
            piece = logs.find(namespace, name, query.get("container", ""), previous)
            cut = cut_of(query, self._lists.now)
            return Answer(logs.text(piece, cut), TEXT)
        if (kind.group, kind.name, sub[0]) == ("", "nodes", "proxy"):
            return Answer(RawFiles(self._store).proxied(name, "/".join(sub[1:])))
        if sub[0] in ("exec", "attach", "portforward", "proxy"):
            raise ApiError(405, f"{sub[0]} needs a running cluster: {READ_ONLY}")
        if sub == ["scale"] and (kind.group, kind.name) in SCALED:
            return Answer(scale_of(self._lists.one(kind, namespace, name)))
        if sub == ["status"]:
            return Answer(self._lists.one(kind, namespace, name))
        raise not_found(f"{kind.name}/{sub[0]}", kind.group, name)
