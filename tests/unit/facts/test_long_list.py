"""Long lists, read piece by piece: the same objects and the same words as when read as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from analyzer.facts.objects import Pod
from analyzer.facts.parse import long_list
from analyzer.facts.parse.kube_list import Parsed, parse_listing
from analyzer.facts.parse.long_list import parse_pieces
from analyzer.model.gap import Presence

MOST = 1 << 20
HEAD = {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_list, "PIECE", 700)
    monkeypatch.setattr(long_list, "_HEAD", 256)


def pods(count: int) -> list[dict[str, Any]]:
    return [
        {
            "metadata": {
                "name": f"p{i}",
                "namespace": "a",
                "uid": f"u{i}",
                "labels": {"n": "é{}["},
            },
            "spec": {"containers": [{"name": "c", "image": f"registry/{i % 3}"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        }
        for i in range(count)
    ]


def listing(items: list[Any], **how: Any) -> bytes:
    return json.dumps({**HEAD, "items": items}, **how).encode()


def both(text: bytes, size: int = 97, most: int = MOST) -> tuple[Parsed, Parsed]:
    chunks: Iterator[bytes] = (text[at : at + size] for at in range(0, len(text), size))
    return parse_pieces(chunks, "p.json", Pod, most), parse_listing(text, "p.json", Pod)


FORMS: tuple[dict[str, Any], ...] = (
    {"separators": (",", ":")},
    {},
    {"indent": 4},
    {"sort_keys": True, "indent": 2, "ensure_ascii": False},
)


@pytest.mark.parametrize("how", FORMS)
@pytest.mark.parametrize("size", [1, 97, 5_000, 1 << 20])
def test_the_same_objects_in_every_form_and_in_pieces_of_any_size(
    how: dict[str, Any], size: int
) -> None:
    pieces, whole = both(listing(pods(60), **how), size)
    assert pieces == whole and len(pieces.items) == 60 and pieces.presence is Presence.PRESENT


def test_kubectl_writes_the_kind_behind_the_objects() -> None:
    text = json.dumps({"apiVersion": "v1", "items": pods(60), "kind": "List", "metadata": {}})
    pieces, whole = both(text.encode())
    assert pieces == whole and len(pieces.items) == 60


@pytest.mark.parametrize("cut", [300, 900, 5_000, -2, -30])
def test_a_torn_list_keeps_what_is_whole(cut: int) -> None:
    pieces, whole = both(listing(pods(60))[:cut])
    assert pieces == whole and pieces.presence in (Presence.TRUNCATED, Presence.FAILED)


def test_bad_objects_are_told_with_their_place() -> None:
    items = pods(60)
    items[20]["spec"] = "none"
    items[59]["metadata"] = 7
    items[40] = {"metadata": {"name": "deep", "annotations": {}}}
    text = listing(items).replace(b'"annotations": {}', b'"x": ' + b"[" * 300 + b"]" * 300)
    pieces, whole = both(text)
    assert pieces == whole and len(pieces.items) == 57 and len(pieces.gaps) == 3


def test_text_within_an_object_that_looks_like_the_next_object() -> None:
    items = pods(30)
    for item in items[3:28]:
        item["spec"]["templates"] = [{"metadata": {"name": "t"}} for _ in range(200)]
    pieces, whole = both(listing(items, separators=(",", ":")))
    assert pieces == whole and len(pieces.items) == 30


def test_objects_that_begin_each_with_another_key() -> None:
    items = [dict(sorted(p.items(), reverse=i % 2 == 1)) for i, p in enumerate(pods(60))]
    pieces, whole = both(listing(items))
    assert pieces == whole and len(pieces.items) == 60


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(pods(40)).encode(),
        json.dumps({"kind": "Pod", **pods(1)[0], "pad": "x" * 9_000}).encode(),
        b'{"kind":"Status","reason":"Forbidden","code":403,"message":"' + b"x" * 9_000 + b'"}',
        listing([]) + b" " * 9_000,
        b"kind: PodList\nitems:\n" + b"- metadata: {name: a}\n" * 400,
        b"error: no\n" * 900,
        b'{"pad":"' + b"x" * 9_000 + b'","items":[{"metadata":{"name":"late"}}]}',
        b'{"metadata":{"items":[]},"items":[{"metadata":{"name":"a"}}],"p":"' + b"x" * 9000 + b'"}',
    ],
)  # fmt: skip
def test_what_is_no_list_of_the_api_server_is_read_as_a_whole(text: bytes) -> None:
    pieces, whole = both(text)
    assert pieces == whole


def test_one_object_beyond_the_limit_is_told_and_what_was_read_stays() -> None:
    items = pods(20)
    items[12]["spec"]["pad"] = ["x" * 50] * 2_000
    pieces, _ = both(listing(items), most=20_000)
    assert len(pieces.items) == 12 and pieces.presence is Presence.TRUNCATED
    assert "(limit member-bytes)" in pieces.detail
    pieces, _ = both(json.dumps(pods(400)).encode(), most=20_000)
    assert "(limit member-bytes)" in pieces.detail and pieces.presence is Presence.TRUNCATED


def test_no_more_than_a_few_pieces_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 0

    class Watched(long_list._Text):
        def fill(self, size: int) -> None:
            nonlocal most
            super().fill(size)
            most = max(most, len(self.held))

    monkeypatch.setattr(long_list, "_Text", Watched)
    pieces, _ = both(listing(pods(2_000)))
    assert len(pieces.items) == 2_000 and most < 4 * 700
