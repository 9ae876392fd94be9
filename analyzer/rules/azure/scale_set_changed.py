"""A scale set of the nodes was changed outside of AKS.

What it means:
  Somebody used Azure's own interface (portal, az vmss, Terraform, a script) on the virtual
  machines that are the nodes, instead of the AKS API.
Why it matters:
  AKS does not know of the change and undoes it at some upgrade, or fails over it. The support
  policy makes a cluster unsupportable whose nodes are changed in this way.
How we know:
  The scale set's model (image, upgrade policy, AKS's own tags), its instances, and the activity
  log of the node resource group. Operations of AKS and of the cluster's own identities do not
  count, and neither do those that failed or that changed nothing (restart, reimage, start).
  Extensions, network security groups and switched-off nodes have rules of their own. The log
  reaches back 90 days at most.
What to do:
  customer: Undo the change through the AKS API, then let AKS write its own model again: az aks
    nodepool upgrade --node-image-only -g <resource group> --cluster-name <cluster> -n <pool>.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
  - AKS frequently asked questions: https://learn.microsoft.com/azure/aks/faq
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.listings import Nodes
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._activity import Write, latest, signals_of, writes
from analyzer.rules.azure._extensions import strange_sets
from analyzer.rules.azure._images import own_image_pools
from analyzer.rules.azure._model import Difference, model_differences
from analyzer.rules.azure._sets import (
    NodeSet,
    node_sets,
    rows_of,
    set_for,
    set_name,
    set_of,
    tag_pool,
    tell,
)

RULE = Rule(
    id="AKS-IAAS-001",
    title="A scale set of the nodes was changed outside of AKS",
    component="node",
    clauses=("SHR-02", "NODE-08", "NODE-13"),
    signals=frozenset({Signal.NODE_HOST}),
)

_SET = "microsoft.compute/virtualmachinescalesets/"
#: Operations that change a scale set or its instances
#: (learn.microsoft.com/azure/role-based-access-control/permissions/compute).
CHANGES = frozenset(
    {
        *(f"{_SET}{end}" for end in ("write", "delete", "delete/action", "manualupgrade/action",
                                     "virtualmachines/write", "virtualmachines/delete")),
        "microsoft.compute/virtualmachines/write",
        "microsoft.compute/virtualmachines/delete",
    }
)  # fmt: skip
#: What a system of another image does to the nodes that run it.
OF_IMAGE = frozenset({"kubelet-down", "runtime-down", "kernel-stalls"})


def check(azure: AzureExports | None, nodes: Nodes | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    rows = rows_of(exports, "vmss", missing)
    instances = rows_of(exports, "vmss-instances", missing)
    own_images = own_image_pools(rows_of(exports, "agent-pools", []))
    sets = node_sets(rows, nodes)
    done = _log(exports, missing)
    tagged = any(tag_pool(row) for row in rows)
    strange = strange_sets(exports)
    for name in sorted({*sets, *(set_of(w.resource) for w in done if w.foreign)}):
        group = set_for(name, sets)
        if group is None:
            continue
        own = [row for row in instances if set_name(row) == name]
        found = tuple(model_differences(group, tagged, own_images, tuple(own), exports))
        ours = [w for w in done if set_of(w.resource) == name]
        foreign = [w for w in ours if w.foreign]
        if found or (foreign and name not in strange):
            yield _hit(group, found, ours, own, exports)
    tell(missing)


def _log(azure: AzureExports, missing: list[Gap]) -> tuple[Write, ...]:
    try:
        return tuple(w for w in writes(azure) if w.operation in CHANGES)
    except NotCollected as gap:
        missing.extend(gap.gaps)
        return ()


def _hit(
    group: NodeSet,
    found: tuple[Difference, ...],
    done: list[Write],
    instances: Iterable[Mapping[str, Any]],
    azure: AzureExports,
) -> Hit:
    foreign = [write for write in done if write.foreign]
    author = latest(foreign)
    variant = _variant(found, done, author)
    ill = tuple(dict.fromkeys(node for difference in found for node in difference.nodes))
    affected = tuple(Subject(kind="Node", name=n) for n in ill) or group.node_subjects
    certain = {Signal.CHANGED_BY_CUSTOMER} if variant == "image" else set()
    pool = f"Node pool {group.pool}" if group.pool else f"Scale set {group.name}"
    return Hit(
        subject=group.subject,
        title=f"{pool}: its scale set was changed outside of AKS",
        saw=" ".join(
            [f"{group.name}:", *(d.says for d in found), _told(foreign), _models(instances)]
        ).strip(),
        expected="Only AKS and the cluster's own identity write to the scale sets of the nodes.",
        evidence=(*(d.where for d in found), *(w.where(azure) for w in foreign[-3:])),
        variant=variant,
        signals=signals_of(author) | certain,
        affects=affected,
        first_seen=min((w.at for w in foreign if w.at), default=None),
        last_seen=author.at if author else None,
        drift=tuple(_authored(d, author) for d in found),
        produces=OF_IMAGE if ill else frozenset(),
        would_change=()
        if author
        else ("The activity log of the time of the change would name who made it.",),
    )


def _variant(found: tuple[Difference, ...], done: list[Write], author: Write | None) -> str:
    variants = {difference.variant for difference in found}
    for variant in ("image", "settings"):
        if variant in variants:
            return variant
    return "past" if _overwritten(done, author) else "default"


def _overwritten(done: list[Write], author: Write | None) -> bool:
    """True where AKS wrote the scale set as a whole after the last foreign operation."""
    at = author.at if author else None
    return at is not None and any(
        not w.foreign and w.operation == f"{_SET}write" and w.at is not None and w.at > at
        for w in done
    )


def _told(foreign: list[Write]) -> str:
    if not foreign:
        return "The activity log that was collected does not show who did it."
    shown = "; ".join(str(write) for write in foreign[-3:])
    more = f" ({len(foreign)} operations in all)" if len(foreign) > 3 else ""
    return f"The activity log shows {shown}{more}."


def _models(instances: Iterable[Mapping[str, Any]]) -> str:
    rows = list(instances)
    old = [row for row in rows if row.get("latestModelApplied") is False]
    return f"{len(old)} of {len(rows)} instances do not run the latest model." if old else ""


def _authored(difference: Difference, author: Write | None) -> Any:
    if author is None:
        return difference.row
    return difference.row.model_copy(update={"changed_by": author.caller, "changed_at": author.at})
