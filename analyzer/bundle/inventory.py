"""The inventory of a bundle: what was there, what was not, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from analyzer.bundle.collection import NOTE_WORDS, CollectionRow
from analyzer.bundle.gaps import collect_gaps
from analyzer.bundle.globs import fixed_start, is_glob, pattern
from analyzer.bundle.items import Item, expected_items, kind_of, part_of
from analyzer.bundle.manifest import Manifest
from analyzer.bundle.presence import ItemState, PartStates, together
from analyzer.bundle.recorder import PartInventory
from analyzer.bundle.stamps import Stamp
from analyzer.model.gap import Gap, Presence


class MissingNode(NamedTuple):
    """A node without an archive, and why."""

    node: str
    reason: str


class Inventory:
    """What a bundle held. Every question has an answer: "never asked for" is one.

    ``parts`` by name; ``sha256`` is the input's sum (hex); ``layout`` and ``format`` as in
    ``Bundle``. ``bundle_gaps`` are those of the outer archive or folder.
    """

    def __init__(
        self,
        parts: Iterable[PartInventory],
        *,
        manifest: Manifest | None = None,
        layout: str = "demarc-1",
        format: int = 1,
        outer: PartInventory | None = None,
        sha256: str = "",
        told: Stamp | None = None,
    ) -> None:
        self.manifest = manifest
        self.layout = layout
        self.format = format
        self.sha256 = sha256
        #: When another tool says that it collected, which may be its clock without a zone.
        self.told = told
        self.outer = outer or PartInventory("")
        self.parts: Mapping[str, PartInventory] = _by_name(parts)
        self._states: dict[str, PartStates] = {}
        self._gaps: tuple[Gap, ...] | None = None

    def merge(self, parts: Iterable[PartInventory]) -> Inventory:
        """Return an inventory with more parts, such as those that other processes read."""
        return Inventory(
            (*self.parts.values(), *parts),
            manifest=self.manifest,
            layout=self.layout,
            format=self.format,
            outer=self.outer,
            sha256=self.sha256,
            told=self.told,
        )

    @property
    def own(self) -> bool:
        """True for our own layouts, whose parts say themselves what was asked for."""
        return self.format > 0

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the nodes that sent an archive, sorted.

        A stand-in, made of what the API server could get of a node's logs, is no such archive.
        """
        parts = (name for name, part in self.parts.items() if not _is_stand_in(part))
        return tuple(name.removeprefix("nodes/") for name in parts if kind_of(name) == "node")

    @property
    def nodes_missing(self) -> tuple[MissingNode, ...]:
        """Nodes without an archive, with the reason, sorted by name."""
        here = set(self.nodes)
        missing: dict[str, str] = {}
        if self.manifest:
            for row in self.manifest.nodes.missing:
                if row.node and row.node not in here:
                    missing[row.node] = row.reason
            for member in self.manifest.members:
                node = _node_of_archive(member.path)
                if node and node not in here and node not in missing:
                    missing[node] = "named in the manifest, not in the bundle"
        return tuple(MissingNode(node, missing[node]) for node in sorted(missing))

    def rows(self, part: str) -> tuple[CollectionRow, ...]:
        """Return the rows of a part's ``collection.tsv``; none for an unknown part."""
        found = self.parts.get(part)
        return found.rows if found else ()

    def state(self, path: str) -> ItemState:
        """Return what became of a canonical path, or of all that a pattern stands for.

        ``*`` and ``?`` stay within one path part, ``**`` does not. A pattern over nodes covers the
        nodes without an archive too. Lists in pages and in YAML answer for their ``.json`` path.
        """
        part, rel = part_of(path)
        if is_glob(part):
            names = [name for name in self._node_parts() if pattern(part).fullmatch(name)]
            if not names:
                return self._state_of_missing(part)
            return together([(f"{name}/{rel}", self._in_part(name, rel)) for name in names])
        return self._in_part(part, rel)

    def expected(self, part: str) -> tuple[tuple[Item, ItemState], ...]:
        """Return every item that the format knows for a part, with what became of it."""
        kind = kind_of(part)
        items = expected_items().of(kind) if kind else ()
        return tuple((item, self._in_part(part, item.path)) for item in items)

    def gaps(self) -> tuple[Gap, ...]:
        """Return what is missing or damaged, sorted; the same gap on many nodes is told once."""
        if self._gaps is None:
            self._gaps = collect_gaps(self)
        return self._gaps

    @property
    def complete(self) -> bool:
        """True where all that was asked for came back whole.

        That is: our own layout with its manifest, no node missing, nothing torn, no item refused
        or failed. Files that the collector cut at its own limits do not count, nor do tools that
        a node does not have: another run would not bring more.
        """
        if not self.own or self.manifest is None or self.nodes_missing or self.outer.gaps:
            return False
        for name, part in self.parts.items():
            if part.gaps or part.torn or part.damaged:
                return False
            if not part.has_rows or any(_failed(self.states(name), row) for row in part.rows):
                return False
        return True

    def newest_row(self) -> datetime | None:
        """Return the newest start time of all rows."""
        return max(
            (row.started for part in self.parts.values() for row in part.rows if row.started),
            default=None,
        )

    def states(self, part: str) -> PartStates:
        """Return the answers of one part that is there.

        Raises:
            KeyError: the bundle holds nothing of this part.
        """
        if part not in self._states:
            not_held = "" if self.own else f"this layout ({self.layout}) does not hold it"
            self._states[part] = PartStates(self.parts[part], not_held, self.outer.torn)
        return self._states[part]

    def _node_parts(self) -> list[str]:
        missing = [f"nodes/{row.node}" for row in self.nodes_missing]
        return sorted({*missing, *(name for name in self.parts if kind_of(name) == "node")})

    def _in_part(self, part: str, rel: str) -> ItemState:
        if part == "":
            return self._state_of_root(rel)
        if part not in self.parts:
            return self._state_of_missing(part)
        states = self.states(part)
        if not rel:
            torn = self.parts[part].torn
            return ItemState(Presence.TRUNCATED, torn) if torn else ItemState(Presence.PRESENT)
        if not is_glob(rel):
            return states.of(rel)
        found = states.of_glob(rel)
        if found is None and rel.endswith(".json"):
            found = states.of_glob(f"{rel.removesuffix('.json')}.yaml")
        if found is None and rel.endswith("/*.json"):  # one list for all namespaces
            whole = states.of(f"{rel.removesuffix('/*.json')}.json")
            found = whole if whole.presence.readable else None
        if found is None:
            return states.of(f"{fixed_start(rel)}/?") if "/" in rel else states.silent()
        return found

    def _state_of_root(self, rel: str) -> ItemState:
        if rel == "manifest.json":
            if self.manifest:
                return ItemState(Presence.PRESENT)
            return ItemState(Presence.ABSENT, "the run was interrupted, or this is another layout")
        return ItemState(Presence.NOT_ASKED, "no such part in this format")

    def _state_of_missing(self, part: str) -> ItemState:
        """Return the state of everything in a part that the bundle does not hold."""
        for row in self.nodes_missing:
            if f"nodes/{row.node}" == part:
                word = row.reason.split(maxsplit=1)[0].rstrip(":,;").lower() if row.reason else ""
                reason = f"no archive of this node: {row.reason or 'no reason given'}"
                return ItemState(NOTE_WORDS.get(word, Presence.FAILED), reason)
        if not self.own:
            return ItemState(Presence.NOT_ASKED, f"this layout ({self.layout}) does not hold it")
        if self.outer.torn:
            return ItemState(Presence.FAILED, f"may be lost: {self.outer.torn}")
        named = self.manifest.members if self.manifest else ()
        if any(member.path.startswith(f"{part}.") for member in named):
            return ItemState(Presence.FAILED, "named in the manifest, not in the bundle")
        what = "no archive of this node" if kind_of(part) == "node" else f"no {part} part"
        if part == "nodes/*":
            what = "no archive of any node"
        return ItemState(Presence.NOT_ASKED, f"the bundle holds {what}")


