"""Versions, pools, nodes and settings that moved between two sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from analyzer.compare.difference import PoolMove, SettingMove, VersionMove
from analyzer.compare.image_moves import image_moves
from analyzer.compare.snapshot import Snapshot
from analyzer.model.diagnosis import ClusterInfo, PoolInfo

#: In the order in which an upgrade goes: the control plane, the nodes, what they run.
_OF_NODES = ("node-image", "kubelet", "os", "kernel", "container-runtime")


def version_moves(before: Snapshot, after: Snapshot) -> tuple[VersionMove, ...]:
    """Versions that differ on both sides; what one side does not tell is no move."""
    old, new = before.diagnosis.cluster, after.diagnosis.cluster
    moves = []
    versions = (old.kubernetes_version, new.kubernetes_version)
    if all(versions) and versions[0] != versions[1]:
        moves.append(
            VersionMove(what="kubernetes", where="", before=versions[:1], after=versions[1:])
        )
    moves += _of_pools(before, after)
    if before.objects is not None and after.objects is not None:
        moves += image_moves(before.objects, after.objects)
    return tuple(moves)


def _of_pools(before: Snapshot, after: Snapshot) -> Iterator[VersionMove]:
    old, new = _by_pool(before), _by_pool(after)
    for what in _OF_NODES:
        for pool in sorted(old.keys() & new.keys()):
            values = old[pool].get(what, frozenset()), new[pool].get(what, frozenset())
            if all(values) and values[0] != values[1]:
                yield VersionMove(
                    what=what,
                    where=pool,
                    before=tuple(sorted(values[0])),
                    after=tuple(sorted(values[1])),
                )


def _by_pool(side: Snapshot) -> dict[str, dict[str, frozenset[str]]]:
    """From a bundle what its nodes report; from a report what it says of its pools."""
    found: dict[str, dict[str, frozenset[str]]] = {
        pool.name: {
            "node-image": frozenset(pool.images),
            "kubelet": frozenset(pool.kubelets),
            "os": frozenset(part for part in pool.os.split(", ") if part),
        }
        for pool in side.diagnosis.cluster.pools
    }
    for name, versions in side.pool_versions.items():
        found[name] = dict(versions.by_what)
    return found


def pool_moves(before: ClusterInfo, after: ClusterInfo) -> tuple[PoolMove, ...]:
    """Pools that came, went, or whose nodes or machine sizes changed."""
    old_nodes, new_nodes = _nodes(before), _nodes(after)
    old_pools, new_pools = _pools(before), _pools(after)
    moves = []
    for pool in sorted({*old_nodes, *new_nodes, *old_pools, *new_pools}):
        old, new = old_nodes.get(pool, set()), new_nodes.get(pool, set())
        sizes = _sizes(old_pools.get(pool)), _sizes(new_pools.get(pool))
        moved = all(sizes) and sizes[0] != sizes[1]
        if old != new or moved or (pool in old_pools) != (pool in new_pools):
            moves.append(
                PoolMove(
                    pool=pool,
                    before=len(old) if pool in old_nodes or pool in old_pools else None,
                    after=len(new) if pool in new_nodes or pool in new_pools else None,
                    added=tuple(sorted(new - old)),
                    removed=tuple(sorted(old - new)),
                    vm_sizes_before=sizes[0] if moved else (),
                    vm_sizes_after=sizes[1] if moved else (),
                )
            )
    return tuple(moves)


def _nodes(cluster: ClusterInfo) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for node in cluster.node_list:
        found[node.pool].add(node.name)
    return found


def _pools(cluster: ClusterInfo) -> dict[str, PoolInfo]:
    return {pool.name: pool for pool in cluster.pools}


def _sizes(pool: PoolInfo | None) -> tuple[str, ...]:
    return tuple(sorted(pool.vm_sizes)) if pool is not None else ()


def setting_moves(before: ClusterInfo, after: ClusterInfo) -> tuple[SettingMove, ...]:
    """Network, add-ons and third-party software, where both sides tell and say different things."""
    rows = [
        ("network mode", before.network.plugin, after.network.plugin),
        ("dataplane", before.network.dataplane, after.network.dataplane),
        ("network policy", before.network.policy, after.network.policy),
        ("kube-proxy", before.network.proxy, after.network.proxy),
    ]
    moves = [
        SettingMove(what=what, before=old, after=new)
        for what, old, new in rows
        if old != new and "unknown" not in f"{old} {new}" and old and new
    ]
    moves += _listed("add-on", before.add_ons, after.add_ons)
    moves += _listed("third-party software", before.third_party, after.third_party)
    return tuple(moves)


def _listed(what: str, old: Iterable[str], new: Iterable[str]) -> Iterator[SettingMove]:
    olds, news = set(old), set(new)
    for name in sorted(olds ^ news):
        came = name in news
        yield SettingMove(
            what=f"{what} {name}",
            before="absent" if came else "present",
            after="present" if came else "absent",
        )
