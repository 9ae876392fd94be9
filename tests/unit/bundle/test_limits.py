"""Limits: each is named where it is hit, can be moved, and costs no more than what lies beyond."""

from __future__ import annotations

import json
import time
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.bundle import Limits
from analyzer.bundle.depth import nested_deeper, value_deeper
from analyzer.bundle.limits import NAMES, limits_in
from analyzer.cli.limit_option import LimitType, limits_of
from tests.unit.bundle.tarballs import gz, node_files, read_all, tar_of

TEXT = b"a line\n" * 4_000
FILES = {
    **node_files(),
    "host/dmesg": TEXT,
    "host/long": b"x" * 5_000,
    "host/zeros": bytes(4 << 20),
}


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("total-bytes", Limits(max_total_bytes=1_000)),
        ("member-bytes", Limits(max_member_bytes=1_000)),
        ("members", Limits(max_members=5)),
        ("ratio", Limits(max_ratio=10, ratio_floor=1 << 20)),
        ("nesting", Limits(max_nesting=1)),
        ("name-length", Limits(max_name_length=17)),
    ],
)
def test_each_limit_is_told_by_its_name(name: str, limits: Limits) -> None:
    _, inventory = read_all(tar_of({"nodes/n1.tar.gz": gz(tar_of(FILES))}), limits)
    assert name in limits_in(gap.detail for gap in inventory.gaps())
    _, inventory = read_all(tar_of({"nodes/n1.tar.gz": gz(tar_of(FILES))}))
    assert not limits_in(gap.detail for gap in inventory.gaps())


def test_every_name_stands_for_a_field_and_unknown_names_are_not_believed() -> None:
    assert set(NAMES.values()) <= {field.name for field in fields(Limits)}
    assert limits_in(["x (limit nonsense)", "y (limit ratio)", "z (limit ratio)"]) == ("ratio",)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("total-bytes=20GiB", "max_total_bytes", 20 << 30),
        ("member-bytes=1.5 MiB", "max_member_bytes", 3 << 19),
        ("memory=2gb", "max_memory_bytes", 2 * 10**9),
        ("members=500", "max_members", 500),
        ("rule-seconds=0.5", "max_rule_seconds", 0.5),
        ("json-depth=30", "max_json_depth", 30),
    ],
)
def test_values_as_people_write_them(text: str, field: str, value: float) -> None:
    limits = limits_of([LimitType().convert(text, None, None)])
    assert getattr(limits, field) == value
    assert type(getattr(limits, field)) is type(getattr(Limits(), field))


@pytest.mark.parametrize(
    "text",
    ["", "members", "members=", "members=0", "members=-1", "members=1.5", "members=5MiB",
     "total=1", "ratio=many", "total-bytes=9999999999GiB", "total-bytes=1e9", "memory=1TiB"],
)  # fmt: skip
def test_values_that_are_none(text: str) -> None:
    import click

    with pytest.raises(click.BadParameter):
        LimitType().convert(text, None, None)


@settings(max_examples=40, deadline=None)
@given(st.recursive(st.none() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)))
def test_depth_of_text_and_value_agree(value: object) -> None:
    data = json.dumps(value).encode()
    for limit in range(6):
        assert nested_deeper(data, limit) == value_deeper(value, limit)


@given(st.binary(max_size=400))
def test_depth_of_any_bytes_is_told(data: bytes) -> None:
    nested_deeper(data, 3)


def test_depth_is_told_in_linear_time() -> None:
    before = time.perf_counter()
    for data in (b'"' + b'\\"' * 500_000 + b"[" * 300, b'["' * 500_000, b"{" * 1_000_000):
        nested_deeper(data, 200)
    assert time.perf_counter() - before < 5
