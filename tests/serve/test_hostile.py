"""Bundles that were made to hurt: answers stay bounded, plain, and without a traceback."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.bundle import open_bundle
from analyzer.serve import jsonwalk
from analyzer.serve.api import Api
from analyzer.serve.exchange import Answer, Request
from analyzer.serve.items import find_items
from analyzer.serve.jsonwalk import DamagedError, walk
from analyzer.serve.store import Store
from fixtures.build import write
from tests.serve.conftest import TABLE, body


def _pod(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "a"} | more.pop("metadata", {})} | more


def _api(tmp_path: Path, files: dict[str, bytes]) -> Api:
    given = {"cluster/collection.tsv": b"item\tpath\n"} | files
    store = Store(open_bundle(write(given, tmp_path / "hostile.tar")))
    store.start()
    return Api(store)


def _get(api: Api, *path: str, accept: str = "", **query: str) -> Answer:
    return api.answer(Request("GET", path, query, accept))


def test_a_broken_list_shows_its_head_and_says_so(tmp_path: Path) -> None:
    whole = json.dumps({"items": [_pod("one"), _pod("two"), _pod("three")]}).encode()
    cut = whole[: whole.index(b"three")]
    for number, text in enumerate((cut, whole.replace(b'{"metadata": {"name": "three"', b"{,x"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        api = _api(folder, {"cluster/resources/core/pods/a.json": text})
        for query in ({}, {"limit": "500"}):
            answer = _get(api, "api", "v1", "pods", **query)
            assert [pod["metadata"]["name"] for pod in body(answer)["items"]] == ["one", "two"]
            assert any("cut or damaged behind object 2" in text for text in answer.warnings)


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"null", b"[]", b"{}", b"[[[", b"\x00\xff", b'{"items": 7}', b"a: &a [*a]", b"[1, 2"],
)
def test_rubbish_is_an_empty_list(tmp_path: Path, rubbish: bytes) -> None:
    answer = _get(_api(tmp_path, {"cluster/resources/core/pods/a.json": rubbish}),
                  "api", "v1", "pods")  # fmt: skip
    found = body(answer)
    assert found.get("items") == [] or "not in the bundle" in found["message"]


_ODD: tuple[Any, ...] = (None, 7, "text", [], [7], {"a": [None]}, True)


@pytest.mark.parametrize("odd", _ODD, ids=str)
def test_fields_of_the_wrong_type_cost_their_row_alone(tmp_path: Path, odd: Any) -> None:
    """Every kind of the API, with each of its common fields in a type that it cannot have."""
    fields = {"spec": odd, "status": odd, "data": odd, "subsets": odd, "involvedObject": odd}
    deep = {
        "spec": {"containers": odd, "selector": odd, "ports": odd, "template": odd, "rules": odd},
        "status": {"conditions": odd, "containerStatuses": odd, "loadBalancer": odd},
    }
    odd_meta = {"labels": odd, "annotations": odd, "managedFields": odd, "ownerReferences": odd}
    items = [_pod("top", **fields), _pod("deep", **deep), _pod("meta", metadata=odd_meta)]
    text = json.dumps({"items": items}).encode()
    kinds = {
        "core": ("pods", "services", "nodes", "events", "endpoints", "configmaps",
                 "persistentvolumeclaims"),
        "apps": ("deployments", "daemonsets", "replicasets", "statefulsets"),
        "batch": ("jobs", "cronjobs"),
        "networking.k8s.io": ("ingresses", "networkpolicies"),
        "policy": ("poddisruptionbudgets",),
        "autoscaling": ("horizontalpodautoscalers",),
        "helm.toolkit.fluxcd.io": ("helmreleases",),
        "apiextensions.k8s.io": ("customresourcedefinitions",),
    }  # fmt: skip
    files = {
        f"cluster/resources/{group}/{name}.json": text
        for group, names in kinds.items()
        for name in names
    }
    api = _api(tmp_path, files | {"cluster/api-resources.json": json.dumps(odd).encode()})
    for group, names in kinds.items():
        for name in names:
            versions = body(_get(api, "apis", group))["versions"] if group != "core" else []
            base = ("apis", group, versions[0]["version"]) if versions else ("api", "v1")
            for accept in (TABLE, ""):
                answer = _get(api, *base, name, accept=accept, labelSelector="!x")
                found = body(answer)
                assert len(found.get("rows", found.get("items"))) == 3, (name, found)
    for path in (("api", "v1", "secrets"), ("openapi", "v3", "api", "v1"), ("version",)):
        assert _get(api, *path, labelSelector="owner=helm").code in (200, 404)


def test_names_with_slashes_and_dots_reach_nothing_else(tmp_path: Path) -> None:
    listing = {"items": [_pod("a/b"), _pod("../../etc/passwd"), _pod("x")]}
    api = _api(tmp_path, {"cluster/resources/core/pods/a.json": json.dumps(listing).encode()})
    found = body(_get(api, "api", "v1", "namespaces", "a", "pods", "a/b"))
    assert found["metadata"]["name"] == "a/b"
    for path in (
        ("demarc", "nodes", "..", "..", "etc", "passwd"),
        ("demarc", "nodes", "../../../etc/passwd", "x"),
        ("api", "v1", "namespaces", "..", "pods", "..", "log"),
        ("api", "v1", "nodes", "..", "proxy", "..", "..", "etc", "passwd"),
    ):
        answer = _get(api, *path)
        assert answer.code == 404 and b"root:" not in json.dumps(body(answer)).encode()


def _endless(head: bytes, piece: bytes, times: int) -> Iterator[bytes]:
    yield head
    for _ in range(times):
        yield piece


def test_a_list_of_any_size_takes_the_memory_of_its_largest_object() -> None:
    pod = json.dumps(_pod("p", spec={"filler": "x" * 20_000})).encode() + b","
    piece = pod * 50
    tracemalloc.start()
    with pytest.raises(DamagedError):  # it ends behind a comma
        for _ in walk(_endless(b'{"items": [', piece, 60)):
            pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 16 * 1024 * 1024  # of 60 MB


def test_one_object_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonwalk, "MAX_OBJECT", 1024 * 1024)
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        yield b'{"items": [{"metadata": {"name": "'
        while read < 64 * 1024 * 1024:
            read += 64 * 1024
            yield b"x" * 64 * 1024

    with pytest.raises(DamagedError):
        list(walk(chunks()))
    assert read < 8 * 1024 * 1024


def test_objects_beyond_the_limit_are_counted_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analyzer.serve import items

    monkeypatch.setattr(items, "MAX_ITEMS", 2)
    store = Store(open_bundle(write({"cluster/collection.tsv": b"item\n"}, tmp_path / "b.tar")))
    text = json.dumps([_pod("a"), _pod("b"), _pod("c")]).encode()
    found = find_items(store, store.append(text), False)
    assert len(found.items) == 2 and "first 2 objects" in found.lost
    store.close()


def test_a_tail_and_a_line_of_any_length_are_bounded(tmp_path: Path) -> None:
    line = b"2026-03-24T09:00:00.000000000Z " + b"y" * (3 * 1024 * 1024)
    api = _api(tmp_path, {"cluster/logs/a/p/main.log": line + b"\nlast\n"})
    answer = _get(api, "api", "v1", "namespaces", "a", "pods", "p", "log", tailLines="999999999")
    assert isinstance(answer.body, Iterator)
    pieces = list(answer.body)
    assert max(map(len, pieces)) < 2 * 1024 * 1024 and b"".join(pieces).endswith(b"y\nlast\n")
