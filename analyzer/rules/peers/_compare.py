"""Nodes of one pool, image, version and size, compared by what their files say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from analyzer.baselines.cohorts import Cohort, cohorts, odd_nodes
from analyzer.baselines.drift_rows import ABSENT
from analyzer.baselines.node_config import kubelet_flag_rows, sysctl_rows
from analyzer.baselines.node_settings import ASPECTS, Aspect, without_addresses
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.hit import DriftRow
from analyzer.rules.peers._pool_settings import asked_for

#: Below this there is no majority to differ from.
MIN_NODES = 3
#: Nodes that were made within this time got the same set-up from AKS.
ONE_BATCH = timedelta(hours=1)
#: Aspects of which only a part of the member is kept: the lines there have other numbers.
FRAMED = frozenset({"mounts", "iptables"})
#: CNI programs by name; their hashes stand in ``cni/bin.sha256`` as ``<hash>  <path>``.
CNI_PROGRAMS = "cni-programs"
#: Aspects that belong to the CNI, which under BYOCNI is the customer's own.
OF_CNI = frozenset({"cni", CNI_PROGRAMS})


@dataclass(frozen=True, slots=True)
class Odd:
    """Nodes that differ from the majority of their cohort in one aspect, all in the same way."""

    aspect: str
    what: str
    cohort: Cohort
    nodes: tuple[str, ...]
    majority: tuple[str, ...]
    rows: tuple[DriftRow, ...]
    file: TextFile
    #: Keys of rows with values that AKS sets on no node.
    never: frozenset[str]


def programs(text: str) -> dict[str, str]:
    """Lines of ``sha256sum`` as program and the head of its hash."""
    cells = (line.split(None, 1) for line in text.splitlines())
    return {row[1].rsplit("/", 1)[-1]: row[0][:12] for row in cells if len(row) == 2}


_ALL = (*ASPECTS, Aspect(CNI_PROGRAMS, "CNI programs", ("cni/bin.sha256",), programs))


def comparable(nodes: Nodes, archives: NodeArchives) -> dict[Cohort, tuple[NodeFiles, ...]]:
    """Cohorts of three nodes and more, with the archives that came.

    Raises:
        NotCollected: there are such cohorts, but too few of their nodes sent an archive.
    """
    large = {key: names for key, names in cohorts(nodes.items).items() if len(names) >= MIN_NODES}
    found = {
        key: tuple(archives.nodes[name] for name in names if name in archives.nodes)
        for key, names in large.items()
    }
    enough = {key: present for key, present in found.items() if len(present) >= MIN_NODES}
    if large and not enough:
        silent = [n for names in large.values() for n in names if n not in archives.nodes]
        raise NotCollected(
            *(Gap(path=f"nodes/{name}.tar.gz", reason=Presence.NOT_ASKED) for name in silent)
        )
    return enough


def odd_ones(
    cohort: Cohort, present: tuple[NodeFiles, ...], identity: Identity, *, with_cni: bool
) -> Iterator[Odd]:
    """Every difference from a clear majority, aspect by aspect; what updates move is left out."""
    for aspect in _ALL:
        if aspect.id in OF_CNI and not with_cni:
            continue
        for outlier in odd_nodes(cohort, aspect, present):
            rows = _real(aspect.id, outlier.rows)
            if rows:
                never = _never(aspect.id, rows, identity)
                yield Odd(
                    aspect.id, aspect.what, cohort, outlier.nodes, outlier.majority, rows,
                    outlier.files[0], never,
                )  # fmt: skip


def without(odd: Odd, asked: frozenset[str]) -> Odd | None:
    """The same without what the pool's custom configuration names; None if nothing is left."""
    rows = tuple(row for row in odd.rows if not asked_for(row, asked))
    never = odd.never & {row.path for row in rows}
    return replace(odd, rows=rows, never=never) if rows else None


def line_of(odd: Odd) -> int:
    """The line (from 1) of the node's file that shows the first difference; 1 if none does."""
    row = odd.rows[0]
    if odd.aspect == "iptables":
        table, _, rule = row.path.partition(": ")
        wanted = rule or f":{table.split()[1]} "
        lines = ((number, without_addresses(line)) for number, line in odd.file.lines())
        return next((number for number, line in lines if wanted in line), 1)
    key = row.path if odd.aspect in ("sysctl", "mounts") else row.path.rsplit(".", 1)[-1]
    key = key.rsplit(": ", 1)[-1]
    key = key.rsplit("] ", 1)[-1] if odd.aspect == "containerd" else key.rsplit("[", 1)[0]
    return next((number for number, line in odd.file.lines() if key and key in line), 1)


def told_by_peers(nodes: Nodes, archives: NodeArchives, identity: Identity) -> dict[str, set[str]]:
    """Settings that AKS sets on no node, by node, where the node differs from its pool in them."""
    told: dict[str, set[str]] = {}
    try:
        groups = comparable(nodes, archives)
    except NotCollected:
        return told
    for cohort, present in groups.items():
        for odd in odd_ones(cohort, present, identity, with_cni=False):
            for name in odd.nodes:
                flags = {f"--{key}" for key in odd.never}
                told.setdefault(name, set()).update(odd.never | flags)
    return told


def by_age(odd: Odd, nodes: Nodes) -> bool:
    """True where the odd nodes are all younger or all older than the others.

    AKS sets new nodes up with what its newest release says, on the same image too.
    """
    born = {n.name: n.metadata.creation_timestamp for n in nodes.items}
    ours = _times(odd.nodes, born)
    theirs = _times(odd.majority, born)
    if len(ours) != len(odd.nodes) or not theirs:
        return False
    return min(ours) > max(theirs) + ONE_BATCH or max(ours) < min(theirs) - ONE_BATCH


def _times(names: tuple[str, ...], born: dict[str, datetime | None]) -> list[datetime]:
    return [time for name in names if (time := born.get(name)) is not None]


def _real(aspect: str, rows: tuple[DriftRow, ...]) -> tuple[DriftRow, ...]:
    """Rows that say something; packages that are missing, and the kernel's, go with updates."""
    if aspect != "packages":
        return rows
    return tuple(r for r in rows if r.actual != ABSENT and not r.path.startswith("linux-"))


def _never(aspect: str, rows: tuple[DriftRow, ...], identity: Identity) -> frozenset[str]:
    """Keys of rows with values that AKS sets on no node."""
    settings = {row.path: row.actual for row in rows if row.actual != ABSENT}
    if aspect == "sysctl":
        found = sysctl_rows(settings, byocni=identity.network.byocni is not False)
        return frozenset(row.path for row in found)
    if aspect == "kubelet-flags":
        flags = kubelet_flag_rows(settings, identity.minor)
        return frozenset(row.path.removeprefix("--") for row in flags)
    return frozenset()
