"""AKS throttles the clients of an overloaded API server.

What it means:
  The API server ran out of memory again and again, also after AKS had made it larger. As a last
  resort AKS put a guard in place, which turns away requests of clients that are not the system's.
Why it matters:
  Controllers, pipelines and people get "429 Too Many Requests", and fall behind.
How we know:
  The FlowSchema aks-managed-apiserver-guard is in the cluster. It is there for a client that lists
  much or often: which one, the API server's audit log tells.
What to do:
  customer: Find the client (kube-audit or kube-audit-admin log, by user agent and verb LIST), make
    it use watches and pages, delete what piles up (finished Jobs, unused objects), then remove the
    guard (kubectl delete flowschema and prioritylevelconfiguration aks-managed-apiserver-guard).
References:
  - API server and etcd trouble: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/create-upgrade-delete/troubleshoot-apiserver-etcd
  - Priority and fairness: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.more_listings import FlowSchemas
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-API-001",
    title="AKS throttles the clients of an overloaded API server",
    component="apiserver",
    clauses=("UNS-01", "MGD-01"),
    signals=frozenset({Signal.OWN_WORKLOAD}),
)

GUARD = "aks-managed-apiserver-guard"
#: It stays until somebody deletes it: an old one tells of a load that may be over by now.
FRESH = timedelta(days=7)


def check(schemas: FlowSchemas, identity: Identity) -> Iterator[Hit]:
    guard = schemas.get(None, GUARD)
    if guard is None:
        return
    made = guard.metadata.creation_timestamp
    since = f" since {made:%Y-%m-%d %H:%M} UTC" if made is not None else ""
    now = identity.collected_at
    past = made is not None and now is not None and now - made > FRESH
    yield Hit(
        subject=guard.subject,
        variant="past" if past else "default",
        saw=f"The FlowSchema {GUARD} has been in the cluster{since}: the API server had run out of "
        "memory repeatedly.",
        expected="No guard: the clients' load fits the API server.",
        evidence=(guard.where(f"name: {GUARD}"),),
        first_seen=made,
        last_seen=identity.collected_at,
        would_change=(
            "The API server's audit log: a client of AKS's own as the largest lister would make it "
            "Microsoft's.",
        ),
    )
