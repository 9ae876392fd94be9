"""Events as texts for the patterns that are written for them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from analyzer.facts.logkinds import LogKind
from analyzer.facts.matches import TextItem
from analyzer.facts.objects import Event, Pod
from analyzer.facts.scan import BOOT_GRACE

Key = tuple[str | None, str]


def event_items(events: Iterable[Event], pods: Iterable[Pod] = ()) -> list[TextItem]:
    """One text per event: reason and message, about a node or a pod, with count and times.

    An event that ended within five minutes of the creation of its pod counts as start-up noise.
    ``pods`` tell on which node a pod runs and when it was created.
    """
    known = {(pod.namespace, pod.name): pod for pod in pods}
    return [_item(event, known) for event in events]


def _item(event: Event, known: dict[Key, Pod]) -> TextItem:
    kind, namespace, name = event.about
    pod = known.get((namespace, name)) if kind == "Pod" else None
    node = name if kind == "Node" else None
    if pod is not None:
        node = pod.spec.node_name
    elif kind == "Pod":
        node = str(event.source.get("host") or "") or None
    created = pod.metadata.creation_timestamp if pod is not None else None
    return TextItem(
        text=f"{event.reason}: {event.text}",
        kind=LogKind.EVENT,
        where=event.where("message", what=f"event {event.reason} of {kind} {name}"),
        node=node,
        namespace=namespace if kind == "Pod" else None,
        pod=name if kind == "Pod" else None,
        count=event.times,
        first_seen=event.first,
        last_seen=event.last,
        in_boot_grace=event.times if _at_start(created, event.last) else 0,
    )


def _at_start(created: datetime | None, last: datetime | None) -> bool:
    if created is None or last is None:
        return False
    return 0 <= (last - created).total_seconds() < BOOT_GRACE
