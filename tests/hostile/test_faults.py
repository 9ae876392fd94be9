"""Fault injection: good bundles with bytes flipped, cut, dropped, doubled. Only BundleError."""

from __future__ import annotations

import functools
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.bundle import BundleError, Limits
from tests.unit.bundle.tarballs import (
    Files,
    expected_members,
    flat,
    gz,
    nested,
    node_files,
    opened,
    parts,
    tar_of,
    zst,
)

LIMITS = Limits(max_total_bytes=64 << 20, max_members=20_000)


@functools.lru_cache(maxsize=1)
def shapes() -> dict[str, bytes]:
    """Good bundles, with enough text in them that a cut falls into the middle of files."""
    many = parts()
    noise = random.Random(7)
    many["nodes/n1"]["host/dmesg"] = bytes(noise.choices(b"abcdefgh \n", k=60_000))
    return {
        "nested": nested(many),
        "flat": flat(many),
        "flat.gz": gz(flat(many)),
        "flat.zst": zst(flat(many)),
        "nested.gz": gz(nested(many)),
        "node": gz(tar_of(node_files())),
    }


def read_damaged(data: bytes) -> Files:
    """Do all that can be done with a bundle; nothing but BundleError may come out."""
    try:
        bundle = opened(data, limits=LIMITS)
    except BundleError as error:
        assert str(error)
        assert "\n" not in str(error)
        return {}
    found = {member.path: member.read() for _, member in bundle.members()}
    inventory = bundle.finish()
    for gap in inventory.gaps():
        assert gap.path.isprintable()
        assert str(gap)
    for part in inventory.parts:
        inventory.expected(part)
    again = {member.path: member.read() for member in bundle.reread(list(found)[-3:])}
    assert all(found[path] == data for path, data in again.items())
    return found


faults = st.tuples(
    st.sampled_from(["flip", "cut", "drop", "insert", "zero", "double"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 3_000),
    st.integers(1, 255),
)


def damage(data: bytes, fault: tuple[str, float, int, int]) -> bytes:
    kind, where, count, value = fault
    at = int(where * len(data))
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ value]) + data[at + 1 :]
    if kind == "cut":
        return data[:at]
    if kind == "drop":
        return data[:at] + data[at + count :]
    if kind == "insert":
        return data[:at] + bytes([value]) * count + data[at:]
    if kind == "zero":
        return data[:at] + bytes(count) + data[at + count :]
    return data[: at + count] + data[at:]


@pytest.mark.parametrize("shape", ["nested", "flat", "flat.gz", "flat.zst", "nested.gz", "node"])
@given(st.lists(faults, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_bundles_never_raise(
    shape: str, several: list[tuple[str, float, int, int]]
) -> None:
    data = shapes()[shape]
    for fault in several:
        data = damage(data, fault) or b"\0"
    read_damaged(data)


@given(st.binary(max_size=3_000))
@settings(max_examples=100, deadline=None)
def test_random_bytes(data: bytes) -> None:
    read_damaged(data)
    read_damaged(b"\x1f\x8b\x08\0" + data)
    read_damaged(b"\x28\xb5\x2f\xfd" + data)


@given(st.binary(min_size=512, max_size=2_048), st.integers(0, 511))
@settings(max_examples=100, deadline=None)
def test_random_blocks_with_the_mark_of_tar(data: bytes, at: int) -> None:
    head = bytearray(data)
    head[257:263] = b"ustar\0"
    head[148:156] = b"%06o\0 " % (sum(head[:148]) + sum(head[156:512]) + 8 * 32)
    read_damaged(bytes(head))
    read_damaged(tar_of({"cluster/version.json": b"{}"})[:1024] + bytes(head))


@pytest.mark.parametrize("tenths", range(1, 10))
def test_cut_nested_bundle_keeps_the_parts_in_front(tenths: int) -> None:
    data = shapes()["nested"]
    whole = read_damaged(data)
    cut = read_damaged(data[: len(data) * tenths // 10])
    assert all(whole[path].startswith(content) for path, content in cut.items())
    if tenths >= 3:
        assert cut


def test_cut_gzip_keeps_what_was_read_before_the_tear() -> None:
    noise = random.Random(3)
    files = {
        f"host/f{n:02}": bytes(noise.choices(b"0123456789abcdef\n", k=9_000)) for n in range(30)
    }
    inner = gz(tar_of(files))
    for share in (0.3, 0.6, 0.95):
        outer = tar_of({"nodes/n1.tar.gz": inner[: int(len(inner) * share)]})
        bundle = opened(outer)
        found = {m.path.removeprefix("nodes/n1/"): m.read() for _, m in bundle.members()}
        assert len(found) >= int(len(files) * share) - 1
        *whole, last = found
        assert all(found[name] == files[name] for name in whole)
        assert files[last].startswith(found[last])
        inventory = bundle.finish()
        assert inventory.parts["nodes/n1"].torn == "the gzip stream is cut off"
        assert inventory.state(f"nodes/n1/{last}").presence == "truncated"
        assert inventory.state("nodes/n1/host/never").presence == "failed"


def test_torn_node_costs_one_node() -> None:
    inner = gz(tar_of(node_files()))
    for broken in (
        b"",
        inner[:40],
        inner[: len(inner) // 2],
        b"garbage" * 99,
        inner[:30] + b"\0" * 99,
    ):
        data = tar_of({"nodes/n1.tar.gz": broken, "nodes/n2.tar.gz": inner})
        found = read_damaged(data)
        assert {p: d for p, d in found.items() if "n2" in p} == expected_members(
            {"nodes/n2": node_files()}
        )


def test_broken_block_loses_little() -> None:
    noise = random.Random(5)
    files = {
        f"host/f{n:02}": bytes(noise.choices(b"0123456789abcdef", k=30_000)) for n in range(40)
    }
    inner = bytearray(gz(tar_of(files)))
    at = len(inner) * 3 // 4
    inner[at : at + 64] = b"\xff" * 64
    found = read_damaged(tar_of({"nodes/n1.tar.gz": bytes(inner)}))
    whole = [path for path, data in found.items() if data == files[path.removeprefix("nodes/n1/")]]
    assert len(whole) >= 25


def test_damaged_header_costs_one_file() -> None:
    plain = bytearray(tar_of({f"cluster/resources/core/r{n}.json": b"{}" for n in range(20)}))
    plain[5 * 1024 + 3] ^= 0xFF
    found = read_damaged(bytes(plain))
    assert len(found) == 19


def test_dropped_bytes_cost_little() -> None:
    plain = tar_of({f"cluster/resources/core/r{n}.json": b"{}" * 400 for n in range(20)})
    found = read_damaged(plain[:4_000] + plain[4_100:])
    assert len(found) >= 17
