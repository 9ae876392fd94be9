"""The list of gaps: what is missing or damaged, told once even where it is so on 2,000 nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from analyzer.bundle.items import expected_items, kind_of, part_of
from analyzer.model.gap import Gap, Presence

if TYPE_CHECKING:
    from analyzer.bundle.inventory import Inventory

#: From so many nodes on, the same gap is told once for all of them.
_MANY = 4
#: Nodes named in such a gap.
_NAMED = 3
_MISSING = (Presence.TRUNCATED, Presence.FORBIDDEN, Presence.FAILED)


#: What of a node's part decides which of its items were never asked for.
Variant = tuple[frozenset[str], frozenset[str], frozenset[tuple[str, str, int | None, bool]]]


def collect_gaps(inventory: Inventory) -> tuple[Gap, ...]:
    """Return all gaps of a bundle, sorted by path, reason and detail.

    ABSENT is no gap: the source said that there is no such thing. What nobody asked for is one,
    except where the format calls it optional.
    """
    found = {*_outer(inventory), *_nodes(inventory)}
    variants: dict[Variant, tuple[Gap, ...]] = {}
    for part in inventory.parts:
        found |= {*_asked(inventory, part), *_never_asked_once(inventory, part, variants)}
    found |= {*_missing_parts(inventory)}
    return tuple(sorted(_folded(found), key=lambda gap: (gap.path, gap.reason, gap.detail)))


def _outer(inventory: Inventory) -> Iterator[Gap]:
    yield from inventory.outer.gaps
    manifest = inventory.manifest
    if inventory.layout == "demarc-1" and manifest is None:
        detail = "no manifest: the run was interrupted, or the bundle was put together by hand"
        yield Gap(path="manifest.json", reason=Presence.ABSENT, detail=detail)
    if manifest and manifest.format and manifest.format > 1:
        detail = f"format {manifest.format} is newer than the 1 that this reader knows"
        yield Gap(path="manifest.json", reason=Presence.TRUNCATED, detail=detail)


def _nodes(inventory: Inventory) -> Iterator[Gap]:
    for row in inventory.nodes_missing:
        state = inventory.state(f"nodes/{row.node}")
        yield Gap(path=f"nodes/{row.node}", reason=state.presence, detail=state.note)


def _asked(inventory: Inventory, name: str) -> Iterator[Gap]:
    """Yield what the part's own table says, where no damage was told of the same file."""
    part = inventory.parts[name]
    yield from part.gaps
    told = {gap.path for gap in part.gaps}
    states = inventory.states(name)
    for row in part.rows:
        path = f"{name}/{row.path}"
        state = states.of(row.path)
        if state.presence in _MISSING and path not in told:
            yield Gap(path=path, reason=state.presence, detail=state.note)
    if inventory.own and part.files and not part.has_rows:
        detail = "missing: nothing says what was asked for in this part"
        yield Gap(path=f"{name}/collection.tsv", reason=Presence.ABSENT, detail=detail)


def _never_asked_once(
    inventory: Inventory, name: str, variants: dict[Variant, tuple[Gap, ...]]
) -> Iterator[Gap]:
    """Look at each variant of a node's table once: most of 2,000 nodes have the same one."""
    if kind_of(name) != "node":
        yield from _never_asked(inventory, name)
        return
    part = inventory.parts[name]
    rows = frozenset((row.path, row.word, row.exit, row.truncated) for row in part.rows)
    variant = (frozenset(part.files), part.blank, rows)
    if variant not in variants:
        variants[variant] = tuple(_never_asked(inventory, name))
    for gap in variants[variant]:
        rel = part_of(gap.path)[1]
        yield gap.model_copy(update={"path": f"{name}/{rel}" if rel else name})


def _never_asked(inventory: Inventory, name: str) -> Iterator[Gap]:
    """Yield the items that nobody asked for, in parts that say what was asked for."""
    if not inventory.parts[name].has_rows:
        if not inventory.own:
            yield Gap(path=name, reason=Presence.NOT_ASKED, detail=_held(inventory, name))
        return
    for item, state in inventory.expected(name):
        if state.presence is Presence.NOT_ASKED and not item.optional:
            detail = state.note or f"{item.what}: never asked for"
            yield Gap(path=f"{name}/{item.path}", reason=Presence.NOT_ASKED, detail=detail)


def _held(inventory: Inventory, name: str) -> str:
    states = [state for _, state in inventory.expected(name)]
    here = sum(state.presence.readable for state in states)
    return f"{inventory.layout} holds {here} of the {len(states)} items of a full collection"


def _missing_parts(inventory: Inventory) -> Iterator[Gap]:
    kinds = {kind_of(name) for name in inventory.parts}
    paths = {"cluster": "cluster", "azure": "azure", "node": "nodes"}
    for kind, what in expected_items().parts.items():
        if kind in kinds or (kind == "node" and inventory.nodes_missing):
            continue
        state = inventory.state(paths[kind] if kind != "node" else "nodes/*")
        detail = f"{what}: {state.note}" if state.note else f"no {what}"
        yield Gap(path=paths[kind], reason=state.presence, detail=detail)


def _folded(gaps: Iterable[Gap]) -> Iterator[Gap]:
    """Yield the gaps; those that differ in nothing but the node become one with ``nodes/*``."""
    alike: dict[tuple[str, Presence, str], list[str]] = defaultdict(list)
    for gap in gaps:
        part, rel = part_of(gap.path)
        if kind_of(part) != "node" or not rel:
            yield gap
        else:
            alike[rel, gap.reason, gap.detail].append(part.removeprefix("nodes/"))
    for (rel, reason, detail), nodes in alike.items():
        if len(nodes) < _MANY:
            for node in nodes:
                yield Gap(path=f"nodes/{node}/{rel}", reason=reason, detail=detail)
            continue
        named = ", ".join(sorted(nodes)[:_NAMED])
        where = f"on {len(nodes)} nodes, among them {named}"
        text = f"{detail}; {where}" if detail else where
        yield Gap(path=f"nodes/*/{rel}", reason=reason, detail=text)
