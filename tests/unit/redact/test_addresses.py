"""Stand-ins of addresses: one to one, true to prefixes, true to classes."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.redact.addresses import KEPT_V4, AddressMap, mac_stand_in

SECRET = bytes(range(32))
KEPT = ("10.66.0.0/16", "fd12:3456:789a:1::/64", "10.66.0.10")
MAP = AddressMap(SECRET, KEPT)


def mapped(text: str) -> str:
    made = MAP.ip(text)
    assert made is not None
    return made


def common(a: str, b: str) -> int:
    """How many bits two addresses share from the start."""
    one, two = ipaddress.ip_address(a), ipaddress.ip_address(b)
    return one.max_prefixlen - (int(one) ^ int(two)).bit_length()


# What is kept whole lies outside: those addresses stand for themselves.
V4 = st.integers(0x0B000000, 0x7EFFFFFF).map(lambda n: str(ipaddress.IPv4Address(n)))
PRIVATE = st.integers(0x0A000000, 0x0AFFFFFF).map(lambda n: str(ipaddress.IPv4Address(n)))
V6 = st.one_of(
    st.integers(0x2000 << 112, (0x4000 << 112) - 1), st.integers(0xFC00 << 112, (0xFE00 << 112) - 1)
).map(lambda number: str(ipaddress.IPv6Address(number)))


@given(st.one_of(V4, PRIVATE), st.one_of(V4, PRIVATE))
@settings(max_examples=300)
def test_shared_prefixes_stay_exactly_as_long(a: str, b: str) -> None:
    assert common(mapped(a), mapped(b)) == common(a, b)


@given(V4, st.integers(0, 31))
def test_neighbours_share_what_they_shared(a: str, bit: int) -> None:
    b = str(ipaddress.IPv4Address(int(ipaddress.IPv4Address(a)) ^ (1 << bit)))
    if MAP.ip(b) is not None and not b.startswith(("10.", "127.")):
        assert common(mapped(a), mapped(b)) == common(a, b)


@given(V6, V6)
def test_shared_prefixes_of_ipv6(a: str, b: str) -> None:
    assert common(mapped(a), mapped(b)) == common(a, b)


@given(st.one_of(V4, PRIVATE))
def test_a_class_keeps_its_members(text: str) -> None:
    before, after = ipaddress.ip_address(text), ipaddress.ip_address(mapped(text))
    for network in map(ipaddress.ip_network, (*KEPT_V4, KEPT[0])):
        assert (before in network) == (after in network), network


def test_stand_ins_are_one_to_one() -> None:
    addresses = [f"10.87.{a}.{b}" for a in range(16) for b in range(256)]
    made = {mapped(text) for text in addresses}
    assert len(made) == len(addresses)
    assert sum(mapped(text) == text for text in addresses) < 5


@pytest.mark.parametrize(
    "text",
    [
        "168.63.129.16", "169.254.169.254", "127.0.0.1", "127.0.0.53", "0.0.0.0", "255.255.255.0",
        "224.0.0.251", "10.0.0.1", "10.0.0.10", "10.66.0.10", "::", "::1", "ff02::1", "8.8.8.8",
    ],
)  # fmt: skip
def test_what_identifies_nobody_stays(text: str) -> None:
    assert mapped(text) == text


@pytest.mark.parametrize(
    ("text", "length", "made"),
    [("10.66.0.0", 16, "10.66.0.0"), ("10.244.0.0", 16, "10.244.0.0"), ("0.0.0.0", 0, "0.0.0.0")],
)
def test_kept_networks_are_written_the_same(text: str, length: int, made: str) -> None:
    assert MAP.within(text, length) == made


def test_the_address_of_a_network_stays_one_and_holds_its_members() -> None:
    made = MAP.within("10.87.16.0", 20)
    assert made is not None and made != "10.87.16.0"
    network = ipaddress.ip_network(f"{made}/20")  # raises where bits behind the prefix are set
    assert ipaddress.ip_address(mapped("10.87.18.7")) in network
    assert MAP.within("10.87.16.9", 20) == mapped("10.87.16.9")


def test_ipv6_keeps_its_short_form_and_its_kept_network() -> None:
    made = mapped("fd12:3456:789a:1::5")
    assert made.startswith("fd12:3456:789a:1::") and made != "fd12:3456:789a:1::5"
    assert mapped("::ffff:10.87.1.2") == f"::ffff:{mapped('10.87.1.2')}"


def test_another_key_gives_other_stand_ins() -> None:
    other = AddressMap(bytes(32), KEPT)
    texts = [f"10.87.{a}.9" for a in range(100)]
    assert sum(other.ip(text) == mapped(text) for text in texts) < 5


@pytest.mark.parametrize("text", ["", "10.0.0", "256.1.1.1", "fd00::1::2", "kube"])
def test_what_is_no_address_has_no_stand_in(text: str) -> None:
    assert MAP.ip(text) is None
    assert MAP.within(text, 24) is None


def test_macs_keep_the_vendor_and_are_one_to_one() -> None:
    made = {mac_stand_in(SECRET, bytes.fromhex("000d3a") + n.to_bytes(3)) for n in range(5000)}
    assert len(made) == 5000
    assert {mac[:3].hex() for mac in made} == {"000d3a"}
    for still in ("eeeeeeeeeeee", "ffffffffffff", "123456789abc", "01005e000001"):
        assert mac_stand_in(SECRET, bytes.fromhex(still)).hex() == still
