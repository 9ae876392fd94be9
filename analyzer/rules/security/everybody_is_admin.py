"""Everybody is administrator of the cluster.

What it means:
  The role cluster-admin is bound to everybody who reaches the API server: to requests without
  credentials, or to every account at all.
Why it matters:
  Whoever reaches the API server, or runs a pod, may change and read everything, AKS's own
  components included.
How we know:
  A ClusterRoleBinding of cluster-admin whose subjects are system:anonymous or one of the groups
  system:unauthenticated, system:authenticated and system:serviceaccounts.
What to do:
  customer: Delete the binding (kubectl delete clusterrolebinding NAME), and look in the audit log
    at what was done with it.
References:
  - Role-based access control: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
  - Good practice for roles: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.listings import ClusterRoleBindings
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-SEC-001",
    title="Everybody is administrator of the cluster",
    component="rbac",
    clauses=("UNS-01",),
    signals=frozenset({Signal.OWN_OPERATION}),
)

EVERYBODY = frozenset(
    {"system:anonymous", "system:unauthenticated", "system:authenticated",
     "system:serviceaccounts"}
)  # fmt: skip


def check(bindings: ClusterRoleBindings, identity: Identity) -> Iterator[Hit]:
    for binding in bindings.items:
        names = sorted(
            str(one.get("name")) for one in binding.subjects if one.get("name") in EVERYBODY
        )
        if binding.role_ref.get("name") != "cluster-admin" or not names:
            continue
        yield Hit(
            subject=binding.subject,
            title=f"ClusterRoleBinding {binding.name} makes everybody administrator",
            saw=f"It binds cluster-admin to {', '.join(names)}.",
            expected="cluster-admin is bound to named people and accounts.",
            evidence=(binding.where(f"name: {names[0]}"),),
            first_seen=binding.metadata.creation_timestamp,
            last_seen=identity.collected_at,
        )
