"""What of a node's large listings all nodes of a pool share: the rest of them is not kept.

A packet filter holds thousands of rules for Services, and a mount table a few lines for each pod;
both differ on every node. Kept are the lines that say how the node itself is set up, as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

#: Built-in chains in which a rule concerns every packet of the node.
_CHAINS = (b"INPUT", b"FORWARD", b"OUTPUT")
#: Mounts that come and go with pods, containers, sessions and snaps.
_PASSING = (
    b" /var/lib/kubelet/pods/", b" /var/lib/kubelet/plugins/", b" /run/containerd/",
    b" /var/lib/containerd/", b" /run/netns/", b" /var/run/netns/", b" /run/user/",
    b" /run/credentials/", b" /snap/", b" /proc/", b" /sys/", b" /dev/", b" /run/cilium/",
    b" /mnt/",
)  # fmt: skip


def framed(path: str, data: bytes) -> bytes:
    """The lines that are kept of a node's member; all of it where nothing is known to be left out.

    ``path`` is canonical (``nodes/<node>/<item>``).
    """
    if path.endswith("/network/iptables-save"):
        return b"\n".join(_filter_lines(data))
    if path.endswith("/host/mounts"):
        lines = data.splitlines()
        return b"\n".join(line for line in lines if not any(part in line for part in _PASSING))
    return data


def _filter_lines(data: bytes) -> Iterator[bytes]:
    """Tables, policies of built-in chains, and the rules there, in the order of the listing.

    Searches for the few lines instead of looking at all: with many Services there are megabytes.
    Source: iptables-save(8).
    """
    for start, end in pairwise([*_starts(data, b"*"), len(data)]):
        yield _line(data, start)
        for mark in (b":%s ", b"-A %s "):
            for chain in _CHAINS:
                yield from _lines_with(data, mark % chain, start, end)


def _starts(data: bytes, mark: bytes) -> Iterator[int]:
    if data.startswith(mark):
        yield 0
    position = data.find(b"\n" + mark)
    while position >= 0:
        yield position + 1
        position = data.find(b"\n" + mark, position + 1)


def _lines_with(data: bytes, mark: bytes, start: int, end: int) -> Iterator[bytes]:
    """Lines that begin with a mark, packet counters before it left out of account."""
    position = data.find(mark, start, end)
    while position >= 0:
        first = data.rfind(b"\n", start, position) + 1
        head = data[first:position]
        if not head or (head.startswith(b"[") and head.endswith(b"] ")):
            yield _line(data, first)
        position = data.find(mark, position + 1, end)


def _line(data: bytes, start: int) -> bytes:
    end = data.find(b"\n", start)
    return data[start : end if end >= 0 else len(data)].rstrip(b"\r")
