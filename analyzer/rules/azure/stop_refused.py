"""A stop of the cluster was refused.

What it means:
  Somebody asked AKS to stop the cluster, and AKS refused: clusters with node auto-provisioning,
  with managed system pools, or with pools that are no scale sets cannot be stopped.
Why it matters:
  The machines run on and cost money, and whoever goes on to switch them off from Azure's side
  makes the cluster unsupported.
How we know:
  A failed stop in the activity log of the cluster, together with the setting that forbids it in
  the exports of the cluster and its pools.
What to do:
  customer: Scale the user pools to zero instead, or limit the auto-provisioner (kubectl edit
    nodepool, limits). Never deallocate the machines from Azure's side.
References:
  - Stop and start a cluster: https://learn.microsoft.com/azure/aks/start-stop-cluster
  - Node auto-provisioning: https://learn.microsoft.com/azure/aks/node-auto-provisioning
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.model.gap import Gap
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.azure._cluster import cluster_of, part, word
from analyzer.rules.azure._sets import inside, rows_of, tell

RULE = Rule(
    id="AKS-STOP-002",
    title="A stop of the cluster was refused",
    component="azure-power",
    clauses=("STOP-06", "STOP-02"),
    signals=frozenset({Signal.CLUSTER_SETTING}),
)

_STOP = "managedclusters/stop/action"


def check(azure: AzureExports | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    cluster = cluster_of(exports)
    missing: list[Gap] = []
    reason = _reason(cluster, rows_of(exports, "agent-pools", missing))
    if not reason and not missing:
        raise NotApplicable("nothing in this cluster's settings keeps it from being stopped")
    failed = [row for row in rows_of(exports, "activity-log", missing) if _is_failed_stop(row)]
    if failed and reason:
        newest = max(failed, key=lambda row: str(row.get("eventTimestamp") or ""))
        stamp = str(newest.get("eventTimestamp") or "")
        yield Hit(
            subject=CLUSTER,
            saw=f"A stop by {newest.get('caller')} at {stamp} was refused: {reason}.",
            expected="Only clusters on scale sets without node auto-provisioning can be stopped.",
            evidence=(exports.where("activity-log", f"eventTimestamp: {stamp}", what="stop"),),
            count=len(failed),
        )
    tell(missing)


def _reason(cluster: Mapping[str, Any], pools: tuple[Mapping[str, Any], ...]) -> str:
    if word(part(cluster, "nodeProvisioningProfile").get("mode")) == "auto":
        return "the cluster has node auto-provisioning"
    kinds = {word(pool.get("type")) for pool in pools}
    other = kinds - {"", "virtualmachinescalesets"}
    return f"it has pools of the type {', '.join(sorted(other))}" if other else ""


def _is_failed_stop(row: Mapping[str, Any]) -> bool:
    operation = word(inside(row, "operationName", "value") or row.get("operationName"))
    status = word(inside(row, "status", "value") or row.get("status"))
    return operation.endswith(_STOP) and status == "failed"
