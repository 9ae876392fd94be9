"""New machines never become nodes of the cluster.

What it means:
  The autoscaler had machines made, and their kubelets did not register within a quarter of an hour.
Why it matters:
  The pool does not grow, and the machines are thrown away and made again.
How we know:
  The autoscaler's events ScaleUpTimedOut, within two hours of the collection. What goes wrong on
  such a machine is in its own files only: the way out, a webhook or a script can be behind it.
What to do:
  customer: Look at the scale set's instances (az vmss list-instances --expand instanceView) for the
    exit code of the provisioning, and check that the subnet lets new nodes reach what AKS needs.
  microsoft: Look at the provisioning of the instances of the times given here.
References:
  - Outbound rules: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
  - Cluster autoscaler on AKS: https://learn.microsoft.com/azure/aks/cluster-autoscaler-overview
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-CAS-002",
    title="New machines never become nodes of the cluster",
    component="node",
    clauses=("NET-02", "NODE-01"),
    signals=frozenset({Signal.NODE_AGENT, Signal.UNHEALTHY, Signal.EGRESS_NOT_CHECKED}),
)

RECENT = timedelta(hours=2)
#: kubernetes/autoscaler clusterstate.go: ``Nodes added to group %s failed to register within %v``.
_GROUP = re.compile(r"group (?P<name>\S+) failed to register within (?P<time>\S+)")


def check(events: Events, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    for event in events.items:
        match = _GROUP.search(event.text) if event.reason == "ScaleUpTimedOut" else None
        old = now is not None and event.last is not None and now - event.last > RECENT
        if match is None or old:
            continue
        yield Hit(
            subject=Subject(kind="NodePool", name=match["name"]),
            title=f"New machines of {match['name']} never become nodes",
            saw=f"The autoscaler waited {match['time']}, {event.times} times: {event.text}",
            expected="A new machine registers as a node within minutes.",
            evidence=(event.where("reason: ScaleUpTimedOut"),),
            first_seen=event.first,
            onset_at_latest=True,
            last_seen=event.last,
            count=event.times,
        )
