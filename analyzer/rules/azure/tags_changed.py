"""A tag that AKS or the cloud provider wrote on a resource of the nodes is gone.

What it means:
  Resources in the node resource group carry tags with which AKS and the cloud provider find them
  again (aks-managed-…, k8s-azure-…). One of them has lost such tags, which its like still have.
Why it matters:
  AKS no longer knows the resource as its own: clean-up, scaling and load balancers go wrong. Tags
  that the system made must not be changed; own tags are set on the cluster and passed on.
How we know:
  The tags of the scale sets against each other, and tag operations in the activity log by somebody
  other than AKS; without one it is a note, for older pools lack what newer releases of AKS write.
  The tag that names the pool is told with the other changes of a scale set.
What to do:
  customer: Put the tags back (az tag update --operation Merge), or let AKS write them again (az
    aks update); exempt the node resource group from policies that manage tags.
References:
  - AKS frequently asked questions: https://learn.microsoft.com/azure/aks/faq
  - Tags in AKS: https://learn.microsoft.com/azure/aks/use-tags
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.azure import AzureExports
from analyzer.facts.listings import Nodes
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._activity import Write, latest, writes
from analyzer.rules.azure._sets import NodeSet, node_sets, rows_of, set_of, tags_of, tell

RULE = Rule(
    id="AKS-IAAS-007",
    title="Tags that AKS wrote on resources of the nodes are gone",
    component="node-metadata",
    clauses=("TAG-01", "SHR-04"),
)

_PREFIX = "aks-managed-"
#: Another rule tells of this one.
_POOL_NAME = "aks-managed-poolname"
_WOULD = (
    "The activity log of the node resource group: a tag operation of somebody other than AKS would "
    "make it a change of the customer's; none of them an older pool that AKS has not written since."
)
_TAG_WRITES = ("microsoft.resources/tags/write", "microsoft.resources/tags/delete")


def check(azure: AzureExports | None, nodes: Nodes | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    sets = node_sets(rows_of(exports, "vmss", missing), nodes)
    rows = [group for group in sets.values() if group.row is not None]
    own = {group.name: _of_aks(group) for group in rows}
    # What all but one pool have is AKS's; with two scale sets neither outvotes the other.
    common = {
        key
        for keys in own.values()
        for key in keys
        if sum(key in k for k in own.values()) >= max(2, len(rows) - 1)
    }
    for group in rows:
        gone = sorted(common - own[group.name])
        if gone and len(rows) > 2:
            yield _hit(group, gone, _author(group, exports), exports)
    tell(missing)


def _of_aks(group: NodeSet) -> frozenset[str]:
    keys = {key.lower() for key in tags_of(group.row)}
    return frozenset(k for k in keys if k.startswith(_PREFIX) and k != _POOL_NAME)


def _author(group: NodeSet, azure: AzureExports) -> Write | None:
    try:
        done = [w for w in writes(azure) if w.foreign and w.operation in _TAG_WRITES]
    except NotCollected:
        return None
    return latest(w for w in done if set_of(w.resource) == group.name.lower())


def _hit(group: NodeSet, gone: list[str], author: Write | None, azure: AzureExports) -> Hit:
    by = f"The activity log shows {author}." if author else "Who took them off is not shown."
    # Older scale sets lack the tags that newer releases of AKS write: without an author no change
    # is shown.
    changed = {Signal.SYSTEM_METADATA_CHANGED, Signal.CHANGED_BY_CUSTOMER}
    return Hit(
        subject=group.subject,
        title=f"Tags of AKS are gone from the scale set of {group.pool or group.name}"
        if author
        else f"The scale set of {group.pool or group.name} lacks tags that the others have",
        saw=f"{group.name} lacks {', '.join(gone)}, which the other scale sets have. {by}",
        expected="The tags that AKS wrote stay as they are.",
        evidence=(
            azure.where("vmss", f"name: {group.name}", "tags"),
            *((author.where(azure),) if author else ()),
        ),
        variant="default" if author else "no-author",
        signals=frozenset(changed if author else {Signal.CHANGE_NOT_CHECKED}),
        would_change=() if author else (_WOULD,),
        first_seen=author.at if author else None,
        drift=tuple(
            DriftRow(path=f"tags[{key}]", expected="as AKS wrote it", actual="absent")
            for key in gone
        ),
    )
