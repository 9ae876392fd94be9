"""Listings as real people save them: whatever can be read is read, and the rest is told."""

from __future__ import annotations

import json

from analyzer.facts.objects import Node, Pod
from analyzer.facts.parse.kube_list import parse_listing
from analyzer.model.gap import Presence

POD = {"metadata": {"name": "a", "namespace": "x", "uid": "u1"}, "status": {"phase": "Running"}}


def _list(*items: object) -> bytes:
    return json.dumps({"apiVersion": "v1", "kind": "PodList", "items": list(items)}).encode()


def test_a_list_an_array_and_a_single_object() -> None:
    for data in (_list(POD), json.dumps([POD]).encode(), json.dumps(POD).encode()):
        parsed = parse_listing(data, "p.json", Pod)
        assert parsed.presence is Presence.PRESENT and parsed.items[0].name == "a"


def test_null_lists_and_fields_are_empty_not_errors() -> None:
    parsed = parse_listing(b'{"kind":"PodList","items":null}', "p.json", Pod)
    assert (parsed.presence, parsed.items) == (Presence.PRESENT, ())
    bare = parse_listing(_list({"metadata": {"name": "a", "labels": None}}), "p.json", Pod)
    pod = bare.items[0]
    assert isinstance(pod, Pod) and pod.ready is None and pod.status.container_statuses is None


def test_one_bad_object_costs_itself_and_is_named() -> None:
    bad = {"metadata": {"name": "broken"}, "status": {"containerStatuses": "none"}}
    parsed = parse_listing(_list(POD, bad), "p.json", Pod)
    assert [p.name for p in parsed.items] == ["a"]
    assert parsed.presence is Presence.TRUNCATED and "broken" in parsed.gaps[0].detail


def test_a_torn_list_keeps_its_head() -> None:
    whole = _list(*({"metadata": {"name": f"p{i}"}} for i in range(50)))
    parsed = parse_listing(whole[: len(whole) // 2], "p.json", Pod)
    assert 20 <= len(parsed.items) < 50 and parsed.presence is Presence.TRUNCATED


def test_errors_saved_as_data_are_told_as_what_they_are() -> None:
    refused = b'{"kind":"Status","status":"Failure","reason":"Forbidden","code":403}'
    assert parse_listing(refused, "p.json", Pod).presence is Presence.FORBIDDEN
    kubectl = b'Error from server (Forbidden): pods is forbidden: User "x" cannot list'
    assert parse_listing(kubectl, "p.json", Pod).presence is Presence.FORBIDDEN
    gone = b'error: the server doesn\'t have a resource type "foos"'
    assert parse_listing(gone, "p.json", Pod).presence is Presence.ABSENT
    down = b"Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout"
    assert parse_listing(down, "p.json", Pod).presence is Presence.FAILED


def test_yaml_where_json_was_expected() -> None:
    text = b"kind: PodList\nitems:\n- metadata: {name: a, uid: u1}\n- metadata: {name: b}\n"
    parsed = parse_listing(text, "p.json", Pod)
    assert [p.name for p in parsed.items] == ["a", "b"]


def test_yaml_aliases_are_refused() -> None:
    bomb = b"a: &a [x, x]\nb: &b [*a, *a]\nitems: [*b, *b]\n"
    parsed = parse_listing(bomb, "p.yaml", Pod)
    assert parsed.presence is Presence.FAILED and "alias" in parsed.detail


def test_noise_of_any_kind_is_a_clear_gap() -> None:
    for data in (
        b"\x00\x01\x02",
        b"hello",
        b"{",
        b"[[[[",
        b'{"items": 7}',
        b"[" * 100_000,
        b"- 1\n",
    ):
        parsed = parse_listing(data, "p.json", Pod)
        assert not parsed.items and parsed.presence is Presence.FAILED and parsed.detail
    assert parse_listing(b" \n", "p.json", Pod).presence is Presence.FAILED


def test_an_unknown_api_version_is_still_read() -> None:
    pod = {"apiVersion": "v9alpha7", "kind": "Pod", **POD}
    assert parse_listing(_list(pod), "p.json", Pod).items[0].name == "a"


def test_items_without_kind_take_the_listings() -> None:
    parsed = parse_listing(_list({"metadata": {"name": "n"}}), "n.json", Node)
    parsed.items[0].found_in("n.json", "Node")
    assert str(parsed.items[0].subject) == "Node n"


def test_fifty_megabytes_are_read_in_seconds() -> None:
    pad = "x" * 1000
    whole = _list(
        *({"metadata": {"name": f"p{i}", "annotations": {"a": pad}}} for i in range(50_000))
    )
    assert len(whole) > 50_000_000
    assert len(parse_listing(whole, "p.json", Pod).items) == 50_000
