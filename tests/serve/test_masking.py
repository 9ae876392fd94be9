"""What is handed out passes the masks of every report, whatever the way it takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from analyzer.serve.exchange import Answer
from analyzer.serve.loading import load_object
from tests.redact.secrets import KINDS
from tests.serve.conftest import NODE, TABLE, body

Ask = Callable[..., Answer]


def _text(answer: Answer) -> str:
    assert answer.code == 200, answer.body
    if isinstance(answer.body, Iterator):
        return b"".join(answer.body).decode()
    return answer.body.decode() if isinstance(answer.body, bytes) else json.dumps(body(answer))


def test_no_secret_leaves_by_any_way(ask: Ask) -> None:
    maps = "/api/v1/namespaces/shop/configmaps"
    ways = {
        "one object": _text(ask(f"{maps}/canaries")),
        "a list": _text(ask(maps)),
        "a page": _text(ask(maps, limit="50")),
        "rows": _text(ask(maps, TABLE, includeObject="Object")),
        "a log": _text(ask("/api/v1/namespaces/kube-system/pods/canaries-0/log")),
        "a log's end": _text(
            ask("/api/v1/namespaces/kube-system/pods/canaries-0/log", tailLines="9999")
        ),
        "a node's file": _text(ask(f"/demarc/nodes/{NODE}/host/dmesg")),
    }
    for way, text in ways.items():
        assert "<masked>" in text, way
        left = [kind for kind, _, gone in KINDS if gone in text]
        assert not left, way


def test_what_was_masked_is_an_object_still(ask: Ask) -> None:
    found = body(ask("/api/v1/namespaces/shop/configmaps/canaries"))
    assert len(found["data"]) == len(KINDS) and found["kind"] == "ConfigMap"


def test_a_mask_that_would_break_the_json_masks_each_text() -> None:
    """Every secret alone in an object: the object keeps its form."""
    for kind, text, gone in KINDS:
        data = json.dumps({"metadata": {"name": "a"}, "data": {"k": text, "after": "b"}}).encode()
        found = load_object(data)
        assert found["metadata"] == {"name": "a"}, kind
        assert set(found["data"]) == {"k", "after"} and gone not in json.dumps(found), kind


def test_a_client_sees_a_selector_of_what_is_shown(ask: Ask) -> None:
    """A field selector finds nothing out that the answer would not show."""
    for _, text, _ in KINDS[:5]:
        answer = ask("/api/v1/configmaps", fieldSelector=f"data.text-0={text.split(',')[0]}")
        if answer.code == 200:
            assert body(answer)["items"] == []
