"""The cluster or a node pool is stopped.

What it means:
  Somebody stopped it through AKS (az aks stop, az aks nodepool stop), which is the supported way.
Why it matters:
  Nothing runs in it, and that is no fault. AKS keeps the state of a stopped cluster for twelve
  months; after that the cluster is deleted with all that belongs to it.
How we know:
  The power state in the exports of the cluster and its pools. When it was stopped, and by whom,
  is read from the activity log of the cluster where it reaches back so far.
What to do:
  customer: Start it when it is needed (az aks start -g <resource group> -n <cluster>), at the
    latest before the twelve months are over.
References:
  - Stop and start a cluster: https://learn.microsoft.com/azure/aks/start-stop-cluster
  - Start and stop a node pool: https://learn.microsoft.com/azure/aks/start-stop-nodepools
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.subject import CLUSTER, Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._activity import Write, latest, writes
from analyzer.rules.azure._cluster import cluster_of, part, word
from analyzer.rules.azure._sets import inside, rows_of, tell

RULE = Rule(
    id="AKS-STOP-001",
    title="The cluster or a node pool is stopped",
    component="azure-power",
    clauses=("STOP-01", "STOP-02"),
    signals=frozenset({Signal.STOPPED_THROUGH_AKS}),
)

#: So long AKS keeps a stopped cluster (support policies, "Stopped, deallocated, and Not Ready").
KEPT = timedelta(days=365)
#: So long before the end the finding is more than a notice.
NEAR = timedelta(days=60)
_STOP = "microsoft.containerservice/managedclusters/stop/action"


def check(azure: AzureExports | None, identity: Identity) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    stopped = False
    try:
        cluster = cluster_of(exports)
        stopped = word(part(cluster, "powerState").get("code")) == "stopped"
    except NotCollected as gap:
        missing.extend(gap.gaps)
    if stopped:
        yield _cluster(exports, identity.collected_at)
    for row in rows_of(exports, "agent-pools", missing):
        if not stopped and word(inside(row, "powerState", "code")) == "stopped":
            name = str(row.get("name") or "")
            yield Hit(
                subject=Subject(kind="NodePool", name=name),
                title=f"Node pool {name} is stopped",
                saw=f"Node pool {name} was stopped through AKS: its machines are switched off.",
                expected="A pool whose workloads are wanted runs.",
                evidence=(exports.where("agent-pools", f"name: {name}", "code: Stopped"),),
            )
    tell(missing)


def _cluster(azure: AzureExports, now: datetime | None) -> Hit:
    author = latest(w for w in _log(azure) if w.operation == _STOP)
    since = author.at if author else None
    ends = f" Its state is kept until {since + KEPT:%Y-%m-%d}." if since else ""
    by = f" The activity log shows {author}." if author else " When is not shown."
    near = since is not None and now is not None and since + KEPT - now < NEAR
    where = azure.where("managed-cluster", "powerState", "code: Stopped")
    return Hit(
        subject=CLUSTER,
        title="The cluster is stopped",
        saw=f"The cluster was stopped through AKS.{by}{ends}",
        expected="A cluster that is needed runs.",
        evidence=(where, *((author.where(azure),) if author else ())),
        variant="near-its-end" if near else "default",
        first_seen=since,
        last_seen=now,
    )


def _log(azure: AzureExports) -> tuple[Write, ...]:
    try:
        return writes(azure)
    except NotCollected:
        return ()
