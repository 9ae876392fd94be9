"""Stand-ins for IP and MAC addresses: keyed, one to one, and true to prefixes and to classes.

Two addresses that share their first n bits get stand-ins that share exactly their first n bits, as
in Crypto-PAn (Xu, Fan, Ammar, Moon: "Prefix-Preserving IP Address Anonymization", 2002). Where the
scheme flips a bit or not is told by a keyed hash of the bits before it; here one hash of the bytes
before it tells that for the eight bits of a byte. Along the way to a kept network or address no bit
is flipped: so it stands for itself, what lies in it stays in it, and the rest of the scheme holds.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Networks that keep their place: each says of what class an address is, and identifies nobody.
KEPT_V4 = (
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
    # The private ranges, and that of carriers.
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
    # What AKS gives to pods, services and the virtual network where nobody says otherwise.
    # https://learn.microsoft.com/azure/aks/configure-azure-cni-overlay
    "10.244.0.0/16", "10.0.0.0/16", "10.224.0.0/16",
    # Ranges that AKS does not take for services, pods and nodes, and the bridge of containers.
    # https://learn.microsoft.com/azure/aks/concepts-network-ip-address-planning
    "172.17.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24",
)  # fmt: skip
KEPT_V6 = ("::/16", "fc00::/7", "fd00::/8", "fe80::/64", "ff00::/8", "64:ff9b::/96", "2000::/3")
#: Addresses that stand for themselves.
KEPT_ADDRESSES = (
    "168.63.129.16",  # Azure's wire server: learn.microsoft.com/azure/virtual-network/
    "169.254.169.254",  # what-is-ip-address-168-63-129-16; the instance metadata service
    "10.0.0.1", "10.0.0.10",  # the API server and the DNS service where AKS picks the addresses
    "8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9",  # public resolvers
)  # fmt: skip
#: In these whole networks every address stands for itself. Of IPv6 that is all but the unicast
#: ranges in use (https://www.iana.org/assignments/ipv6-address-space): ``a::b`` is no address.
_STILL = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/3", "4000::/2", "8000::/2", "c000::/3", "e000::/4", "f000::/5", "f800::/6"),
        "ff00::/8",
    )
)
#: The first half of a link-local address.
_LINK_LOCAL = bytes.fromhex("fe80000000000000")
#: Bytes of an IPv6 address in which zeros stay zeros, so that ``::`` stays where it is.
_ZEROS_STAY = range(2, 14)


class AddressMap:
    """The stand-ins of one key. ``kept`` are further networks and addresses that keep their place.

    Raises:
        ValueError: one of ``kept`` is neither a network nor an address.
    """

    def __init__(self, secret: bytes, kept: Iterable[str] = ()) -> None:
        self._secret = secret
        self._fixed: dict[int, set[tuple[int, int]]] = {4: set(), 6: set()}
        for text in (*KEPT_V4, *KEPT_V6, *KEPT_ADDRESSES, *kept):
            self._keep(ipaddress.ip_network(text, strict=False))
        self._flips: dict[tuple[int, bytes], int] = {}

    def _keep(self, network: Network) -> None:
        """Note every bit string on the way to the network."""
        value = int(network.network_address)
        for length in range(network.prefixlen):
            self._fixed[network.version].add((length, value >> (network.max_prefixlen - length)))

    @lru_cache(maxsize=1 << 16)  # noqa: B019 - one map lives as long as the run
    def ip(self, text: str) -> str | None:
        """Return the stand-in of an address, in its shortest form; None where it is no address."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return None
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            return f"::ffff:{self.ip(str(address.ipv4_mapped))}"
        if any(address in network for network in _STILL if network.version == address.version):
            return text
        mapped = self._of_mac(address.packed) or self._mapped(address.version, address.packed)
        return str(ipaddress.ip_address(mapped))

    def _of_mac(self, packed: bytes) -> bytes | None:
        """The stand-in of a link-local address that a MAC address was made into (RFC 4291, A)."""
        if packed[:8] != _LINK_LOCAL or packed[11:13] != b"\xff\xfe":
            return None
        mac = bytes((packed[8] ^ 2,)) + packed[9:11] + packed[13:]
        made = mac_stand_in(self._secret, mac)
        return _LINK_LOCAL + bytes((made[0] ^ 2,)) + made[1:3] + b"\xff\xfe" + made[3:]

    def within(self, text: str, length: int) -> str | None:
        """Return the stand-in of an address that is written with the length of its prefix.

        The address of a network stays one: its bits behind the prefix stay zero.
        """
        mapped = self.ip(text)
        try:
            address = ipaddress.ip_address(text)
            network = ipaddress.ip_network(f"{text}/{length}", strict=False)
        except ValueError:
            return mapped
        if mapped is None or address != network.network_address or length == network.max_prefixlen:
            return mapped
        return str(ipaddress.ip_network(f"{mapped}/{length}", strict=False).network_address)

    def _mapped(self, version: int, packed: bytes) -> bytes:
        return bytes(self._byte(version, packed[:index], byte) for index, byte in enumerate(packed))

    def _byte(self, version: int, before: bytes, byte: int) -> int:
        """The stand-in of the byte that follows ``before``, from its first bit to its last."""
        flips = self._flips_behind(version, before)
        fixed = self._fixed[version]
        zeros = version == 6 and len(before) in _ZEROS_STAY and _zero_so_far(before)
        length, value = 8 * len(before), int.from_bytes(before)
        result = 0
        for level in range(8):
            # What came before in this byte, with a one in front: 1 to 255, a hash bit for each.
            node = 1 << level | byte >> (8 - level)
            bit = byte >> (7 - level) & 1
            still = (length + level, value << level | (node ^ 1 << level)) in fixed
            if not (still or (zeros and node == 1 << level)):
                bit ^= flips >> node & 1
            result = result << 1 | bit
        return result

    def _flips_behind(self, version: int, before: bytes) -> int:
        flips = self._flips.get((version, before))
        if flips is None:
            told = hashlib.blake2b(
                before, digest_size=32, key=self._secret, person=b"ip%d" % version
            )
            flips = self._flips[version, before] = int.from_bytes(told.digest())
        return flips


def _zero_so_far(before: bytes) -> bool:
    """True where the 16 bits that the next byte belongs to are zero up to it."""
    return len(before) % 2 == 0 or before[-1] == 0


#: Rounds of the permutation of the last three bytes of a MAC address.
_ROUNDS = 4


def mac_stand_in(secret: bytes, mac: bytes) -> bytes:
    """Return the stand-in of a MAC address (6 bytes): the vendor's three bytes stay.

    Addresses that identify no machine stay: all bytes equal (``ee:ee:…`` of Calico, broadcast), and
    the ``12:34:56:78:9a:bc`` that Azure CNI gives to the gateway of pods.
    """
    if len(set(mac)) == 1 or mac[0] & 1 or mac == bytes.fromhex("123456789abc"):
        return mac
    left, right = mac[3] << 4 | mac[4] >> 4, (mac[4] & 15) << 8 | mac[5]
    for number in range(_ROUNDS):
        told = hashlib.blake2b(
            mac[:3] + bytes((number,)) + right.to_bytes(2), digest_size=2, key=secret, person=b"mac"
        )
        left, right = right, left ^ (int.from_bytes(told.digest()) & 0xFFF)
    return mac[:3] + (left << 12 | right).to_bytes(3)
