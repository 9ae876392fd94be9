"""One part of a bundle to facts: each member is read once and handed to whoever wants it.

What comes out is small and picklable, so that node parts can be read in other processes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from analyzer.bundle import Limits, Member, PartInventory, PartRecorder, PartRef, read_part
from analyzer.bundle.depth import nested_deeper, value_deeper
from analyzer.bundle.limits import MEMORY_PER_JSON_BYTE, told
from analyzer.facts.error_lines import ErrorShape, LogSpan
from analyzer.facts.garbage import collector_paused
from analyzer.facts.listings import BY_RESOURCE, WHOLE
from analyzer.facts.logkinds import LogKind, log_kind, place
from analyzer.facts.node_files import TextFile
from analyzer.facts.node_frames import framed
from analyzer.facts.parse.arm import plain_form
from analyzer.facts.parse.kube_list import Parsed
from analyzer.facts.parse.long_list import read_listing
from analyzer.facts.patterns import PatternSet
from analyzer.facts.processes import NodeProcesses
from analyzer.facts.scan import Match, Scanner
from analyzer.facts.usage import NodeUse, read_use, tells_use
from analyzer.model.gap import Gap, Presence

_LISTING = re.compile(
    r"^cluster/resources/(?P<group>[^/]+)/(?P<resource>[^/.]+)(?:/(?P<namespace>[^/]+?))?"
    r"(?:\.(?P<page>\d{4}))?\.(?:json|yaml)$"
)
#: Node items that are kept as text: small, and asked for by rules or by the detection of modes.
_KEPT = re.compile(
    r"^nodes/[^/]+/(?:host/(?:os-release|uname|uptime|clock|meminfo|pressure|df|df-inodes|failed-units"
    r"|reboot-required|sysctl|limits|mounts|packages)|kubelet/(?:flags|config\.json|healthz\.txt|cert-dates)"
    r"|containerd/(?:version\.txt|config\.toml)|cni/(?:net\.d/[^/]+|bin\.sha256)"
    r"|network/(?:resolv\.conf|conntrack-stats|iptables-save)"
    r"|azure/(?:instance\.json|extensions)|probes/[^/]+\.json)$"
)
_CLUSTER_TEXT = re.compile(r"^cluster/(?:livez\.txt|readyz\.txt|feature-gates\.txt|version\.json)$")
#: Source: uptime(1) of procps and of busybox.
_UP = re.compile(
    r"\bup\s+(?:(?P<days>\d{1,5}) days?)?,?\s*"
    r"(?:(?P<hours>\d{1,2}):(?P<minutes>\d\d)|(?P<min>\d{1,2}) min)?"
)
#: Source: proc_uptime(5): seconds since boot, and idle seconds of all CPUs.
_PROC_UPTIME = re.compile(r"^(?P<seconds>\d{1,10}(?:\.\d{1,6})?) [\d.]+\s*$")
#: A clock that says anything else is broken, and sums with its times could leave the calendar.
_YEARS = range(2000, 9000)
#: A kept text is cut here; the longest of them are a few KiB on real nodes.
MAX_TEXT_BYTES = 256 * 1024
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class PartFacts:
    """What one part gave. Keys are canonical paths; values name the path as found."""

    inventory: PartInventory
    #: (resource, namespace or WHOLE, path as found, what was parsed)
    listings: tuple[tuple[str, str, str, Parsed], ...] = ()
    texts: dict[str, TextFile] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    use: tuple[NodeUse | NodeProcesses, ...] = ()
    matches: tuple[Match, ...] = ()
    errors: tuple[ErrorShape, ...] = ()
    spans: tuple[LogSpan, ...] = ()
    read: frozenset[tuple[str | None, LogKind]] = frozenset()
    gaps: tuple[Gap, ...] = ()


class PartReader:
    """Takes the members of one part as they stream by, and adds up what they give."""

    def __init__(self, patterns: PatternSet, reference: datetime | None = None) -> None:
        self._scanner = Scanner(patterns, reference=reference)
        self._reference = reference
        self._listings: list[tuple[str, str, str, Parsed]] = []
        self._texts: dict[str, TextFile] = {}
        self._documents: dict[str, Any] = {}
        self._use: list[NodeUse | NodeProcesses] = []
        self._read: set[tuple[str | None, LogKind]] = set()
        self._gaps: list[Gap] = []
        self._held = 0

    def feed(self, member: Member) -> None:
        """Read one member, once."""
        path = member.path
        listing = _LISTING.match(path)
        if listing:
            self._listing(member, listing["group"], listing["resource"], listing["namespace"])
        elif path.startswith("azure/") and path.endswith(".json"):
            self._document(member)
        elif tells_use(path):
            use = read_use(path, member.read(), member.evidence_path)
            self._use += [use] if use is not None else []
        elif _KEPT.match(path) or _CLUSTER_TEXT.match(path):
            text = framed(path, member.read())[:MAX_TEXT_BYTES].decode("utf-8", "replace")
            self._texts[path] = TextFile(member.evidence_path, sys.intern(text))
        kind = log_kind(path)
        if kind is not None and not listing:
            self._read.add((place(path)[0], kind))
            self._scanner.feed(path, member.text_chunks(), found_at=member.evidence_path)

    def _listing(self, member: Member, group: str, resource: str, namespace: str | None) -> None:
        key = f"{group}/{resource}"
        cls = BY_RESOURCE.get(key)
        if cls is None:
            return
        why = self._no_room(member) or _too_deep(member)
        parsed = (
            Parsed(presence=Presence.FAILED, detail=why) if why else read_listing(member, cls.model)
        )
        if member.truncated and parsed.presence is Presence.PRESENT:
            parsed = Parsed(parsed.items, Presence.TRUNCATED, "cut", parsed.gaps)
        for item in parsed.items:
            item.found_in(member.evidence_path, cls.kind)
        self._listings.append((key, namespace or WHOLE, member.evidence_path, parsed))
        self._gaps += parsed.gaps
        if parsed.presence is not Presence.PRESENT:
            gap = Gap(path=member.evidence_path, reason=parsed.presence, detail=parsed.detail)
            self._gaps.append(gap)

    def _document(self, member: Member) -> None:
        name = member.path.removeprefix("azure/").removesuffix(".json")
        if why := self._no_room(member):
            self._gaps.append(_unreadable(member, why))
            return
        data = member.read()
        if len(data) > MAX_DOCUMENT_BYTES:
            self._gaps.append(_unreadable(member, "an export of more than 64 MiB is not read"))
            return
        try:
            document = orjson.loads(data)
        except (orjson.JSONDecodeError, RecursionError):
            self._gaps.append(_unreadable(member, "not readable as JSON"))
            return
        if value_deeper(document, most := member.limits.max_json_depth):
            why = told(f"nested more than {most} levels deep", "json-depth")
            self._gaps.append(_unreadable(member, why))
            return
        self._documents[name] = plain_form(name, document)

    def _no_room(self, member: Member) -> str:
        """Say why a document is not read: all that is kept has to fit into memory."""
        most = member.limits.max_memory_bytes
        needed = self._held + member.size * MEMORY_PER_JSON_BYTE
        if needed > most:
            return told(f"not read: the objects would take more than {most} bytes", "memory")
        self._held = needed
        return ""

    def result(self, inventory: PartInventory) -> PartFacts:
        """What all members gave."""
        return PartFacts(
            inventory=inventory,
            listings=tuple(self._listings),
            texts=self._texts,
            documents=self._documents,
            use=tuple(self._use),
            matches=self._scanner.results(self._boot(inventory)),
            errors=self._scanner.errors(),
            spans=self._scanner.spans(),
            read=frozenset(self._read),
            gaps=tuple(self._gaps),
        )

    def _boot(self, inventory: PartInventory) -> datetime | None:
        """When the node booted, by its ``host/uptime``; None where that cannot be told."""
        file = self._texts.get(f"{inventory.part}/host/uptime")
        up = _time_up(file.text) if file is not None else None
        asked = (row.started for row in inventory.rows if row.path == "host/uptime")
        when = next((at for at in asked if at is not None), None) or self._reference
        if up is None or when is None or when.year not in _YEARS:
            return None
        return when - up


def _time_up(text: str) -> timedelta | None:
    """How long a machine was up, from ``uptime`` (to the minute) or from ``/proc/uptime``."""
    if match := _PROC_UPTIME.match(text):
        return timedelta(seconds=float(match["seconds"]))
    match = _UP.search(text)
    parts = {k: int(v) for k, v in match.groupdict().items() if v} if match else {}
    if not parts:
        return None
    minutes = parts.get("minutes", 0) + parts.get("min", 0)
    return timedelta(days=parts.get("days", 0), hours=parts.get("hours", 0), minutes=minutes)


#: Readers of JSON stop at this depth or deeper of themselves; a lower limit has to be looked for.
_DEPTH_OF_READERS = Limits().max_json_depth


def _too_deep(member: Member) -> str:
    """Say why a document is not read; the default is told by the readers, at no cost."""
    most = member.limits.max_json_depth
    if most < _DEPTH_OF_READERS and nested_deeper(member.read(), most):
        return told(f"nested more than {most} levels deep", "json-depth")
    return ""


def _unreadable(member: Member, why: str) -> Gap:
    return Gap(path=member.evidence_path, reason=Presence.FAILED, detail=why)


def load_part(
    part: PartRef, limits: Limits, patterns: PatternSet, reference: datetime | None = None
) -> PartFacts:
    """Read one part from beginning to end; works in any process.

    ``reference`` is the collection time: stamps without a year are resolved against it.
    """
    recorder = PartRecorder(part.name)
    members: Iterator[Member] = read_part(part, limits, recorder)
    reader = PartReader(patterns, reference)
    with collector_paused():
        for member in members:
            reader.feed(member)
        return reader.result(recorder.result())
