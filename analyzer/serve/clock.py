"""What "now" is: the time of collection, to which all ages are reckoned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from analyzer.serve.catalogue import Catalogue
from analyzer.serve.listing import Objects
from analyzer.serve.store import Store
from analyzer.serve.tables.cells import at, dicts, moment

#: Kinds whose objects carry the newest times: heartbeats of nodes, events, changes of pods.
_TELLING = ("nodes", "events", "pods")


def collection_time(store: Store, catalogue: Catalogue, objects: Objects) -> datetime | None:
    """Return when the bundle was collected; where nothing says so, the newest time in its data."""
    told = store.collected()
    if told is not None:
        return told
    found: list[datetime] = []
    for name in _TELLING:
        kind = catalogue.by_name("", name)
        if kind is not None:
            for obj in objects.every(kind, "", lambda _: True):
                found += [when for text in _times(obj) if (when := moment(text))]
    return max(found, default=None)


def _times(obj: dict[str, Any]) -> Iterator[Any]:
    yield at(obj, "metadata.creationTimestamp")
    yield obj.get("lastTimestamp") or obj.get("eventTime")
    for condition in dicts(obj, "status.conditions"):
        yield condition.get("lastHeartbeatTime") or condition.get("lastTransitionTime")
    for container in dicts(obj, "status.containerStatuses"):
        yield at(container, "state.running.startedAt") or at(
            container, "state.terminated.finishedAt"
        )
