"""Selectors, places of objects, and the bodies of reviews."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from analyzer.bundle import open_bundle
from analyzer.serve.items import find_items
from analyzer.serve.protobuf import MAGIC, read_review
from analyzer.serve.selectors import selector
from analyzer.serve.status import ApiError
from analyzer.serve.store import Store

POD = {
    "metadata": {"name": "p", "labels": {"app": "web", "tier": "front", "n": "5"}},
    "spec": {"nodeName": "n1", "hostNetwork": True},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("labels", "passes"),
    [
        ("", True), ("app=web", True), ("app==web", True), ("app!=web", False), ("app=db", False),
        ("app in (web, db)", True), ("app notin (web)", False), ("x notin (web)", True),
        ("app", True), ("!app", False), ("!x", True), ("app=web,tier=back", False),
        ("app in (web,db),tier", True), ("n>4", True), ("n<4", False), ("x!=1", True),
    ],
)  # fmt: skip
def test_label_selectors(labels: str, passes: bool) -> None:
    assert selector(labels, "")(POD) is passes


@pytest.mark.parametrize(
    ("fields", "passes"),
    [
        ("metadata.name=p", True), ("metadata.name!=p", False), ("spec.nodeName=n1", True),
        ("spec.nodeName=", False), ("spec.hostNetwork=true", True), ("status.phase==Running", True),
        ("spec.nodeName=n1,status.phase!=Running", False), ("spec.unschedulable=false", True),
        ("spec.nothing=", True),
    ],
)  # fmt: skip
def test_field_selectors(fields: str, passes: bool) -> None:
    assert selector("", fields)(POD) is passes


@pytest.mark.parametrize(("labels", "fields"), [("a b c", ""), ("=x", ""), ("", "nonsense")])
def test_a_selector_that_cannot_be_read_is_a_bad_request(labels: str, fields: str) -> None:
    with pytest.raises(ApiError) as error:
        selector(labels, fields)
    assert error.value.code == 400


@pytest.fixture
def find(bundle: Any) -> Callable[[bytes, bool], list[tuple[str, Any]]]:
    """Names and objects that are found in a file of these bytes."""
    store = Store(open_bundle(bundle))

    def run(data: bytes, is_yaml: bool = False) -> list[tuple[str, Any]]:
        found = find_items(store, store.append(data), is_yaml)
        return [(item.name, json.loads(store.read(item.piece))) for item in found.items]

    return run


def test_objects_are_found_in_every_form_of_a_listing(find: Callable[..., Any]) -> None:
    one, two = {"metadata": {"name": "é-1"}}, {"metadata": {"name": "b", "namespace": "x"}}
    projected = {"metadata": {"name": "c"}, "spec": {"items": [{"key": "k"}]}}
    both = [one, two]
    listing = json.dumps({"kind": "List", "metadata": {"items": [1]}, "items": both})
    assert [obj for _, obj in find(listing.encode())] == both
    assert [obj for _, obj in find(json.dumps(both, ensure_ascii=False).encode())] == both
    assert [obj for _, obj in find(json.dumps(projected, indent=2).encode())] == [projected]
    torn = json.dumps({"items": [two, projected]}).encode()[:-20]
    assert [name for name, _ in find(torn)] == ["b"]
    assert find(b'{"kind":"Status","metadata":{},"code":403}') == []
    for rubbish in (b"", b"{", b"[1,2", b"Error from server", b"{}", b"[]", b"[" * 5000):
        assert find(rubbish) == []


def test_yaml_becomes_json_with_its_times_as_text(find: Callable[..., Any]) -> None:
    text = b"items:\n- metadata: {name: a, creationTimestamp: 2026-03-24T09:30:00Z}\n"
    assert find(text, True) == [
        ("a", {"metadata": {"name": "a", "creationTimestamp": "2026-03-24T09:30:00Z"}})
    ]
    assert find(b"a: &x [1]\nb: [*x, *x]\nmetadata: {name: a}\n", True) == []


def _message(*fields: tuple[int, bytes]) -> bytes:
    return b"".join(bytes([number << 3 | 2, len(data)]) + data for number, data in fields)


def test_a_review_in_protobuf() -> None:
    attributes = _message((1, b"default"), (2, b"list"), (3, b"apps"), (5, b"deployments"))
    review = _message((1, b""), (2, _message((1, attributes))))
    body = MAGIC + _message((1, b"\x0a\x01x"), (2, review))
    found = read_review(body, "selfsubjectaccessreviews")["spec"]["resourceAttributes"]
    assert found == {
        "namespace": "default", "verb": "list", "group": "apps", "resource": "deployments"
    }  # fmt: skip
    for cut in (body[:-3], MAGIC + b"\x0f", MAGIC + b"\xff" * 12):
        with pytest.raises(ValueError, match=r"cut|no protobuf"):
            read_review(cut, "selfsubjectaccessreviews")
