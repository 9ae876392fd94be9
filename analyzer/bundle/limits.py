"""Limits of a run: how much a bundle may hold or cost before the rest of it is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.bundle.errors import Damage

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep a hostile or broken bundle from filling memory or running for ever.

    All sizes are in bytes. What lies beyond a limit is not read, and a gap says so. In a process
    of its own each part has these limits for itself.
    """

    #: Unpacked bytes over one pass (over one part where parts are read apart).
    max_total_bytes: int = 64 * GIB
    #: A member that is read as a whole, or one object of a long list; ``lines`` and ``chunks`` have
    #: no such bound.
    max_member_bytes: int = 256 * MIB
    #: Members over one pass; folders, refused entries and extended headers count too.
    max_members: int = 1_000_000
    #: Unpacked bytes for each packed byte. Text of clusters stays below 100; the bound holds once
    #: ``ratio_floor`` bytes came out of one stream.
    max_ratio: int = 250
    ratio_floor: int = 64 * MIB
    #: gzip members in one stream (``cat a.gz b.gz`` makes two).
    max_gzip_members: int = 100_000
    #: Archives within archives: bundle, part, and a zip of the node make three.
    max_nesting: int = 3
    #: A path inside an archive.
    max_name_length: int = 1024
    #: A line of a log; the rest of a longer one is dropped. Container runtimes split lines at
    #: 16 KiB, so a line of mebibytes is no log.
    max_line_bytes: int = 4 * MIB
    #: Standard input is kept in memory as it came (packed).
    max_stdin_bytes: int = 1 * GIB
    #: A zip inside a part is held in memory.
    max_zip_bytes: int = 128 * MIB
    #: ``manifest.json``; that of 5,000 nodes has 1 MiB.
    max_manifest_bytes: int = 8 * MIB
    #: Lists and objects within one another in a JSON document; objects of clusters have below 40.
    max_json_depth: int = 200
    #: What the objects of the API server and of Azure may take in memory, reckoned from the size
    #: of their JSON (``MEMORY_PER_JSON_BYTE``) so that the same bundle always ends the same way.
    max_memory_bytes: int = 16 * GIB
    #: Seconds for one rule; the slowest takes below one on 2,000 nodes.
    max_rule_seconds: float = 60.0


DEFAULT_LIMITS = Limits()

#: Memory that stays for a byte of JSON, rounded up: pods and nodes take below 1, since what they
#: have in common is kept once, and objects that are kept as mappings up to 4.4.
MEMORY_PER_JSON_BYTE = 5

#: The names under which a user raises or lowers limits, and the fields that they stand for.
NAMES = {
    "total-bytes": "max_total_bytes",
    "member-bytes": "max_member_bytes",
    "members": "max_members",
    "ratio": "max_ratio",
    "nesting": "max_nesting",
    "name-length": "max_name_length",
    "line-bytes": "max_line_bytes",
    "json-depth": "max_json_depth",
    "rule-seconds": "max_rule_seconds",
    "memory": "max_memory_bytes",
    "stdin-bytes": "max_stdin_bytes",
    "zip-bytes": "max_zip_bytes",
}
_TOLD = re.compile(r"\(limit ([a-z-]{1,20})\)")


def told(what: str, name: str) -> str:
    """Say that a limit was hit, with the name to change it by."""
    return f"{what} (limit {name})"


def limits_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the limits that the texts tell of, sorted."""
    found = {match[1] for text in texts for match in _TOLD.finditer(text)}
    return tuple(sorted(found & NAMES.keys()))


class Budget:
    """What is left of the limits in one pass."""

    __slots__ = ("limits", "members", "unpacked")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.unpacked = 0
        self.members = 0

    def spend(self, count: int) -> None:
        """Count unpacked bytes.

        Raises:
            Damage: the total is over the limit.
        """
        self.unpacked += count
        if self.unpacked > self.limits.max_total_bytes:
            what = f"more than {self.limits.max_total_bytes} bytes when unpacked"
            raise Damage(told(what, "total-bytes"))

    def check_ratio(self, packed: int, unpacked: int) -> None:
        """Stop a stream that grows out of proportion.

        Raises:
            Damage: the stream unpacks to more than ``max_ratio`` times its size.
        """
        if unpacked > self.limits.ratio_floor and unpacked > packed * self.limits.max_ratio:
            what = f"unpacks to more than {self.limits.max_ratio} times its size"
            raise Damage(told(what, "ratio"))

    def count_member(self) -> None:
        """Count one member.

        Raises:
            Damage: there are more than the limit.
        """
        self.members += 1
        if self.members > self.limits.max_members:
            what = f"more than {self.limits.max_members} files; the rest is not read"
            raise Damage(told(what, "members"))
