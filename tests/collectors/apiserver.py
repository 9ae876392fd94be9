"""A Kubernetes API server on loopback, for tests: enough of it for a real kubectl.

It serves discovery, lists in pages (with ``limit`` and ``continue``), single objects, Tables,
logs, the node proxy, health, metrics, reviews of rights, creation and removal of objects and
``exec`` over WebSocket. Faults (a status, a delay, a torn connection) can be put on any path.
The forms are those of a real kube-apiserver 1.36 (compact JSON, Status objects, keys of custom
resources in alphabetical order).
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
from pathlib import Path

from aiohttp import WSMsgType, web

from .cluster import Cluster, Fault, Kind, Object


def _status(code: int, reason: str, message: str) -> web.Response:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    headers = {"Retry-After": "1"} if code == 429 else {}
    return web.json_response(body, status=code, headers=headers)


REASONS = {
    403: "Forbidden",
    404: "NotFound",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


class ApiServer:
    """Serves a ``Cluster`` on a free loopback port, in a thread of its own."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.requests: list[tuple[str, str]] = []
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> ApiServer:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def kubeconfig(self, path: Path, name: str = "test-cluster") -> Path:
        """Writes a kubeconfig whose only context is this server."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": {"server": self.url}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": "u"}}],
            "users": [{"name": "u", "user": {}}],
        }
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        address = runner.addresses[0]
        self.url = f"http://127.0.0.1:{address[1]}"
        self._ready.set()
        self._loop.run_forever()
        # Answers that still wait (a fault that hangs) end here, and not with the interpreter.
        self._loop.run_until_complete(runner.cleanup())
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    def _fault_for(self, method: str, path: str) -> Fault | None:
        for fault in self.cluster.faults:
            if fault.method == method and re.search(fault.pattern, path) and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path_qs
        self.requests.append((request.method, path))
        fault = self._fault_for(request.method, path)
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
            fault = None
        if fault and fault.tear_after is None:
            if fault.status == 0:
                await asyncio.sleep(3600)
            return _status(fault.status, REASONS.get(fault.status, "Unknown"), fault.message)
        recorded = self.cluster.recorded(request.path, request.query.get("continue", ""))
        if recorded is not None and request.method == "GET":
            kind = "application/json" if recorded[1][:1] == b"{" else "text/plain"
            return web.Response(body=recorded[1], status=recorded[0], content_type=kind)
        if "/exec" in request.path:
            return await self._exec(request, fault)
        if request.method == "POST":
            return await self._create(request)
        if request.method == "DELETE":
            return self._delete(request)
        return self._get(request)

    def _get(self, request: web.Request) -> web.Response:
        path = request.path.rstrip("/")
        plain = {
            "/version": json.dumps(
                {"major": "1", "minor": "33", "gitVersion": self.cluster.git_version}
            ),
            "/livez": "[+]ping ok\nlivez check passed\n",
            "/readyz": "[+]ping ok\nreadyz check passed\n",
            "/metrics": self.cluster.metrics,
        }
        if path in plain:
            return web.Response(text=plain[path])
        if path == "/api":
            return web.json_response({"kind": "APIVersions", "versions": ["v1"]})
        if path == "/apis":
            return web.json_response(self._groups())
        if path == "/api/v1" or re.fullmatch(r"/apis/[^/]+/[^/]+", path):
            return self._resources(path)
        proxy = re.fullmatch(r"/api/v1/nodes/([^/]+)/proxy/(.*)", request.path)
        if proxy:
            answer = self.cluster.kubelet(proxy[1], proxy[2])
            return _not_found(path) if answer is None else web.Response(text=answer)
        log = re.fullmatch(r"/api/v1/namespaces/([^/]+)/pods/([^/]+)/log", path)
        if log:
            query = request.query
            text = self.cluster.logs(
                log[1], log[2], query.get("container", ""), query.get("previous") == "true"
            )
            return _not_found("log") if text is None else web.Response(text=text)
        return self._object_or_list(request, path)

    def _groups(self) -> Object:
        groups = sorted({(k.group, k.version) for k in self.cluster.kinds.values() if k.group})
        return {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [
                {
                    "name": g,
                    "versions": [{"groupVersion": f"{g}/{v}", "version": v}],
                    "preferredVersion": {"groupVersion": f"{g}/{v}", "version": v},
                }
                for g, v in groups
            ],
        }

    def _resources(self, path: str) -> web.Response:
        api_version = path.removeprefix("/apis/").removeprefix("/api/")
        found = [k for k in self.cluster.kinds.values() if k.api_version == api_version]
        if not found:
            return _not_found(path)
        rows: list[Object] = [
            {
                "name": k.plural,
                "singularName": k.kind.lower(),
                "namespaced": k.namespaced,
                "kind": k.kind,
                "verbs": ["create", "delete", "get", "list", "patch"],
            }
            for k in found
        ]
        if api_version == "v1":
            rows.append(
                {
                    "name": "pods/exec",
                    "singularName": "",
                    "namespaced": True,
                    "kind": "PodExecOptions",
                    "verbs": ["create", "get"],
                }
            )
            rows.append(
                {
                    "name": "bindings",
                    "singularName": "",
                    "namespaced": True,
                    "kind": "Binding",
                    "verbs": ["create"],
                }
            )
        return web.json_response(
            {"kind": "APIResourceList", "groupVersion": api_version, "resources": rows}
        )

    def _locate(self, path: str) -> tuple[Kind, str | None, str | None] | None:
        """The resource, namespace and name that a path means."""
        match = re.fullmatch(
            r"(?:/api/v1|/apis/([^/]+)/[^/]+)(?:/namespaces/([^/]+))?/([a-z0-9]+)(?:/([^/]+))?",
            path,
        )
        if match and (match[1] or "", match[3]) in self.cluster.kinds:
            return self.cluster.kinds[(match[1] or "", match[3])], match[2], match[4]
        match = re.fullmatch(r"/api/v1/namespaces(?:/([^/]+))?", path)
        return (self.cluster.kinds[("", "namespaces")], None, match[1]) if match else None

    def _object_or_list(self, request: web.Request, path: str) -> web.Response:
        located = self._locate(path)
        if located is None:
            return web.Response(text="404 page not found\n", status=404)
        kind, namespace, name = located
        self.cluster.before_list(kind)
        found = [
            o
            for o in self.cluster.objects[(kind.group, kind.plural)]
            if namespace is None or o["metadata"].get("namespace") == namespace
        ]
        if name is not None:
            for obj in found:
                if obj["metadata"]["name"] == name:
                    return web.json_response(
                        {"kind": kind.kind, "apiVersion": kind.api_version, **obj}
                    )
            return _not_found(f'{kind.plural} "{name}"')
        found = [
            o
            for o in found
            if _selected(o, request.query.get("labelSelector"), request.query.get("fieldSelector"))
        ]
        return self._page(request, kind, found)

    def _page(self, request: web.Request, kind: Kind, found: list[Object]) -> web.Response:
        limit = int(request.query.get("limit", "0") or 0)
        start = 0
        if "continue" in request.query:
            if self.cluster.tokens_expire > 0:
                self.cluster.tokens_expire -= 1
                return _status(410, "Expired", "The provided continue parameter is too old")
            start = int(
                base64.urlsafe_b64decode(request.query["continue"] + "==").decode().split(":")[1]
            )
        page = found[start : start + limit] if limit else found
        meta: Object = {"resourceVersion": "735"}
        if limit and start + limit < len(found):
            token = base64.urlsafe_b64encode(f"v2:{start + limit}".encode()).decode().rstrip("=")
            meta |= {"continue": token, "remainingItemCount": len(found) - start - limit}
        if "as=Table" in request.headers.get("Accept", ""):
            return web.json_response(_table(page, meta))
        custom = "." in kind.group and not kind.group.endswith("k8s.io")
        items = (
            [{"apiVersion": kind.api_version, "kind": kind.kind, **o} for o in page]
            if custom
            else page
        )
        body = {
            "kind": f"{kind.kind}List",
            "apiVersion": kind.api_version,
            "metadata": meta,
            "items": items,
        }
        text = json.dumps(body, separators=(",", ":"), sort_keys=custom, ensure_ascii=False)
        # as Go writes it
        for plain, escaped in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")):
            text = text.replace(plain, escaped)
        return web.Response(text=text, content_type="application/json")

    async def _create(self, request: web.Request) -> web.Response:
        raw = await request.read()
        review = request.path.rsplit("/", 1)[-1]
        if review.startswith("selfsubject"):
            return web.json_response(self._review(review, raw), status=201)
        body = json.loads(raw)
        located = self._locate(request.path)
        if located is None:
            return _not_found(request.path)
        kind, namespace, _ = located
        if namespace:
            body["metadata"]["namespace"] = namespace
        self.cluster.add(kind.plural, body, kind.group)
        self.cluster.on_create(kind, body)
        return web.json_response(body, status=201)

    def _review(self, review: str, raw: bytes) -> Object:
        """Answers a question about rights. kubectl asks in protobuf: its strings are plain."""
        api = {"apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": {}}
        if review == "selfsubjectrulesreviews":
            rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
            status: Object = {"resourceRules": rules, "nonResourceRules": [], "incomplete": False}
            return api | {"kind": "SelfSubjectRulesReview", "status": status}
        denied = any(
            all(word.encode() in raw for word in re.split("[ /]", rule))
            for rule in self.cluster.denied
        )
        return api | {"kind": "SelfSubjectAccessReview", "status": {"allowed": not denied}}

    def _delete(self, request: web.Request) -> web.Response:
        located = self._locate(request.path)
        names = {o["metadata"]["name"] for o in self.cluster.objects[("", "namespaces")]}
        if located and located[0].plural == "pods" and located[2]:
            pods = self.cluster.objects[("", "pods")]
            pods[:] = [p for p in pods if p["metadata"]["name"] != located[2]]
            for name in sorted(self.cluster.ending):
                self.cluster.delete_namespace(name)
            return web.json_response({"kind": "Status", "apiVersion": "v1", "status": "Success"})
        if located is None or located[0].plural != "namespaces" or located[2] not in names:
            return _not_found(request.path)
        self.cluster.delete_namespace(str(located[2]))
        return web.json_response({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    async def _exec(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        """The WebSocket form of exec: one byte of channel number before the data."""
        socket = web.WebSocketResponse(
            protocols=("v5.channel.k8s.io", "v4.channel.k8s.io"), max_msg_size=0
        )
        await socket.prepare(request)
        pod = request.path.split("/")[-2]
        data, code = await asyncio.get_running_loop().run_in_executor(
            None, self.cluster.run, pod, request.query.getall("command")
        )
        if fault and fault.tear_after is not None:
            data = data[: fault.tear_after]
        for start in range(0, len(data), 32768):
            await socket.send_bytes(b"\x01" + data[start : start + 32768])
        if fault:
            assert request.transport is not None
            await asyncio.sleep(0.2)
            request.transport.abort()
            return socket
        result: Object = {"metadata": {}, "status": "Success" if code == 0 else "Failure"}
        if code:
            result |= {
                "reason": "NonZeroExitCode",
                "message": "command terminated",
                "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
            }
        await socket.send_bytes(b"\x03" + json.dumps(result).encode())
        await socket.close()
        async for message in socket:
            if message.type is WSMsgType.CLOSE:
                break
        return socket


def _not_found(what: str) -> web.Response:
    return _status(404, "NotFound", f"{what} not found")


def _selected(obj: Object, labels: str | None, fields: str | None) -> bool:
    """Equality selectors on labels; ``reason`` and ``metadata.name`` on fields."""
    have = obj["metadata"].get("labels", {})
    for term in (labels or "").split(","):
        key, _, value = term.partition("=")
        if key and have.get(key) != value.lstrip("="):
            return False
    for term in (fields or "").split(","):
        key, _, value = term.partition("=")
        if (
            key
            and {"reason": obj.get("reason"), "metadata.name": obj["metadata"]["name"]}.get(key)
            != value
        ):
            return False
    return True


def _table(page: list[Object], meta: Object) -> Object:
    columns = [
        {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}
    ]
    rows = [
        {
            "cells": [o["metadata"]["name"]],
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": o["metadata"],
            },
        }
        for o in page
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": columns,
        "rows": rows,
    }
