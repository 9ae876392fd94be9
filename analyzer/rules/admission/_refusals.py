"""Events in which the API server says that it could not ask a webhook."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.facts.listings import Events
from analyzer.facts.objects import Event
from analyzer.model.evidence import EvidenceRef

#: Source: k8s.io/apiserver, pkg/admission/plugin/webhook/errors (ErrCallingWebhook and its text).
_FAILED = re.compile(r'failed calling webhook "(?P<name>[^"]+)"')
_NOTED = re.compile(r"failed calling webhook (?P<name>[\w.-]+):")
#: Older events say nothing of now.
RECENT = timedelta(hours=2)
#: A controller tries again at the latest after so long (the longest back-off of client-go is 1000
#: seconds): events that are older are of a time that is over, where the webhook answers now.
STILL = timedelta(minutes=20)
#: One failed call, as while a webhook's pods are rolled out, blocks nothing for long.
MIN_COUNT = 3
_TEXT = 300


@dataclass(frozen=True)
class Refusals:
    """The events about one webhook, in the order of the listing."""

    events: tuple[Event, ...] = ()

    @property
    def count(self) -> int:
        """How many requests failed."""
        return sum(event.times for event in self.events)

    @property
    def lasting(self) -> bool:
        """True where more than a passing call failed."""
        return self.count >= MIN_COUNT

    def goes_on(self, now: datetime | None) -> bool:
        """True where the last call failed so lately that the next one may fail as well."""
        return now is None or self.last is None or now - self.last <= STILL

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Where objects were blocked, sorted."""
        return tuple(sorted({space for event in self.events if (space := event.about[1])}))

    @property
    def first(self) -> datetime | None:
        """When it was seen first."""
        return min((event.first for event in self.events if event.first), default=None)

    @property
    def last(self) -> datetime | None:
        """When it was seen last."""
        return max((event.last for event in self.events if event.last), default=None)

    @property
    def text(self) -> str:
        """What the first of them says."""
        return self.events[0].text[:_TEXT] if self.events else ""

    @property
    def evidence(self) -> tuple[EvidenceRef, ...]:
        """Where two of them stand."""
        return tuple(event.where("failed calling webhook") for event in self.events[:2])


def refusals(events: Events | None, now: datetime | None) -> Mapping[str, Refusals]:
    """Recent events by the name of the webhook that could not be asked."""
    found: dict[str, list[Event]] = {}
    for event in events.items if events is not None else ():
        match = _FAILED.search(event.text) or _NOTED.search(event.text)
        recent = now is None or event.last is None or now - event.last <= RECENT
        if match and recent:
            found.setdefault(match["name"], []).append(event)
    return {name: Refusals(tuple(rows)) for name, rows in found.items()}
