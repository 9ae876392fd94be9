"""A node cannot reach Azure's metadata service.

What it means:
  The instance metadata service (169.254.169.254) does not answer a node's own host.
Why it matters:
  The kubelet gets no tokens for its managed identity, so that images of a private registry are not
  pulled and disks are not attached, and nobody hears of announced maintenance.
How we know:
  The collector's own question to the service, which timed out or was refused, and the events of
  node-problem-detector (IMDS query failed) that went on until the collection. A few such events on
  a node that has just started do not count. The restriction of pods (IMDS restriction) does not
  touch the host.
What to do:
  customer: Look for iptables rules, proxies or security agents on the node that catch
    169.254.169.254 (it must be reached directly, without a proxy); replace the node if there is
    none.
  microsoft: Look at the metadata service on the host.
References:
  - Instance metadata service: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service
  - IMDS restriction: https://learn.microsoft.com/azure/aks/imds-restriction
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events
from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.objects import Event
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import is_recent

RULE = Rule(
    id="AKS-NODE-015",
    title="A node cannot reach Azure's metadata service",
    component="node-network",
    clauses=("NODE-03", "SUP-07"),
    signals=frozenset({Signal.NODE_HOST, Signal.UNHEALTHY, Signal.CHANGE_NOT_CHECKED}),
)

ITEM = "azure/instance.json"
#: What curl says of a service that cannot be reached, as the collector's row keeps it.
_NO_ANSWER = re.compile(
    r"curl: \((?:7|28)\)|timed? ?out|Connection refused|Couldn't connect|No route", re.IGNORECASE
)
_EVENT = "IMDS query failed"
#: Such an event comes each minute or more often; so many are no short break.
MANY = 10
_WOULD = (
    "The iptables rules of the node (iptables-save): a rule of the customer's that catches "
    "169.254.169.254 would make it the customer's; none Microsoft's."
)


def check(
    archives: NodeArchives | None, events: Events | None, identity: Identity
) -> Iterator[Hit]:
    found: dict[str, tuple[str, EvidenceRef]] = {}
    looked = False
    for archive in archives or ():
        gap = _refused(archive)
        looked = looked or ITEM in archive.files or gap is not None
        if gap is not None:
            where = EvidenceRef(
                path=f"nodes/{archive.node}/collection.tsv", what="its row", anchors=(ITEM,)
            )
            found[archive.node] = (f"the collector's question failed ({gap.detail})", where)
    for event in events.items if events is not None else ():
        if _lasting(event, identity) and event.about[2] not in found:
            said = f"node-problem-detector says {event.text}, {event.times} times"
            found[event.about[2]] = (said, event.where("message"))
    for name, (said, where) in sorted(found.items()):
        yield Hit(
            subject=Subject(kind="Node", name=name),
            saw=f"On {name} {said}.",
            expected="The metadata service answers the host within a second.",
            evidence=(where,),
            group="all" if len(found) > 2 else None,
            would_change=(_WOULD,),
        )
    if not looked and (events is None or not events.readable):
        raise NotCollected(Gap(path=f"nodes/*/{ITEM}", reason=Presence.NOT_ASKED))


def _refused(archive: NodeFiles) -> Gap | None:
    gap = archive.gaps.get(ITEM)
    failed = gap is not None and gap.reason is Presence.FAILED
    return gap if failed and gap is not None and _NO_ANSWER.search(gap.detail) else None


def _lasting(event: Event, identity: Identity) -> bool:
    first, last = event.first, event.last
    lasts = first is not None and last is not None and last - first > timedelta(minutes=15)
    fresh = is_recent(last, identity.collected_at, timedelta(minutes=30))
    return (
        event.about[0] == "Node"
        and _EVENT in event.text
        and event.times >= MANY
        and lasts
        and fresh
    )
