"""What the rules on nodes share: nodes that only come or go, conditions that hold, moments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from analyzer.facts.listings import KnownNodes, Nodes
from analyzer.facts.node_files import NodeArchives, TextFile
from analyzer.facts.objects import Condition, Node
from analyzer.facts.parse.timestamps import seconds_since_boot
from analyzer.facts.scan import Match
from analyzer.model.gap import Gap, NotCollected, Presence

#: A node that joined so recently may still be starting its network and its agents.
START_UP = timedelta(minutes=10)
#: What a log said longer ago than this is history.
RECENT = timedelta(hours=24)
#: Taints under which a node goes away on purpose (cluster autoscaler, shutdown, scale-down).
#: DeletionCandidateOfClusterAutoscaler is not among them: it only says that the autoscaler may
#: take the node some day, and may stay for hours (github.com/kubernetes/autoscaler/issues/7964).
LEAVING = frozenset(
    {
        "ToBeDeletedByClusterAutoscaler",
        "node.cloudprovider.kubernetes.io/shutdown",
        "karpenter.sh/disrupted",
    }
)


def settled(node: Node, now: datetime | None) -> bool:
    """False for a node that has just joined, that is being removed, or that is no machine."""
    created = node.metadata.creation_timestamp
    young = created is not None and now is not None and now - created < START_UP
    return not (young or leaving(node) or virtual(node))


def files_of(archives: NodeArchives, item: str) -> Iterator[tuple[str, TextFile]]:
    """That item of every node that sent it, with the node's name.

    Raises:
        NotCollected: at the end, where no node sent it.
    """
    gaps: list[Gap] = []
    read = False
    for archive in archives.require():
        try:
            file = archive.get(item)
        except NotCollected as missing:
            gaps += missing.gaps
            continue
        read = True
        yield archive.node, file
    if not read:
        raise NotCollected(*gaps)


def passing(nodes: Nodes | None, now: datetime | None) -> frozenset[str]:
    """Names of nodes that have just joined or are about to go."""
    listed = nodes.items if nodes is not None else ()
    return frozenset(node.name for node in listed if not settled(node, now))


def leaving(node: Node) -> bool:
    """True where the node is being deleted, scaled away or shut down."""
    if node.metadata.deletion_timestamp is not None:
        return True
    return any(taint.key in LEAVING for taint in node.spec.taints)


def virtual(node: Node) -> bool:
    """True for a virtual node, which has no machine behind it."""
    return node.metadata.labels.get("type") == "virtual-kubelet"


def holds(node: Node, condition: str) -> Condition | None:
    """The condition of that type if its status is True."""
    found = node.condition(condition)
    return found if found is not None and found.status == "True" else None


def is_recent(when: datetime | None, now: datetime | None, span: timedelta = RECENT) -> bool:
    """True for a moment within ``span`` before ``now``, and where either is not known."""
    return when is None or now is None or now - when <= span


def is_fresh(match: Match, now: datetime | None, span: timedelta = RECENT) -> bool:
    """True for lines of a log that went on until lately.

    Lines in seconds since a boot that nobody knows may be of any day: they never count.
    """
    return not since_boot(match) and is_recent(match.last_seen, now, span)


def since_boot(match: Match) -> bool:
    """True where the lines tell seconds since boot, and nothing told when that was."""
    heads = ((sample.excerpt or "").encode() for sample in match.samples)
    return match.last_seen is None and any(seconds_since_boot(h) is not None for h in heads)


def require_boot(matches: Iterable[Match]) -> None:
    """Stop a rule from calling clear what it could not date.

    Raises:
        NotCollected: there are lines in seconds since a boot that nothing dates.
    """
    detail = "the kernel's log tells seconds since boot, and nothing tells when that was"
    undated = sorted({match.node for match in matches if match.node and since_boot(match)})
    if undated:
        paths = [f"nodes/{node}/host/uptime" for node in undated]
        raise NotCollected(*(Gap(path=p, reason=Presence.NOT_ASKED, detail=detail) for p in paths))


def stamp(when: datetime | None) -> str:
    """`` since 2026-03-02 08:10 UTC``, or nothing where it is not known."""
    return f" since {when:%Y-%m-%d %H:%M} UTC" if when else ""


def earliest(times: Iterable[datetime | None]) -> datetime | None:
    """The first of the moments that are known."""
    return min((time for time in times if time is not None), default=None)


def by_node(matches: Iterable[Match]) -> dict[str, list[Match]]:
    """Matches by the node on which they were made; those of no node are left out."""
    found: dict[str, list[Match]] = {}
    for match in matches:
        if match.node:
            found.setdefault(match.node, []).append(match)
    return found


def late(match: Match) -> int:
    """Lines that did not fall into the first minutes after a boot or a start."""
    return match.count - match.in_boot_grace


def pools_of(nodes: Iterable[Node]) -> Mapping[str, list[Node]]:
    """Nodes by node pool, in the order of the listing; nodes of no pool under an empty name."""
    pools: dict[str, list[Node]] = {}
    for node in nodes:
        pools.setdefault(node.pool, []).append(node)
    return pools


def counted(names: list[str], one: str, many: str) -> str:
    """``node a`` for one name, ``3 nodes (a, b, c)`` for several, at most five of them told."""
    if len(names) == 1:
        return f"{one} {names[0]}"
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return f"{len(names)} {many} ({shown})"


def require_conditions(nodes: Nodes | KnownNodes) -> None:
    """Stop a rule from calling clear what it never saw.

    Raises:
        NotCollected: the listing is not whole, or nodes are shown without their conditions.
    """
    gaps = list(nodes.gaps)
    for node in nodes.items:
        if node.path and node.status.conditions is None:
            detail = f"the conditions of node {node.name} are not shown"
            gaps.append(Gap(path=node.path, reason=Presence.NOT_ASKED, detail=detail))
    if gaps:
        raise NotCollected(*gaps)
