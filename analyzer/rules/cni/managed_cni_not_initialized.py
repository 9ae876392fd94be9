"""Nodes of a managed network wait for their network plugin.

What it means:
  AKS installs the CNI of this cluster, and on these nodes it has not written its configuration: the
  kubelet reports that the network plugin is not ready.
Why it matters:
  The nodes stay not ready, and no pod outside of the host network starts there.
How we know:
  The Ready condition of nodes that joined more than ten minutes before the collection, in a network
  mode that AKS manages. Where the node's own files were not collected, no owner is guessed. If the
  CNI's own DaemonSet is missing, changed or crashes, or a third-party CNI was installed, this is a
  symptom of that. A kubenet node without a pod range got none because the pod CIDR of the cluster
  is used up.
What to do:
  microsoft: Look at the CNI agent on the nodes named here (azure-cns or cilium), and at its
    node network configuration.
  customer: Replace the nodes (az aks nodepool upgrade --node-image-only) and open a support request
    if it returns.
References:
  - CNI networking in AKS: https://learn.microsoft.com/azure/aks/concepts-network-cni-overview
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity, NetworkMode
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Node
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.cni._network import nodes_without_network, unseen

RULE = Rule(
    id="AKS-CNI-005",
    title="Nodes wait for their network plugin",
    component="cni",
    clauses=("SUP-05", "MGD-04"),
    signals=frozenset({Signal.POD_NETWORK, Signal.CNI_ITSELF, Signal.UNHEALTHY}),
)

#: A node that joined so recently may still be starting its network.
START_UP = timedelta(minutes=10)
#: What would settle whose a node is that waits for its network.
ITS_OWN_FILES = (
    "The node's own archive (its CNI configuration, the logs of its CNI agent, its probes): a "
    "change on the node or a blocked way out would make it the customer's; none of them "
    "Microsoft's."
)
COLLECT_AGAIN = "Collect these nodes again with their archives, or replace them."


def check(nodes: Nodes, identity: Identity, archives: NodeArchives | None) -> Iterator[Hit]:
    if identity.network.byocni is True:
        raise NotApplicable("the cluster brings its own CNI (networkPlugin none)")
    now = identity.collected_at
    for node in nodes_without_network(nodes):
        created = node.metadata.creation_timestamp
        if created is not None and now is not None and now - created < START_UP:
            continue
        ready = node.condition("Ready")
        no_range = _no_pod_range(node, identity)
        open_questions = frozenset() if no_range else unseen(node, archives)
        why = " The node has no pod range: the pod CIDR is used up." if no_range else ""
        yield Hit(
            subject=node.subject,
            group=_group(no_range=no_range, open_questions=bool(open_questions)),
            saw=f"Node {node.name} reports: {ready.message if ready else ''}.{why}",
            expected="A network plugin within minutes of the node's start.",
            evidence=(node.where("type: Ready", "cni plugin not initialized"),),
            signals=open_questions
            | {Signal.CAPACITY_EXHAUSTED if no_range else Signal.MANAGED_COMPONENT},
            first_seen=ready.last_transition_time if ready else None,
            last_seen=now,
            instance_of=frozenset() if no_range else None,
            would_change=(ITS_OWN_FILES,) if open_questions else (),
            do_next=COLLECT_AGAIN if open_questions else None,
        )


def _group(*, no_range: bool, open_questions: bool) -> str:
    """Nodes with another owner are told apart."""
    if no_range:
        return "no-pod-range"
    return "no-network-unseen" if open_questions else "no-network"


def _no_pod_range(node: Node, identity: Identity) -> bool:
    """With kubenet the control plane cuts one range per node from the pod CIDR of the cluster."""
    return identity.network.mode is NetworkMode.KUBENET and not node.spec.pod_cidr
