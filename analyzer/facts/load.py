"""Bundle to facts: one pass over everything, node parts in a pool of processes where that pays."""

from __future__ import annotations

import multiprocessing
import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from analyzer.bundle import Bundle, Inventory, Limits, PartRef, collected_at
from analyzer.bundle.collection import SELECTION
from analyzer.bundle.stamps import settled
from analyzer.facts.assemble import Listings, assemble_identity
from analyzer.facts.azure import AzureExports
from analyzer.facts.error_lines import span_order
from analyzer.facts.event_texts import event_items
from analyzer.facts.facts import ApiServer, Facts
from analyzer.facts.garbage import collector_paused, keep_freed_memory
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import BY_RESOURCE, WHOLE, Events, ListingState, Objects, Pods
from analyzer.facts.logkinds import LogKind
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.facts.part import PartFacts, PartReader, load_part
from analyzer.facts.patterns import PatternSet
from analyzer.facts.scan import match_texts, merge
from analyzer.facts.shared import forget_shared
from analyzer.facts.usage import usage_of
from analyzer.model.gap import Gap, Presence

#: Packed bytes of node parts from which other processes are worth their start-up (about 0.5 s).
POOL_PAYS_BYTES = 24 * 1024 * 1024

#: ``on_step(stage, done, total)``: progress, drawn by the command line alone.
OnStep = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Loaded:
    """The facts, and the inventory of what the bundle held."""

    facts: Facts
    inventory: Inventory


def load_facts(
    bundle: Bundle,
    patterns: PatternSet,
    *,
    limits: Limits | None = None,
    jobs: int = 0,
    on_step: OnStep | None = None,
) -> Loaded:
    """Read the whole bundle. ``jobs`` are processes for node parts; 0 takes one per core."""
    with collector_paused():
        try:
            return _load(bundle, patterns, limits or Limits(), jobs or os.cpu_count() or 1, on_step)
        finally:
            forget_shared()


def _load(
    bundle: Bundle, patterns: PatternSet, limits: Limits, jobs: int, on_step: OnStep | None
) -> Loaded:
    step = on_step or (lambda stage, done, total: None)
    manifest = bundle.manifest
    reference = manifest.finished if manifest is not None else None
    if reference is None and bundle.told is not None:
        reference = bundle.told.when
    if bundle.partitioned:
        load = partial(load_part, limits=limits, patterns=patterns, reference=reference)
        parts = _read_parts(bundle.parts(), load, jobs, step)
        inventory = bundle.finish(part.inventory for part in parts)
    else:
        make = partial(PartReader, patterns, reference)
        readers = _read_stream(bundle, make, step)
        inventory = bundle.finish()
        parts = [
            readers.get(name, make()).result(held) for name, held in sorted(inventory.parts.items())
        ]
    return Loaded(_facts(bundle, inventory, parts, patterns), inventory)


def _read_parts(
    refs: list[PartRef], load: Callable[[PartRef], PartFacts], jobs: int, step: OnStep
) -> list[PartFacts]:
    nodes = [ref for ref in refs if ref.name.startswith("nodes/")]
    others = [ref for ref in refs if not ref.name.startswith("nodes/")]
    total = len(refs)
    if jobs < 2 or len(nodes) < 2 or sum(n.size_bytes for n in nodes) < POOL_PAYS_BYTES:
        return [_stepping(load, ref, i, total, step) for i, ref in enumerate(refs, start=1)]
    try:
        return _in_pool(nodes, others, load, jobs, step)
    except BrokenProcessPool:  # no room for it, or a caller whose main module cannot be imported
        return [_stepping(load, ref, i, total, step) for i, ref in enumerate(refs, start=1)]


