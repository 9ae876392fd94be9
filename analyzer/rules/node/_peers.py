"""A node against its like: what the other nodes of its pool (or of the cluster) show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from analyzer.baselines.attribution import Change, changes
from analyzer.baselines.managers import manager_of, provenance
from analyzer.facts.objects import Node

#: Share of the peers that must agree before a node that differs is an outlier.
AGREE = 2 / 3
#: Form: cloud-provider-azure, ``azure:///subscriptions/…/virtualMachineScaleSets/NAME/virtualMachines/0``.
_SCALE_SET = re.compile(r"/virtualMachineScaleSets/(?P<name>[^/]+)/", re.IGNORECASE)


def peers_of(node: Node, nodes: Iterable[Node]) -> list[Node]:
    """The other nodes of the pool; where there are none, the other nodes of the same system."""
    others = [n for n in nodes if n.name != node.name and n.windows == node.windows]
    own = _home(node)
    return [n for n in others if own and _home(n) == own] or others


def _home(node: Node) -> str:
    """The scale set of the machine, which no label can hide; without one the pool by label."""
    match = _SCALE_SET.search(node.spec.provider_id or "")
    return match["name"].lower() if match else node.pool


def agreed(peers: list[Node], value: Callable[[Node], str | None]) -> str | None:
    """What most peers show, None where they do not agree or show nothing."""
    found = Counter(v for peer in peers if (v := value(peer)) is not None)
    if not found:
        return None
    top, count = sorted(found.items(), key=lambda row: (-row[1], row[0]))[0]
    return top if count >= AGREE * len(peers) else None


def customer_wrote(node: Node) -> bool:
    """True if any field manager of the node is a tool of the customer; looks at no field."""
    entries = node.metadata.managed_fields or ()
    if not entries:
        return False
    meta = node.metadata
    by = provenance(meta.labels, meta.annotations, [entry.manager for entry in entries])
    return any(
        manager_of(e.manager, e.operation, e.subresource, by)[0] == "customer" for e in entries
    )


def author(node: Node, *paths: str) -> Change | None:
    """The newest change by a tool of the customer that touches one of the paths, or all of them.

    Whoever removes an entry owns at most the map or list around it, so that counts as well.
    """
    if not customer_wrote(node):
        return None
    own = [
        change
        for change in changes(node)
        if change.kind == "customer" and any(path in change.fields for path in paths)
    ]
    return max(own, key=lambda c: (c.time is not None, c.time, c.manager), default=None)
