"""The events about pods, newest last; shared by the rules of the family."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from analyzer.facts.listings import Events
from analyzer.facts.objects import Event

#: Namespace and name of a pod.
PodName = tuple[str | None, str]


def events_by_pod(
    events: Events | None, wanted: Callable[[Event], bool]
) -> dict[PodName, list[Event]]:
    """Events about pods for which ``wanted`` holds, by pod; those seen last come last."""
    found: dict[PodName, list[Event]] = {}
    for event in events.items if events else ():
        kind, namespace, name = event.about
        if kind == "Pod" and wanted(event):
            found.setdefault((namespace, name), []).append(event)
    for listed in found.values():
        listed.sort(key=_order)
    return found


def newest(events: Iterable[Event]) -> Event | None:
    """The event that was seen last."""
    return max(events, key=_order, default=None)


def _order(event: Event) -> tuple[float, str]:
    """Events without a time come first."""
    last: datetime | None = event.last
    return (last.timestamp() if last else 0.0, event.metadata.uid or event.name)
