"""The last operation of AKS on the cluster or on a pool failed.

What it means:
  AKS holds the cluster or a node pool to be in the state Failed: the last upgrade, scaling or
  update did not come to its end.
Why it matters:
  What runs goes on running, but further operations are refused or start from a half-done state
  until one has succeeded.
How we know:
  The provisioning state in the exports of the cluster and of its pools, the error that AKS keeps
  with it, and the failed operation in the activity log. Where the error is a quota, a lock, a full
  subnet or the like, that is told as a cause of its own.
What to do:
  customer: Remove the reason that the error names, then let AKS finish (az aks update -g <resource
    group> -n <cluster>, or az aks nodepool upgrade --node-image-only for a pool).
  microsoft: See what the operation with this error ended with.
References:
  - Cluster in failed state: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/availability-performance/cluster-node-virtual-machine-failed-state
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.subject import CLUSTER, Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._cluster import cluster_of, word
from analyzer.rules.azure._codes import Kind, kind_of
from analyzer.rules.azure._failures import Failure, failures
from analyzer.rules.azure._sets import inside, rows_of, tell

RULE = Rule(
    id="AKS-ARM-001",
    title="The last operation of AKS on the cluster or on a pool failed",
    component="azure-operation",
    clauses=("SUP-02", "MGD-08"),
)

#: Whose it is by the error's kind; another error does not separate two owners.
_SIGNALS = {
    Kind.QUOTA: Signal.CAPACITY_EXHAUSTED,
    Kind.CAPACITY: Signal.CAPACITY_EXHAUSTED,
    Kind.SUBNET: Signal.CAPACITY_EXHAUSTED,
    Kind.SUBSCRIPTION: Signal.SUBSCRIPTION_DISABLED,
    Kind.GOVERNANCE: Signal.AZURE_GOVERNANCE,
    Kind.AUTHORIZATION: Signal.AUTHORIZATION_OF_CLUSTER_IDENTITY,
}
_STATE = "provisioningState: Failed"
_DRAIN = ("poddrainfailure", "podevictionfailure", "disruption budget")
_WOULD = (
    "The error of the operation (az aks show, az aks nodepool show: status.provisioningError; az "
    "monitor activity-log list --resource-id <cluster>) would say whose it is."
)


@dataclass(frozen=True, slots=True)
class _Failed:
    """What is in the state Failed: its row, the export, its failures in the activity log."""

    row: Mapping[str, Any]
    export: str
    log: list[Failure]

    @property
    def kept(self) -> str:
        """Code and message of the error that AKS keeps with it, or ""."""
        error = inside(self.row, "status", "provisioningError")
        parts = (str(inside(error, "code") or ""), str(inside(error, "message") or ""))
        return ": ".join(part for part in parts if part)


def check(azure: AzureExports | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    log = [f for f in failures(exports, []) if "/managedclusters/" in f.resource]
    try:
        cluster = cluster_of(exports)
        if word(cluster.get("provisioningState")) == "failed":
            own = [f for f in log if "/agentpools/" not in f.resource]
            yield _hit(CLUSTER, "the cluster", _Failed(cluster, "managed-cluster", own), exports)
    except NotCollected as gap:
        missing.extend(gap.gaps)
    for row in rows_of(exports, "agent-pools", missing):
        if word(row.get("provisioningState")) == "failed":
            name = str(row.get("name") or "")
            own = [f for f in log if f.resource.endswith(f"/agentpools/{name.lower()}")]
            about = Subject(kind="NodePool", name=name)
            yield _hit(about, f"node pool {name}", _Failed(row, "agent-pools", own), exports)
    tell(missing)


def _hit(about: Subject, what: str, failed: _Failed, azure: AzureExports) -> Hit:
    newest = max(failed.log, key=lambda f: f.stamp, default=None)
    text = failed.kept or (newest.said if newest else "")
    said = f"The error is: {text[:400]}" if text else "No error is kept with it"
    whole = f"{failed.kept} {newest.text if newest else ''}"
    known = kind_of(whole)
    drain = any(one in whole.lower() for one in _DRAIN)
    signal = Signal.OWN_WORKLOAD if drain else _SIGNALS.get(known[0]) if known else None
    state = azure.where(failed.export, f"name: {failed.row.get('name')}", _STATE)
    return Hit(
        subject=about,
        title=f"The last operation of AKS on {what} failed",
        saw=f"AKS holds {what} to be in the state Failed. {said.rstrip('.')}.",
        expected="The provisioning state is Succeeded.",
        evidence=(state, *((newest.where(azure),) if newest else ())),
        signals=frozenset({signal}) if signal else frozenset(),
        first_seen=newest.at if newest else None,
        onset_at_latest=True,
        would_change=() if signal else (_WOULD,),
    )
