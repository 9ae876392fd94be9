"""Somebody ran commands on nodes through Azure.

What it means:
  The activity log shows that somebody other than AKS ran a script as root on machines of the
  nodes (az vmss run-command invoke, or Run command in the portal).
Why it matters:
  A look is no fault. What such a script changes on a node is a change outside of Kubernetes,
  which may end the support of the cluster, and is lost when the node is replaced.
How we know:
  The run-command operations on the scale sets in the activity log that took effect. What was run
  is not written there.
What to do:
  customer: Say what was run. Replace nodes that were changed (az aks nodepool upgrade
    --node-image-only), and use kubectl debug node/<node> for a look, a DaemonSet for changes.
References:
  - Support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Access to nodes: https://learn.microsoft.com/azure/aks/node-access
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.azure import AzureExports
from analyzer.facts.listings import Nodes
from analyzer.model.gap import Gap
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._activity import Write, writes
from analyzer.rules.azure._sets import node_sets, rows_of, set_for, set_of

RULE = Rule(
    id="AKS-IAAS-008",
    title="Somebody ran commands on nodes through Azure",
    component="node",
    clauses=("NODE-12", "SHR-03"),
    signals=frozenset({Signal.NODE_ACCESS}),
)


def check(azure: AzureExports | None, nodes: Nodes | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    done = [w for w in writes(exports) if w.foreign and "/runcommand" in w.operation]
    gaps: list[Gap] = []
    sets = node_sets(rows_of(exports, "vmss", gaps), nodes)
    by_set: dict[str, list[Write]] = {}
    for write in done:
        by_set.setdefault(set_of(write.resource), []).append(write)
    for name, own in sorted(by_set.items()):
        group = set_for(name, sets) if name else None
        if group is None:
            continue
        last = own[-1]
        callers = sorted({write.caller for write in own})
        yield Hit(
            subject=group.subject,
            title=f"Commands were run on nodes of {group.pool or group.name} through Azure",
            saw=f"{len(own)} commands were run on machines of {group.name} by "
            f"{', '.join(callers[:3])}, the last: {last}.",
            expected="Nodes are changed by DaemonSets, and looked at with kubectl debug.",
            evidence=tuple(w.where(exports) for w in own[-3:]),
            affects=group.node_subjects,
            first_seen=own[0].at,
            last_seen=last.at,
            count=len(own),
        )
