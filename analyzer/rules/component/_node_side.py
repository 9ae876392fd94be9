"""Whether the nodes on which alone a component fails were looked at themselves."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Pod
from analyzer.model.signal import Signal
from analyzer.rules.component._managed import ChangeView

_SHOWN = 3


def node_view(
    kind: str, pods: Iterable[Pod], total: int, archives: NodeArchives | None
) -> ChangeView:
    """What is open where a DaemonSet fails on some of its nodes, and these sent no archive.

    The same pods run elsewhere, so that the node itself is a suspect: somebody may have changed it,
    which its own files would show.
    """
    failing = tuple(pods)
    if kind != "DaemonSet" or len(failing) >= total:
        return ChangeView(frozenset())
    there = archives.nodes if archives is not None else {}
    unseen = sorted({p.spec.node_name for p in failing if p.spec.node_name} - set(there))
    if not unseen:
        return ChangeView(frozenset())
    more = f" and {len(unseen) - _SHOWN} more" if len(unseen) > _SHOWN else ""
    text = (
        f"The archives of {', '.join(unseen[:_SHOWN])}{more}, which would show whether the nodes "
        "differ from those where it runs."
    )
    return ChangeView(frozenset({Signal.CHANGE_NOT_CHECKED}), (text,))
