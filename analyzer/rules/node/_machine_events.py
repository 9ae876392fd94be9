"""What was done to a node's machine: AKS's own repair, and Azure's announcements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.listings import Events
from analyzer.facts.objects import Event, Node

#: AKS's repair acts on a node that has been NotReady for five minutes: it is the answer, and no
#: cause. Source: learn.microsoft.com/azure/aks/node-auto-repair.
REPAIR = frozenset(
    f"Node{what}{end}"
    for what in ("Reboot", "Reimage", "Redeploy")
    for end in ("Start", "End", "Error")
)
#: Announcements after which the machine is away for minutes. A freeze lasts seconds, and a
#: termination follows a deletion. Source: learn.microsoft.com/azure/aks/node-problem-detector.
AWAY = frozenset({"RebootScheduled", "RedeployScheduled"})
_OTHERS = frozenset({"FreezeScheduled", "TerminateScheduled", "PreemptScheduled"})
#: Azure announces a reboot 15 minutes ahead and a redeployment 10, and the monitor asks each
#: minute. Source: learn.microsoft.com/azure/virtual-machines/linux/scheduled-events.
NOTICE = timedelta(minutes=20)
#: What happened longer before the trouble is not told.
_TOLD = timedelta(hours=1)
#: Clocks of the node and of the control plane differ.
_SLACK = timedelta(minutes=2)
#: The monitor's own failure, which it reports under the reason of the event it looks for.
_NO_ANSWER = "IMDS query failed"
#: The customer may restart or redeploy a machine, too, and Azure announces that alike.
_BY_USER = re.compile(r"event ?source\W+user\b", re.IGNORECASE)


def told_event(node: Node, events: Events | None, onset: datetime | None) -> Event | None:
    """The newest event of repair or maintenance that is near the trouble of a node."""
    near = [
        event
        for event in _of(node, events, REPAIR | AWAY | _OTHERS)
        if onset is None or event.last is None or event.last >= onset - _TOLD
    ]
    return max(near, key=lambda e: (e.last is not None, e.last, e.name), default=None)


def taken_away(node: Node, events: Events | None, onset: datetime | None) -> Event | None:
    """Azure's announcement right before a node was lost, which explains it; None without one."""
    if onset is None:
        return None
    for event in _of(node, events, AWAY):
        times = (at for at in (event.first, event.last) if at is not None)
        near = any(onset - NOTICE <= at <= onset + _SLACK for at in times)
        if near and not _BY_USER.search(event.text):
            return event
    return None


def _of(node: Node, events: Events | None, reasons: frozenset[str]) -> Iterator[Event]:
    for event in events.items if events is not None else ():
        about = event.about[0] == "Node" and event.about[2] == node.name
        if about and event.reason in reasons and _NO_ANSWER not in event.text:
            yield event
