"""A layered layout for the cause graph: longest path for layers, barycentres for the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SWEEPS = 6

Onward = Mapping[str, Sequence[str]]


def components(keys: Sequence[str], onward: Onward) -> tuple[tuple[str, ...], ...]:
    """Weakly connected groups, each in the order of ``keys``."""
    neighbours: dict[str, set[str]] = {key: set() for key in keys}
    for key in keys:
        for other in onward.get(key, ()):
            neighbours[key].add(other)
            neighbours[other].add(key)
    seen: set[str] = set()
    groups: list[tuple[str, ...]] = []
    for key in keys:
        if key in seen:
            continue
        group, waiting = {key}, [key]
        while waiting:
            fresh = neighbours[waiting.pop()] - group
            group |= fresh
            waiting += sorted(fresh)
        seen |= group
        groups.append(tuple(other for other in keys if other in group))
    return tuple(groups)


def without_implied(onward: Onward) -> dict[str, tuple[str, ...]]:
    """Drop an edge where another way leads to the same place; the graph must have no circles."""
    return {
        key: tuple(
            target
            for target in targets
            if not any(target in _reachable(other, onward) for other in targets if other != target)
        )
        for key, targets in onward.items()
    }


def _reachable(start: str, onward: Onward) -> set[str]:
    seen: set[str] = set()
    waiting = list(onward.get(start, ()))
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting += onward.get(key, ())
    return seen


def layers(keys: Sequence[str], onward: Onward) -> tuple[tuple[str, ...], ...]:
    """Columns from causes to symptoms, each ordered so that few edges cross."""
    depth = _depths(keys, onward)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for key in keys:
        columns[depth[key]].append(key)
    incoming: dict[str, list[str]] = {key: [] for key in keys}
    for key in keys:
        for target in onward.get(key, ()):
            incoming[target].append(key)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        row = {key: float(place) for column in columns for place, key in enumerate(column)}
        for column in columns if forward else reversed(columns):
            linked = incoming if forward else onward
            centre = {key: _centre(linked.get(key, ()), row, row[key]) for key in column}
            column.sort(key=lambda key, at=centre: (at[key], row[key]))  # type: ignore[misc]
            row.update({key: float(place) for place, key in enumerate(column)})
    return tuple(tuple(column) for column in columns)


def _depths(keys: Sequence[str], onward: Onward) -> dict[str, int]:
    """Longest way from a root; repeated passes settle since there are no circles."""
    depth = dict.fromkeys(keys, 0)
    for _ in keys:
        settled = True
        for key in keys:
            for target in onward.get(key, ()):
                if depth[target] <= depth[key]:
                    depth[target] = depth[key] + 1
                    settled = False
        if settled:
            break
    return depth


def _centre(linked: Sequence[str], row: Mapping[str, float], own: float) -> float:
    places = [row[key] for key in linked]
    return sum(places) / len(places) if places else own