def _in_pool(
    nodes: list[PartRef],
    others: list[PartRef],
    load: Callable[[PartRef], PartFacts],
    jobs: int,
    step: OnStep,
) -> list[PartFacts]:
    total = len(nodes) + len(others)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, keep_freed_memory) as pool:
        pending = pool.map(load, nodes, chunksize=max(1, min(16, len(nodes) // (jobs * 4))))
        # The API server's view is parsed here meanwhile: its objects are dear to send about.
        done = [_stepping(load, ref, i, total, step) for i, ref in enumerate(others, start=1)]
        for position, part in enumerate(pending, start=len(others) + 1):
            done.append(part)
            step("Reading", position, total)
    return done


def _stepping(
    load: Callable[[PartRef], PartFacts], ref: PartRef, position: int, total: int, step: OnStep
) -> PartFacts:
    part = load(ref)
    step("Reading", position, total)
    return part


def _read_stream(
    bundle: Bundle, make: Callable[[], PartReader], step: OnStep
) -> dict[str, PartReader]:
    """One sequential pass: the members of the parts may come mixed."""
    readers: dict[str, PartReader] = {}
    for name, member in bundle.members():
        if name not in readers:
            readers[name] = make()
            step("Reading", len(readers), len(readers))
        readers[name].feed(member)
    return readers


def _facts(
    bundle: Bundle, inventory: Inventory, parts: list[PartFacts], patterns: PatternSet
) -> Facts:
    listings = _listings(inventory, parts)
    texts = {path: text for part in parts for path, text in part.texts.items()}
    archives = _archives(inventory, parts)
    azure = _azure(inventory, parts)
    when, source = collected_at(inventory, bundle.manifest)
    identity = assemble_identity(
        bundle.manifest, listings, archives, azure, texts.get("cluster/version.json"), when, source
    )
    if identity.collected_at is None:  # nothing of the API server: the newest line of a log
        newest = max((span.last for part in parts for span in part.spans), default=None)
        identity = replace(identity, collected_at=newest)
    if when is None:
        when, source = settled(inventory.told, identity.collected_at)
        identity = replace(identity, collected_at=when, collected_at_source=source)
    return Facts(
        identity=identity,
        listings=listings,
        archives=archives,
        api_server=_api_server(inventory, texts),
        azure=azure,
        logs=_logs(parts, listings, patterns),
        usage=usage_of(row for part in parts for row in part.use),
        gaps=tuple(sorted({g for part in parts for g in part.gaps}, key=str)),
    )


def _logs(parts: list[PartFacts], listings: Listings, patterns: PatternSet) -> Logs:
    """What all logs said; events count as a log of their own, with the same patterns."""
    events = listings[Events]
    read = {pair for part in parts for pair in part.read}
    said = [match for part in parts for match in part.matches]
    if events.readable:
        read.add((None, LogKind.EVENT))
        said += match_texts(patterns, event_items(events.items, listings[Pods].items))
    return Logs(
        matches=merge(said),
        read=frozenset(read),
        errors=tuple(row for part in parts for row in part.errors),
        spans=tuple(sorted((span for part in parts for span in part.spans), key=span_order)),
    )


def _listings(
    inventory: Inventory, parts: Iterable[PartFacts]
) -> dict[type[Objects[Any]], Objects[Any]]:
    items: dict[str, list[KubeObject]] = defaultdict(list)
    states: dict[str, dict[str, ListingState]] = defaultdict(dict)
    filtered = {f"cluster/{r.path}" for r in inventory.rows("cluster") if r.word == SELECTION}
    filtered |= {path for part in parts for path in part.inventory.selections}
    for part in parts:
        for resource, namespace, path, parsed in part.listings:
            items[resource] += parsed.items
            selection = path in filtered
            state = ListingState(path, parsed.presence, parsed.detail, selection)
            states[resource][namespace] = _worse(states[resource].get(namespace), state)
        if part.inventory.part == "cluster":
            for row in part.inventory.rows:
                _missing_listing(states, row.path, row.missing, row.note)
            _empty_listings(states, part)
    return {
        cls: cls.of_items(items[resource], states[resource])
        for resource, cls in BY_RESOURCE.items()
    }


def _empty_listings(states: dict[str, dict[str, ListingState]], part: PartFacts) -> None:
    """Lists over the whole cluster that were read and hold nothing: no member, only a row.

    Where a namespace's member is told of and not there (a torn archive), nothing is concluded.
    """
    shown = {path for _, _, path, _ in part.listings}
    torn = {
        "/".join(row.path.split("/")[1:3])
        for row in part.inventory.rows
        if row.path.endswith(".json") and row.missing is None
        if row.path.startswith("resources/") and f"cluster/{row.path}" not in shown
    }
    for row in part.inventory.rows:
        root, _, resource = row.path.partition("/")
        whole = root == "resources" and resource.count("/") == 1 and not row.path.endswith(".json")
        if whole and row.exit == 0 and not row.note and resource not in torn:
            told_by = "cluster/collection.tsv" if part.inventory.has_rows else row.item
            state = ListingState(told_by, Presence.PRESENT)
            states[resource].setdefault(WHOLE, state)


def _worse(known: ListingState | None, new: ListingState) -> ListingState:
    """Pages of one listing: it is whole only if all of them are."""
    return new if known is None or known.presence is Presence.PRESENT else known


def _missing_listing(
    states: dict[str, dict[str, ListingState]], path: str, missing: Presence | None, note: str
) -> None:
    """A row without data: the collector asked for this listing and did not get it."""
    if missing is None or not path.startswith("resources/"):
        return
    steps = path.removeprefix("resources/").removesuffix(".json").split("/")
    resource, namespace = "/".join(steps[:2]), steps[2] if len(steps) > 2 else WHOLE
    state = ListingState(f"cluster/{path}", missing, note)
    states[resource].setdefault(namespace.split(".")[0], state)


def _archives(inventory: Inventory, parts: Iterable[PartFacts]) -> NodeArchives:
    nodes: dict[str, NodeFiles] = {}
    for part in parts:
        name = part.inventory.part
        if not name.startswith("nodes/"):
            continue
        prefix = f"{name}/"
        files = {path.removeprefix(prefix): text for path, text in part.texts.items()}
        gaps = {
            row.path: Gap(path=prefix + row.path, reason=row.missing, detail=row.note)
            for row in part.inventory.rows
            if row.missing is not None
        }
        node = name.removeprefix("nodes/")
        nodes[node] = NodeFiles(node, files, gaps)
    return NodeArchives(nodes, {row.node: row.reason for row in inventory.nodes_missing})


def _azure(inventory: Inventory, parts: Iterable[PartFacts]) -> AzureExports:
    documents: dict[str, Any] = {}
    gaps: dict[str, Gap] = {}
    for part in parts:
        documents |= part.documents
        for row in part.inventory.rows if part.inventory.part == "azure" else ():
            if row.missing is not None:
                name = row.path.removesuffix(".json")
                gaps[name] = Gap(path=f"azure/{row.path}", reason=row.missing, detail=row.note)
    return AzureExports(documents, gaps)


def _api_server(inventory: Inventory, texts: dict[str, TextFile]) -> ApiServer:
    names = ("livez.txt", "readyz.txt", "feature-gates.txt")
    files = {name: texts[f"cluster/{name}"] for name in names if f"cluster/{name}" in texts}
    gaps = {}
    for name in names:
        state = inventory.state(f"cluster/{name}")
        if name not in files:
            gaps[name] = Gap(path=f"cluster/{name}", reason=state.presence, detail=state.note)
    return ApiServer(files, gaps)
