"""The cluster's load balancer has no rule for the way out.

What it means:
  The nodes go out through the cluster's standard load balancer, and the rule by which they do
  (aksOutboundRule) or its addresses are gone.
Why it matters:
  Nodes reach nothing outside: images are not pulled, new nodes do not join, the tunnel to the
  control plane breaks.
How we know:
  The outbound type of the cluster and the outbound rules in the export of the load balancer
  kubernetes. The activity log of the node resource group would show who removed it.
What to do:
  customer: Let AKS write the rule again (az aks update -g <resource group> -n <cluster>
    --load-balancer-managed-outbound-ip-count 1), and change outbound addresses through az aks only.
  microsoft: See which operation of the service took the rule away, if nobody else did.
References:
  - Standard load balancer in AKS: https://learn.microsoft.com/azure/aks/load-balancer-standard
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.azure import AzureExports
from analyzer.facts.azure_authors import settled_by
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.model.gap import Gap
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.egress._azure_side import (
    LOAD_BALANCER,
    gets_out,
    outbound_type,
    profile_of,
    rows,
    tell,
)

RULE = Rule(
    id="AKS-OUT-002",
    title="The cluster's load balancer has no rule for the way out",
    component="egress",
    clauses=("SUP-12", "SUP-07", "NET-02"),
    signals=frozenset({Signal.MANAGED_COMPONENT, Signal.UNHEALTHY}),
)


def check(
    azure: AzureExports | None, nodes: Nodes | None, archives: NodeArchives | None
) -> Iterator[Hit]:
    if outbound_type(profile_of(azure)) != "loadbalancer":
        raise NotApplicable("the nodes do not go out through the cluster's load balancer")
    missing: list[Gap] = []
    exports = azure or AzureExports()
    listed = nodes.items if nodes is not None else ()
    # Machines with addresses of their own get out without the rule.
    seen = gets_out(archives, (node.name for node in listed)) is False
    for row in rows(azure, "load-balancers", missing):
        own = str(row.get("name") or "").lower() == LOAD_BALANCER
        standard = str((row.get("sku") or {}).get("name") or "").lower() == "standard"
        if own and standard and row.get("outboundRules") == []:
            yield Hit(
                subject=CLUSTER,
                saw=f"The load balancer {row.get('name')} has no outbound rule, while the outbound "
                "type of the cluster is loadBalancer.",
                expected="An outbound rule with at least one address.",
                evidence=(
                    exports.where("load-balancers", f"name: {row.get('name')}"),
                    exports.where("managed-cluster", "networkProfile", "outboundType"),
                ),
                signals=frozenset({Signal.CHANGED_BY_UNKNOWN, Signal.WRITTEN_BY_AKS_TOO}),
                variant="default" if seen else "not-seen",
                affects=tuple(node.subject for node in listed),
                produces=None if seen else frozenset(),
                would_change=(settled_by(azure, LOAD_BALANCER),),
            )
    tell(missing)
