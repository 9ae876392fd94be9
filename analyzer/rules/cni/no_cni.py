"""A BYOCNI cluster has no CNI yet.

What it means:
  The cluster was made with networkPlugin none: AKS installs no CNI, and none was brought. The nodes
  stay not ready until there is one.
Why it matters:
  No pod outside of the host network starts, CoreDNS and metrics-server included.
How we know:
  The network mode is BYOCNI, nodes report that the CNI plugin is not initialized, and neither the
  DaemonSets nor the nodes' CNI folders show one.
What to do:
  customer: Install the CNI of your choice, as its documentation for AKS BYOCNI says; the nodes
    become ready by themselves.
  cni-vendor: Help with the installation of the CNI.
References:
  - Bring your own CNI with AKS: https://learn.microsoft.com/azure/aks/use-byo-cni
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Nodes
from analyzer.model.gap import NotCollected
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.cni._network import nodes_without_network, own_cni_daemonsets, require_mode

RULE = Rule(
    id="AKS-CNI-001",
    title="The cluster has no CNI",
    component="cni",
    clauses=("UNS-06", "BYO-01"),
    signals=frozenset({Signal.CNI_ITSELF, Signal.UNHEALTHY}),
)


def check(nodes: Nodes, daemonsets: DaemonSets, identity: Identity) -> Iterator[Hit]:
    if identity.network.byocni is False:
        raise NotApplicable("AKS installs the CNI of this cluster")
    waiting = nodes_without_network(nodes)
    if not waiting or identity.network.own_cni or own_cni_daemonsets(daemonsets):
        return
    require_mode(identity)
    if daemonsets.gaps:
        raise NotCollected(*daemonsets.gaps)  # a CNI lives in any namespace
    first = waiting[0]
    since = [c.last_transition_time for n in waiting if (c := n.condition("Ready"))]
    total = len(nodes.items)
    yield Hit(
        subject=CLUSTER,
        saw=(
            f"{len(waiting)} of {total} node{'s wait' if total != 1 else ' waits'} for a network "
            "plugin, and no CNI was installed (networkPlugin none)."
        ),
        expected="A CNI, installed by whoever runs the cluster.",
        evidence=(
            first.where("type: Ready", "cni plugin not initialized"),
            daemonsets.listing("kube-system", what="no CNI among the DaemonSets"),
        ),
        affects=tuple(node.subject for node in waiting),
        first_seen=min((t for t in since if t is not None), default=None),
        last_seen=identity.collected_at,
    )
