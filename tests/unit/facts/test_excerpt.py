"""Excerpts are text that stands in the member at that line, in every form that lists come in."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.facts import excerpt as looking
from analyzer.facts.excerpt import MAX_EXCERPT, cut_along, locate
from analyzer.model.evidence import EvidenceRef

NODES = {
    "kind": "NodeList",
    "items": [
        {"metadata": {"name": f"n{i}", "uid": f"u-{i}"}, "status": {"conditions": [
            {"type": "Ready", "status": "True" if i else "False", "reason": f"R{i}"}]}}
        for i in range(3)
    ],
}  # fmt: skip


def _locate(text: bytes, *anchors: str) -> tuple[int, str]:
    return locate(text, anchors, [m.start() for m in re.finditer(rb"\n", text)])


def test_the_object_is_found_by_uid_then_the_field() -> None:
    for text in (
        json.dumps(NODES, separators=(",", ":")).encode(),
        json.dumps(NODES).encode(),
        json.dumps(NODES, indent=2).encode(),
        json.dumps(NODES, indent=4).encode(),
    ):
        line, excerpt = _locate(text, "uid: u-2", "reason: R2")
        assert "R2" in excerpt and "R1" not in excerpt[excerpt.index("R2") :]
        assert excerpt in text.decode().splitlines()[line - 1]


def test_yaml_is_found_too() -> None:
    first = b"- metadata:\n    uid: u-1\n  status:\n    reason: R1\n"
    text = b"items:\n" + first + b"- metadata:\n    uid: u-2\n    reason: R1\n"
    assert _locate(text, "uid: u-2", "reason: R1") == (8, "    reason: R1")


def test_an_anchor_that_is_not_there_leaves_the_last_one_that_was() -> None:
    text = json.dumps(NODES, indent=1).encode()
    line, excerpt = _locate(text, "uid: u-1", "reason: nowhere")
    assert "u-1" in excerpt and excerpt in text.decode().splitlines()[line - 1]


def test_a_member_of_one_long_line_gives_a_short_excerpt() -> None:
    text = b'{"a":"' + "é".encode() * 5000 + b'","uid":"u-9","reason":"R"}' + b"x" * 5000
    line, excerpt = _locate(text, "uid: u-9", "reason: R")
    assert line == 1 and len(excerpt) <= MAX_EXCERPT and '"reason":"R"' in excerpt
    assert "\ufffd" not in excerpt


@given(st.binary(max_size=400), st.lists(st.text(max_size=12), max_size=3))
def test_any_bytes_and_anchors_give_an_excerpt_of_that_line(
    text: bytes, anchors: list[str]
) -> None:
    line, excerpt = _locate(text, *anchors)
    lines = text.split(b"\n")
    assert 1 <= line <= len(lines)
    assert excerpt.rstrip() in lines[line - 1].decode("utf-8", "replace") or "\ufffd" in excerpt


@pytest.mark.parametrize("how", [{}, {"indent": 2}, {"separators": (",", ":")}])
def test_a_long_member_is_cut_as_it_goes_by(
    how: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "FRAME", 1_000)
    monkeypatch.setattr(looking, "REACH", 400)
    items = [
        {"metadata": {"uid": f"u-{i}", "name": f"n{i}"}, "status": f"S{i}"} for i in range(500)
    ]
    text = json.dumps({"kind": "NodeList", "items": items}, **how).encode()  # type: ignore[arg-type]
    told = [("uid: u-0",), ("uid: u-77", "status: S77"), ("uid: u-499", "status"), ("kind",)]
    told += [("uid: none", "status: S3"), ()]
    refs = [EvidenceRef(path="p", what="w", anchors=anchors) for anchors in told]
    for size in (90, 1_000, len(text)):
        found = cut_along((text[at : at + size] for at in range(0, len(text), size)), refs)
        assert set(found) == set(refs)
        for ref in refs[:4]:
            line, excerpt = _locate(text, *ref.anchors)
            assert found[ref].line == line and excerpt[-40:] in found[ref].excerpt + excerpt[-40:]
            assert found[ref].excerpt in text.decode().splitlines()[line - 1]
            assert ref.anchors[-1].rpartition(" ")[2] in found[ref].excerpt
        assert all(found[ref].line == 1 and found[ref].excerpt for ref in refs[4:])