def _failed(states: PartStates, row: CollectionRow) -> bool:
    bad = (Presence.FORBIDDEN, Presence.FAILED)
    return row.word != "missing-tool" and states.of(row.path).presence in bad


def _by_name(parts: Iterable[PartInventory]) -> dict[str, PartInventory]:
    found: dict[str, PartInventory] = {}
    for part in parts:
        found[part.part] = found[part.part].joined(part) if part.part in found else part
    return {name: found[name] for name in sorted(found) if name}


def _is_stand_in(part: PartInventory) -> bool:
    """Tell the archive that the collector makes of a node that sent none: by rows that say so.

    They speak of whole folders (``host``, ``cni`` …), of which it then holds little or nothing.
    """
    return any(row.missing and row.path == "host" for row in part.rows)


def _node_of_archive(path: str) -> str:
    """Return the node whose archive a manifest member is; empty for other members."""
    folder, _, name = path.rpartition("/")
    if folder.rsplit("/", 1)[-1] != "nodes":
        return ""
    return name.removesuffix(".gz").removesuffix(".tgz").removesuffix(".tar")


def collected_at(
    inventory: Inventory, manifest: Manifest | None = None
) -> tuple[datetime | None, str]:
    """Return when the data was collected (UTC), and what says so. Never the wall clock.

    The source is ``manifest``, ``collection rows``, what another tool wrote with a time zone or,
    with None, ``nothing in the bundle``: the newest time in the data stands for it then, within
    what ``inventory.told`` leaves open (``stamps.settled``).
    """
    manifest = manifest or inventory.manifest
    if manifest and manifest.finished:
        return manifest.finished, "manifest"
    if newest := inventory.newest_row():
        return newest, "collection rows"
    if inventory.told is not None and inventory.told.exact:
        return inventory.told.when, inventory.told.source
    return None, "nothing in the bundle"
