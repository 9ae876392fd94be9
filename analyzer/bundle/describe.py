"""What is in a bundle and what is missing from it, without judgement: data for ``inspect``."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from analyzer.bundle.inventory import Inventory, collected_at
from analyzer.bundle.items import kind_of
from analyzer.bundle.layouts.tools import tool_of
from analyzer.bundle.reader import Bundle
from analyzer.model.gap import Gap, Presence


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PartDescription(_Frozen):
    """One part: sizes in bytes, files, and how many of its items came to what."""

    name: str
    #: ``cluster``, ``node`` or ``azure``; empty for a part that the format does not know.
    kind: str
    #: Size in the bundle; 0 where the parts of a compressed archive cannot be told apart.
    packed_bytes: int
    unpacked_bytes: int
    files: int
    #: Items of the format by presence, all presences named, zeros included.
    items: dict[Presence, int]
    #: Why the part ends early; empty where it is whole.
    torn: str = ""
    #: Items that cannot be looked at though they were asked for, or are no optional ones.
    missing: tuple[Gap, ...] = ()


class ToolDescription(_Frozen):
    """Another tool that wrote an input, and the kinds of evidence that its output cannot hold."""

    name: str
    layout: str
    cannot: tuple[str, ...]
    #: Names of the inputs that it wrote.
    inputs: tuple[str, ...]


class BundleDescription(_Frozen):
    """The whole bundle. Times are UTC; ``collected_at_source`` says what the time rests on."""

    name: str
    layout: str
    format: int
    sha256: str
    collector: str
    cluster: str
    server_version: str
    packed_bytes: int
    unpacked_bytes: int
    started: datetime | None
    collected_at: datetime | None
    collected_at_source: str
    complete: bool
    nodes: tuple[str, ...]
    nodes_asked: int | None
    masked: dict[str, int]
    parts: tuple[PartDescription, ...]
    gaps: tuple[Gap, ...]
    #: Tools that wrote it, our own collector excepted.
    tools: tuple[ToolDescription, ...] = ()


def _tools(bundle: Bundle) -> tuple[ToolDescription, ...]:
    made: dict[str, list[str]] = {}
    for one in bundle.inputs:
        made.setdefault(one.layout, []).append(one.name)
    return tuple(
        ToolDescription(name=tool.name, layout=layout, cannot=tool.cannot, inputs=tuple(names))
        for layout, names in made.items()
        if (tool := tool_of(layout)) is not None
    )


def describe(bundle: Bundle, inventory: Inventory) -> BundleDescription:
    """Describe a bundle after the pass, from ``bundle.finish()``."""
    manifest = inventory.manifest
    when, source = collected_at(inventory, manifest)
    if when is None and inventory.told is not None:
        when, source = inventory.told.when, f"{inventory.told.source}, time zone unknown"
    packed = {part.name: part.size_bytes for part in bundle.parts()}
    parts = tuple(_part(inventory, name, packed.get(name, 0)) for name in inventory.parts)
    collector = manifest.collector if manifest else None
    return BundleDescription(
        name=bundle.name,
        layout=inventory.layout,
        format=inventory.format,
        sha256=inventory.sha256,
        collector=f"{collector.name} {collector.version}".strip() if collector else "",
        cluster=manifest.cluster.name if manifest else "",
        server_version=manifest.cluster.server_version if manifest else "",
        packed_bytes=bundle.size_bytes,
        unpacked_bytes=sum(part.unpacked_bytes for part in parts),
        started=_started(inventory),
        collected_at=when,
        collected_at_source=source,
        complete=inventory.complete,
        nodes=inventory.nodes,
        nodes_asked=manifest.nodes.asked if manifest else None,
        masked=manifest.masked if manifest else {},
        parts=parts,
        gaps=inventory.gaps(),
        tools=_tools(bundle),
    )


def _started(inventory: Inventory) -> datetime | None:
    """Return the start of the run: the manifest's, else that of the oldest row."""
    if inventory.manifest and inventory.manifest.started:
        return inventory.manifest.started
    rows = (row for part in inventory.parts.values() for row in part.rows)
    return min((row.started for row in rows if row.started), default=None)


def _part(inventory: Inventory, name: str, packed: int) -> PartDescription:
    part = inventory.parts[name]
    counts = Counter(state.presence for _, state in inventory.expected(name))
    return PartDescription(
        name=name,
        kind=kind_of(name) or "",
        packed_bytes=packed,
        unpacked_bytes=part.unpacked,
        files=len(part.files),
        items={presence: counts[presence] for presence in Presence},
        torn=part.torn,
        missing=_missing(inventory, name),
    )


def _missing(inventory: Inventory, name: str) -> tuple[Gap, ...]:
    """Return the items without content, and the rows that tell of files without content."""
    found: dict[str, Gap] = {}
    states = inventory.states(name)
    for row in inventory.parts[name].rows:
        state = states.of(row.path)
        if not state.presence.readable:
            path = f"{name}/{row.path}"
            found[path] = Gap(path=path, reason=state.presence, detail=state.note)
    for item, state in inventory.expected(name):
        path = f"{name}/{item.path}"
        if not (state.presence.readable or item.optional):
            found.setdefault(path, Gap(path=path, reason=state.presence, detail=state.note))
    return tuple(found[path] for path in sorted(found))
