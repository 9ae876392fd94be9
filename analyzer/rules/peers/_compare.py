"""Nodes of one pool, image, version and size, compared by what their files say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.baselines.cohorts import Cohort, cohorts, difference, variants
from analyzer.baselines.drift_rows import ABSENT
from analyzer.baselines.node_config import kubelet_flag_rows, sysctl_rows
from analyzer.baselines.node_settings import ASPECTS, Aspect, Settings
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.hit import DriftRow

#: Below this there is no majority to differ from.
MIN_NODES = 3
#: Nodes that were made within this time got the same set-up from AKS.
ONE_BATCH = timedelta(hours=1)
#: Kernel settings that the kernel, the network of pods or loaded modules move by themselves.
_MOVES = re.compile(
    r"^(?:kernel\.(?:perf_event_max_sample_rate|pid_max|tainted|sched|pty\.|random|hung_task_detect|acct"
    r"|keys\.|ns_last|hostname|threads|usermodehelper|cad_pid|numa|core_pattern|msgmn|sem\b|shm)"
    r"|net\.core\.(?:netdev_rss_key|flow_limit|bpf_jit)|net\.ipv[46]\.(?:conf|neigh)\.(?!all\.|default\.)"
    r"|net\.ipv[46]\.route|net\.ipv4\.(?:inet_peer|ipfrag|ip_local_reserved|tcp_(?:mem|fastopen|avail"
    r"|allowed|cong)|udp_mem|fib)|net\.ipv6\.ip6frag|net\.netfilter|net\.(?:nf_conntrack|sunrpc|mptcp)"
    r"|fs\.(?:dentry|inode|file-nr|aio-nr|quota|epoll|binfmt|nfs|lease|mqueue)|dev\.|user\.|sunrpc\."
    r"|debug\.|abi\.|crypto\.|vm\.(?:stat|drop|min_free|user_reserve|admin_reserve|lowmem|nr_huge"
    r"|hugetlb|numa|compact))"
)
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
    """Every difference from a clear majority, aspect by aspect; moving values are left out."""
    by_name = {node.node: node for node in present}
    for aspect in _ALL:
        if aspect.id in OF_CNI and not with_cni:
            continue
        first, *others = variants(aspect, present) or (None,)
        if first is None or 2 * len(first.nodes) <= len(first.nodes) + sum(
            len(other.nodes) for other in others
        ):
            continue
        for other in others:
            rows = _real(aspect.id, difference(first.settings, other.settings), other.nodes)
            file = _file(aspect, by_name[other.nodes[0]])
            if rows and file is not None:
                never = _never(aspect.id, other.settings, identity) & {row.path for row in rows}
                yield Odd(
                    aspect.id, aspect.what, cohort, other.nodes, first.nodes, rows, file, never
                )


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


def _real(aspect: str, rows: tuple[DriftRow, ...], names: tuple[str, ...]) -> tuple[DriftRow, ...]:
    """Rows that say something: no name of a node in them, no value that moves by itself."""
    kept = [row for row in rows if not any(name in row.path + row.actual for name in names)]
    if aspect == "sysctl":
        # a key that one node lacks belongs to a kernel module that is loaded where it is needed
        kept = [row for row in kept if ABSENT not in (row.expected, row.actual)]
        kept = [row for row in kept if not _MOVES.match(row.path)]
    return tuple(kept)


def _never(aspect: str, settings: Settings, identity: Identity) -> frozenset[str]:
    if aspect == "sysctl":
        found = sysctl_rows(settings, byocni=identity.network.byocni is not False)
        return frozenset(row.path for row in found)
    if aspect == "kubelet-flags":
        rows = kubelet_flag_rows(settings, identity.minor)
        return frozenset(row.path.removeprefix("--") for row in rows)
    return frozenset()


def _file(aspect: Aspect, node: NodeFiles) -> TextFile | None:
    items = sorted(item for item in node.files if item.startswith(aspect.items))
    return node.files[items[0]] if items else None
