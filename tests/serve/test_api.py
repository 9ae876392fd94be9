"""What the paths of the API answer, asked without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.bundle import open_bundle
from analyzer.serve.api import Api
from analyzer.serve.exchange import Answer, Request
from analyzer.serve.status import READ_ONLY
from analyzer.serve.store import Store
from analyzer.serve.watching import Watch
from fixtures.build import write
from tests.serve.conftest import NODE, TABLE, body, served_files

Ask = Callable[..., Answer]


def _text(answer: Answer, code: int = 200) -> str:
    assert answer.code == code
    if isinstance(answer.body, Iterator):
        return b"".join(answer.body).decode()
    assert isinstance(answer.body, bytes), answer.body
    return answer.body.decode()


def _status(answer: Answer, code: int) -> str:
    found = body(answer)
    assert answer.code == code and found["kind"] == "Status" and found["code"] == code
    return str(found["message"])


def test_discovery_says_the_same_plain_and_aggregated(ask: Ask) -> None:
    plain: dict[str, set[str]] = {}
    for group in body(ask("/apis"))["groups"]:
        version = group["preferredVersion"]["groupVersion"]
        found = body(ask(f"/apis/{version}"))["resources"]
        plain[version] = {row["name"] for row in found if "/" not in row["name"]}
        assert body(ask(f"/apis/{group['name']}"))["kind"] == "APIGroup"
    for form in ("v2", "v2beta1"):
        accept = f"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList"
        answer = ask("/apis", accept)
        assert answer.content_type.endswith(f"v={form};as=APIGroupDiscoveryList")
        assert body(answer)["apiVersion"] == f"apidiscovery.k8s.io/{form}"
        together = {
            f"{group['metadata']['name']}/{version['version']}": {
                row["resource"] for row in version["resources"]
            }
            for group in body(answer)["items"]
            for version in group["versions"]
        }
        assert together == plain
    assert {"pods", "pods/log", "secrets"} <= {
        row["name"] for row in body(ask("/api/v1"))["resources"]
    }
    assert "widgets" in plain["example.com/v1beta1"]


def test_pages_make_the_whole_list_once(ask: Ask) -> None:
    whole = [pod["metadata"]["uid"] for pod in body(ask("/api/v1/pods"))["items"]]
    paged: list[str] = []
    token = ""
    while True:
        page = body(ask("/api/v1/pods", limit="7", **({"continue": token} if token else {})))
        paged += [pod["metadata"]["uid"] for pod in page["items"]]
        token = page["metadata"].get("continue", "")
        assert len(page["items"]) == 7 or not token
        if not token:
            break
    assert paged == whole and len(set(whole)) == len(whole) > 50


@pytest.mark.parametrize("token", ["nonsense", "MToxOjE6MQ", "MTo5OTk5OjA"])
def test_a_foreign_token_is_gone(ask: Ask, token: str) -> None:
    _status(ask("/api/v1/pods", limit="5", **{"continue": token}), 410)


def test_an_object_is_the_one_of_the_bundle(ask: Ask, store: Store) -> None:
    listed = json.loads(store.read(store.files["resources/core/nodes.json"]))["items"]
    node = next(node for node in listed if node["metadata"]["name"] == NODE)
    assert body(ask(f"/api/v1/nodes/{NODE}")) == {"apiVersion": "v1", "kind": "Node"} | node


def test_missing_says_whether_it_was_collected(ask: Ask) -> None:
    gone = _status(ask("/api/v1/namespaces/shop/pods/none"), 404)
    assert gone == 'pods "none" not found'
    assert "never collected" in _status(ask("/api/v1/secrets"), 404)
    assert "never collected" in _status(ask("/api/v1/namespaces/shop/secrets/x"), 404)
    refused = _status(ask("/api/v1/namespaces/billing/events"), 404)
    assert "the collector was not allowed to read it" in refused
    assert body(ask("/api/v1/namespaces/nowhere/pods"))["items"] == []
    _status(ask("/apis/apps/v1beta1/deployments"), 404)
    _status(ask("/apis/none.example.com/v1"), 404)
    _status(ask("/logs"), 404)


def test_a_list_says_what_it_does_not_know(ask: Ask) -> None:
    assert ask("/api/v1/pods").warnings == ()
    (warning,) = ask("/api/v1/events").warnings
    assert warning == "events of these namespaces are not in the bundle: billing"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["api/v1/pods", "apis/apps/v1/namespaces/shop/deployments/x", "version"]
)
def test_nothing_can_be_written(store: Store, method: str, path: str) -> None:
    answer = Api(store).answer(Request(method, tuple(path.split("/"))))
    assert READ_ONLY in _status(answer, 405)


@pytest.mark.parametrize("sub", ["exec", "attach", "portforward"])
def test_nothing_runs(ask: Ask, sub: str) -> None:
    assert "needs a running cluster" in _status(ask(f"/api/v1/namespaces/shop/pods/x/{sub}"), 405)


def test_a_custom_resource_has_the_columns_of_its_definition(ask: Ask) -> None:
    table = body(ask("/apis/example.com/v1beta1/namespaces/shop/widgets", TABLE))
    names = [(c["name"], c["type"], c["priority"]) for c in table["columnDefinitions"]]
    assert names == [
        ("Name", "string", 0), ("Ready", "string", 0), ("Size", "integer", 0),
        ("Note", "string", 1), ("Since", "string", 0),
    ]  # fmt: skip
    (row,) = table["rows"]
    assert row["cells"][:4] == ["left", "False", 3, "wide"]
    assert row["object"]["kind"] == "PartialObjectMetadata"


def test_ages_are_those_of_the_collection(ask: Ask, store: Store) -> None:
    now = store.collected()
    assert now is not None and now.year == 2026 and now.month == 3
    cells = body(ask("/api/v1/nodes", TABLE))["rows"][0]["cells"]
    assert cells[3] == "4d6h"


def test_a_whole_list_is_the_page_that_holds_everything(ask: Ask) -> None:
    accepts = ("", TABLE, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
    for accept in accepts:
        for path in ("/api/v1/pods", "/apis/policy/v1/poddisruptionbudgets", "/api/v1/limitranges"):
            assert body(ask(path, accept)) == body(ask(path, accept, limit="5000")), path


def test_rows_carry_what_is_asked_for(ask: Ask) -> None:
    whole = body(ask("/api/v1/nodes", TABLE, includeObject="Object"))["rows"][0]["object"]
    assert whole["kind"] == "Node" and "status" in whole
    assert "object" not in body(ask("/api/v1/nodes", TABLE, includeObject="None"))["rows"][0]
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    partial = body(ask("/api/v1/nodes", accept))
    assert partial["kind"] == "PartialObjectMetadataList" and "spec" not in partial["items"][0]


def _events(answer: Answer) -> tuple[list[Any], int]:
    assert isinstance(answer.body, Watch)
    return [json.loads(line) for line in answer.body.lines], answer.body.seconds


def test_a_watch_tells_what_is_there_and_no_more(ask: Ask) -> None:
    events, _ = _events(ask("/api/v1/nodes", watch="true"))
    assert [e["type"] for e in events] == ["ADDED"] * 6
    stamp = body(ask("/api/v1/nodes", limit="1"))["metadata"]["resourceVersion"]
    later = {"watch": "1", "timeoutSeconds": "90", "allowWatchBookmarks": "true"}
    events, seconds = _events(ask("/api/v1/nodes", resourceVersion=stamp, **later))
    assert [e["type"] for e in events] == ["BOOKMARK"] and seconds == 90
    assert events[0]["object"]["metadata"]["resourceVersion"] == stamp
    events, _ = _events(ask("/api/v1/nodes", watch="true", sendInitialEvents="true"))
    mark = events[-1]
    assert len(events) == 7 and mark["object"]["kind"] == "Node"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_the_watch_of_kubectl_ends_at_once(store: Store) -> None:
    request = Request("GET", ("api", "v1", "nodes"), {"watch": "true"}, "", "kubectl/v1.34.0")
    assert _events(Api(store).answer(request))[1] == 0


def _log(store: Store) -> tuple[str, str, list[str]]:
    path = next(p for p in sorted(store.files) if p.endswith("/coredns.log"))
    _, namespace, pod, _ = path.split("/")
    lines = store.read(store.files[path]).decode().splitlines(keepends=True)
    return f"/api/v1/namespaces/{namespace}/pods/{pod}/log", pod, lines


def test_logs_are_cut_as_asked(ask: Ask, store: Store) -> None:
    path, _, lines = _log(store)
    assert _text(ask(path, timestamps="true")) == "".join(lines)
    plain = [line.split(" ", 1)[1] for line in lines]
    assert _text(ask(path)) == "".join(plain)
    assert _text(ask(path, container="coredns", tailLines="2")) == "".join(plain[-2:])
    assert _text(ask(path, tailLines="0")) == ""
    assert _text(ask(path, limitBytes="10")) == "".join(plain)[:10]
    middle = lines[len(lines) // 2].split(" ", 1)[0]
    wanted = [line for line in lines if line.split(" ", 1)[0] >= middle]
    assert _text(ask(path, sinceTime=middle, timestamps="true")) == "".join(wanted)
    assert _text(ask(path, sinceSeconds="1")) == ""
    assert _text(ask(path, sinceSeconds="99999999")) == "".join(plain)
    _status(ask(path, tailLines="-1"), 400)
    _status(ask(path, sinceTime="yesterday"), 400)


def test_a_log_that_is_not_there_says_why(ask: Ask, store: Store) -> None:
    path, pod, _ = _log(store)
    assert pod in _status(ask(path, previous="true"), 404)
    customers = _status(ask("/api/v1/namespaces/shop/pods/x/log"), 404)
    assert "no logs of namespace shop were collected" in customers
    two = next(p for p in sorted(store.files) if p.endswith("/metrics-server-vpa.log"))
    _, namespace, name, _ = two.split("/")
    several = _status(ask(f"/api/v1/namespaces/{namespace}/pods/{name}/log"), 400)
    assert "choose one of: [metrics-server, metrics-server-vpa]" in several


def test_metrics_are_those_of_the_kubelets(ask: Ask) -> None:
    nodes = body(ask("/apis/metrics.k8s.io/v1beta1/nodes"))["items"]
    assert nodes[0]["usage"] == {"cpu": "240000000n", "memory": "7374292Ki"}
    pods = body(ask("/apis/metrics.k8s.io/v1beta1/pods", labelSelector="k8s-app=kube-dns"))["items"]
    assert [p["metadata"]["name"].split("-")[0] for p in pods] == ["coredns"]
    assert pods[0]["containers"][0]["usage"] == {"cpu": "12000000n", "memory": "65536Ki"}
    assert body(ask(f"/apis/metrics.k8s.io/v1beta1/nodes/{NODE}"))["kind"] == "NodeMetrics"


def test_files_of_the_nodes_come_as_they_are(ask: Ask) -> None:
    assert NODE in _text(ask("/demarc/nodes")).splitlines()
    assert "host/" in _text(ask(f"/demarc/nodes/{NODE}")).splitlines()
    assert "uname" in _text(ask(f"/demarc/nodes/{NODE}/host")).splitlines()
    assert _text(ask(f"/demarc/nodes/{NODE}/host/uname")).startswith("Linux ")
    assert "not in the bundle" in _status(ask(f"/demarc/nodes/{NODE}/host/none"), 404)
    assert _text(ask(f"/api/v1/nodes/{NODE}/proxy/healthz")).strip() == "ok"
    assert "not in the bundle" in _status(ask(f"/api/v1/nodes/{NODE}/proxy/pods"), 404)


def test_a_version_that_is_not_held_is_gone(ask: Ask) -> None:
    """Clients list anew then; a version that is no number is a mistake of theirs."""
    (event,), seconds = _events(ask("/api/v1/nodes", watch="True", resourceVersion="7"))
    assert event["type"] == "ERROR" and event["object"]["code"] == 410 and seconds == 0
    _status(ask("/api/v1/nodes", watch="true", resourceVersion="new"), 400)
    exact = {"resourceVersionMatch": "Exact"}
    _status(ask("/api/v1/nodes", resourceVersion="7", **exact), 410)
    stamp = body(ask("/api/v1/nodes"))["metadata"]["resourceVersion"]
    assert len(body(ask("/api/v1/nodes", resourceVersion=stamp, **exact))["items"]) == 6


def test_a_bookmark_has_the_form_of_the_objects(ask: Ask) -> None:
    accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    events, _ = _events(ask("/api/v1/nodes", accept, watch="1", sendInitialEvents="true"))
    assert {event["object"]["kind"] for event in events} == {"PartialObjectMetadata"}


def test_clients_that_reckon_ages_themselves_are_warned(store: Store) -> None:
    path = ("api", "v1", "namespaces", "kube-system", "events")
    for limit in ({}, {"limit": "500"}):
        asked = Request("GET", path, limit, command="kubectl events")
        (warning,) = Api(store).answer(asked).warnings
        assert "the bundle is of 2026-03-24 09:30 UTC" in warning
    assert Api(store).answer(Request("GET", path, command="kubectl get")).warnings == ()


def test_schemas_are_those_of_definitions_or_what_occurs(ask: Ask) -> None:
    paths = body(ask("/openapi/v3"))["paths"]
    assert paths["apis/example.com/v1beta1"]["serverRelativeURL"].endswith("example.com/v1beta1")
    schemas = body(ask("/openapi/v3/apis/example.com/v1beta1"))["components"]["schemas"]
    widget = schemas["example.com.v1beta1.Widget"]
    assert widget["properties"]["spec"]["properties"]["size"] == {
        "type": "integer", "description": "How large it is.",
    }  # fmt: skip
    core = body(ask("/openapi/v3/api/v1"))
    pod = core["components"]["schemas"]["core.v1.Pod"]
    containers = pod["properties"]["spec"]["properties"]["containers"]
    assert containers["type"] == "array" and "image" in containers["items"]["properties"]
    assert "no schema of this kind" in pod["description"]
    patch = core["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"]
    assert patch["parameters"][0]["name"] == "fieldValidation"
    _status(ask("/openapi/v3/apis/none.example.com/v1"), 404)
    assert b"a bundle is read-only" in _text(ask("/openapi/v2"), 403).encode()


def test_a_scale_is_that_of_its_workload(ask: Ask) -> None:
    path = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
    scale, whole = body(ask(f"{path}/scale")), body(ask(path))
    assert scale["kind"] == "Scale" and scale["spec"]["replicas"] == whole["spec"]["replicas"]
    assert scale["status"]["selector"] == "k8s-app=kube-dns,version=v20"
    _status(ask("/api/v1/namespaces/kube-system/configmaps/coredns/scale"), 404)


@pytest.mark.parametrize(
    ("verb", "resource", "allowed"),
    [
        ("get", "pods", True),
        ("watch", "nodes", True),
        ("delete", "pods", False),
        ("get", "secrets", False),
    ],
)
def test_who_reads_a_bundle_may_read(ask: Ask, verb: str, resource: str, allowed: bool) -> None:
    asked = {"spec": {"resourceAttributes": {"verb": verb, "resource": resource, "group": ""}}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answer = ask(path, body=json.dumps(asked).encode())
    assert answer.code == 201 and body(answer)["status"]["allowed"] is allowed
    _status(ask(path, body=b"\x00\x01"), 400)


@pytest.mark.parametrize("shape", ["flat-tgz", "folder"])
def test_other_shapes_of_a_bundle_answer_the_same(ask: Ask, tmp_path: Path, shape: str) -> None:
    found = Store(open_bundle(write(served_files(), tmp_path / "other", shape)))
    found.start()
    other = Api(found)
    files = f"demarc/nodes/{NODE}/host"
    for path in ("api/v1/nodes", "demarc/nodes", files, f"{files}/uname"):
        expected, answer = ask(path), other.answer(Request("GET", tuple(path.split("/"))))
        if isinstance(expected.body, Iterator):
            assert body(answer) == body(expected)
        else:
            assert answer.body == expected.body and answer.code == 200, path
    found.close()
