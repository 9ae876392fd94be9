"""Hostile documents: YAML aliases, doubled keys, huge numbers, broken text, a million entries."""

from __future__ import annotations

import json
import tarfile
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analyzer.bundle import Limits
from analyzer.bundle.manifest import Manifest, parse_manifest
from analyzer.facts.objects.pods import Pod
from analyzer.facts.parse.kube_list import parse_listing
from analyzer.model.gap import Presence
from analyzer.redact.mask import mask_text
from tests.unit.bundle.tarballs import gz, read_all, tar_of

ALIASES = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 9)) for n in range(ord("b"), ord("k"))
)


def test_yaml_aliases_are_not_expanded() -> None:
    before = time.perf_counter()
    parsed = parse_listing(b"kind: List\nitems:\n- metadata: {name: a}\n" + ALIASES, "x.yaml", Pod)
    assert parsed.presence is Presence.FAILED and "aliases" in parsed.detail
    assert time.perf_counter() - before < 2


def test_yaml_tags_make_no_objects() -> None:
    text = b"items:\n- !!python/object/apply:os.system ['echo pwned']\n"
    assert parse_listing(text, "x.yaml", Pod).presence is Presence.FAILED


@pytest.mark.parametrize(
    "number", [b"1" + b"0" * 30, b"-" + b"9" * 400, b"9" * 5_000, b"1e999999", b"0." + b"0" * 9_000]
)
def test_huge_numbers_cost_their_object_at_most(number: bytes) -> None:
    text = (
        b'{"kind":"PodList","items":[{"metadata":{"name":"good"}},'
        b'{"metadata":{"name":"huge","generation":%s},"spec":{"priority":%s}}]}' % (number, number)
    )
    names = [item.metadata.name for item in parse_listing(text, "x.json", Pod).items]
    assert "good" in names
    assert isinstance(parse_manifest(b'{"format":%s,"masked":{"a":%s}}' % (number, number)),
                      Manifest | str)  # fmt: skip


def test_doubled_keys_give_one_object_and_no_error() -> None:
    text = b'{"items":[{"metadata":{"name":"a","name":"b"},"metadata":{"name":"c"}}],"items":[]}'
    parsed = parse_listing(text, "x.json", Pod)
    assert len(parsed.items) <= 1
    assert isinstance(parse_manifest(b'{"format":1,"format":2}'), Manifest)


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'{"items":["\xff\xfe"]}', b"\0" * 1_000,
     b'{"items":[{"metadata":{"name":"\\ud800"}}]}', b"{" * 100_000, b'{"items":' * 50_000],
)  # fmt: skip
def test_broken_text_is_told(data: bytes) -> None:
    parsed = parse_listing(data, "x.json", Pod)
    assert parsed.presence is not Presence.PRESENT or not parsed.items or parsed.gaps == ()
    parse_manifest(data)


def test_a_limit_is_told_however_many_other_gaps_there_are() -> None:
    header = tarfile.TarInfo("host/f").tobuf(tarfile.USTAR_FORMAT)
    data = tar_of({"nodes/n1.tar.gz": gz(header * 3_000 + bytes(1024))})
    members, inventory = read_all(data, Limits(max_members=2_000))
    assert len(members) <= 1 and len(inventory.gaps()) < 250
    assert any("(limit members)" in gap.detail for gap in inventory.gaps())


KEYS = st.text(max_size=9)
objects = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=20,
)
FIELDS = st.sampled_from(["metadata", "spec", "status", "items", "kind", "name", "containers"])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.dictionaries(FIELDS, objects, max_size=4), max_size=4))
def test_any_objects_are_read_or_told(items: list[object]) -> None:
    for document in ({"kind": "PodList", "items": items}, items, {"metadata": items}):
        parsed = parse_listing(json.dumps(document).encode(), "x.json", Pod)
        assert parsed.presence is Presence.PRESENT or parsed.detail
        assert all("\n" not in str(gap) for gap in parsed.gaps)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.text("abcdefghij0123456789", min_size=20, max_size=40))
def test_masks_hide_a_key_in_any_text_and_are_stable(around: str, secret: str) -> None:
    assume(secret not in around)
    text = f"{around}\nAccountKey={secret}==;EndpointSuffix=core.windows.net\n{around}"
    masked = mask_text(text)
    assert secret not in masked
    assert mask_text(masked) == masked
