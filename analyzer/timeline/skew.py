"""How far the clocks of nodes are off, where the bundle shows it.

The time service of a node tells its own offset (``chronyc tracking``). Where it does not, the
kubelet's events do: the kubelet stamps an event with the node's clock, and the API server stamps
the object's creation with its own. Sending takes time, so of several pairs the one that makes the
clock run furthest ahead is nearest to the truth; a single pair proves nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Event
from analyzer.model.gap import NotCollected

#: Less than this changes no order that anybody reads.
SMALLEST = timedelta(seconds=5)
#: Further off than this is a broken stamp, and no clock.
_LARGEST = timedelta(days=2)
#: Two pairs must agree so closely.
_AGREE = timedelta(seconds=5)
#: Source: chronyc(1), "tracking": the offset of the system clock from NTP time.
_CHRONY = re.compile(
    r"System time\s*:\s*(?P<seconds>\d{1,9}(?:\.\d{1,12})?) seconds (?P<way>fast|slow) of NTP time"
)


def clock_skew(archives: NodeArchives, events: Iterable[Event]) -> dict[str, timedelta]:
    """By how much each node's clock runs ahead (negative: behind); small offsets are left out."""
    found = _by_events(events)
    for node in archives:
        try:
            match = _CHRONY.search(node.get("host/clock").text)
        except NotCollected:
            continue
        if match is not None:
            ahead = timedelta(seconds=float(match["seconds"]))
            found[node.node] = ahead if match["way"] == "fast" else -ahead
    return {
        node: ahead for node, ahead in sorted(found.items()) if SMALLEST <= abs(ahead) <= _LARGEST
    }


def _by_events(events: Iterable[Event]) -> dict[str, timedelta]:
    pairs: dict[str, list[timedelta]] = defaultdict(list)
    for event in events:
        host, created = event.source.get("host"), event.metadata.creation_timestamp
        stamp = event.first_timestamp
        if host and created and stamp and event.source.get("component") == "kubelet":
            pairs[str(host)].append(stamp - created)
    found = {}
    for node, offsets in pairs.items():
        ahead = sorted(offsets)[-2:]
        if len(ahead) == 2 and ahead[1] - ahead[0] <= _AGREE:
            found[node] = ahead[1]
    return found
