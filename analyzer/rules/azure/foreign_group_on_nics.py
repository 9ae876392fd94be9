"""The nodes' network interfaces have a security group that AKS did not make.

What it means:
  The model of a scale set names another network security group for the interfaces of its machines
  than the one that AKS made and keeps for the nodes, or none where the other scale sets have one.
Why it matters:
  AKS and the cloud provider write their rules into their own group: those for load balancers no
  longer take effect on these nodes. Groups on the interfaces of nodes are not the customer's to
  set.
How we know:
  The interface configurations in the exported models of the scale sets. AKS's own groups are called
  aks-agentpool-<digits>-nsg; a cluster whose scale sets name no group at all is left out.
What to do:
  customer: Put AKS's group back by a node image upgrade (az aks nodepool upgrade
    --node-image-only), and put own groups on subnets of your own.
References:
  - Support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.azure_authors import settled_by
from analyzer.facts.listings import Nodes
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._activity import Write, latest, signals_of, writes
from analyzer.rules.azure._rules_of_nsg import MANAGED
from analyzer.rules.azure._sets import NodeSet, inside, node_sets, rows_of, set_of, tell

RULE = Rule(
    id="AKS-NSG-003",
    title="The nodes' network interfaces have a security group that AKS did not make",
    component="node-network",
    clauses=("NET-01", "SHR-02"),
    signals=frozenset({Signal.MANAGED_NETWORK_CHANGED}),
)


def check(azure: AzureExports | None, nodes: Nodes | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    sets = node_sets(rows_of(exports, "vmss", missing), nodes)
    groups = {g.name: (g, _group(g.row)) for g in sets.values() if g.row is not None}
    usual = [name for _, name in groups.values() if MANAGED.match(name)]
    for node_set, name in groups.values():
        if name and not MANAGED.match(name):
            yield _hit(node_set, name, exports)
        elif not name and usual and len(groups) > 2 and len(usual) == len(groups) - 1:
            yield _hit(node_set, "", exports)
    tell(missing)


def _group(row: Mapping[str, Any] | None) -> str:
    """The name of the group that the model puts on the machines' interfaces, or ""."""
    listed = inside(
        row, "virtualMachineProfile", "networkProfile", "networkInterfaceConfigurations"
    )
    for nic in listed if isinstance(listed, list) else ():
        found = str(inside(nic, "networkSecurityGroup", "id") or "")
        if found:
            return found.rpartition("/")[2]
    return ""


def _author(group: NodeSet, azure: AzureExports) -> Write | None:
    try:
        done = [w for w in writes(azure) if w.foreign and w.operation.endswith("scalesets/write")]
    except NotCollected:
        return None
    return latest(w for w in done if set_of(w.resource) == group.name.lower())


def _hit(group: NodeSet, name: str, azure: AzureExports) -> Hit:
    author = _author(group, azure)
    by = f"The activity log shows {author}." if author else "Who set it is not shown."
    what = f"the group {name}" if name else "no group"
    return Hit(
        subject=group.subject,
        title=f"The interfaces of node pool {group.pool or group.name} have {what}",
        saw=f"The model of {group.name} puts {what} on the machines' interfaces. {by}",
        expected="The group aks-agentpool-…-nsg, which AKS made.",
        evidence=(
            azure.where("vmss", f"name: {group.name}", *([name] if name else ["networkProfile"])),
            *((author.where(azure),) if author else ()),
        ),
        signals=signals_of(author),
        would_change=() if author else (settled_by(azure, group.name),),
        affects=group.node_subjects,
        first_seen=author.at if author else None,
        drift=(
            DriftRow(
                path="virtualMachineProfile.networkProfile.networkSecurityGroup",
                expected="aks-agentpool-…-nsg",
                actual=name or "absent",
            ),
        ),
    )
