"""On which nodes and in which pools each finding sits, short enough to stand in an attribute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analyzer.model.finding import Finding
from analyzer.render.index import Index
from analyzer.render.shape import FilterOption
from analyzer.render.text import base36, instances, short


@dataclass(frozen=True, slots=True)
class Places:
    """Keys of pools by finding id, nodes by finding id (see :func:`compact`), and the choices."""

    pools: Mapping[str, str]
    nodes: Mapping[str, str]
    options: tuple[FilterOption, ...]


def build_places(index: Index, by_node: Mapping[str, tuple[Finding, ...]]) -> Places:
    """Turn "what is on a node" around. ``by_node`` has only nodes of the cluster's own list."""
    pool_of = {node.name: node.pool for node in index.diagnosis.cluster.node_list}
    nodes: dict[str, list[str]] = {}
    for name, findings in by_node.items():
        for finding in findings:
            nodes.setdefault(finding.id, []).append(name)
    pools = {key: {pool_of[name] for name in names} for key, names in nodes.items()}
    known = sorted(set().union(*pools.values()))
    keys = {pool: f"p{number}" for number, pool in enumerate(known)}
    return Places(
        pools={key: " ".join(sorted(keys[pool] for pool in own)) for key, own in pools.items()},
        nodes={key: compact(names) for key, names in nodes.items()},
        options=tuple(
            FilterOption(
                keys[pool],
                short(pool, 60) or "no pool",
                sum(pool in own for own in pools.values()),
            )
            for pool in known
        ),
    )


def compact(names: Iterable[str]) -> str:
    """``aks-np1-31415926-vmss:0-3k,4a =other-node``: instances of scale sets in base 36."""
    sets, plain = instances(names)
    parts = [
        f"{scale_set}:"
        + ",".join(
            base36(first) if first == last else f"{base36(first)}-{base36(last)}"
            for first, last in runs
        )
        for scale_set, runs in sets.items()
    ]
    return " ".join("_".join(part.split()) for part in (*parts, *(f"={name}" for name in plain)))
