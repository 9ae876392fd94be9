"""A namespace's network policies let no DNS out.

What it means:
  A policy that is about every pod of the namespace restricts what goes out, and no policy of the
  namespace lets port 53 through. Pods there cannot ask CoreDNS for a name.
Why it matters:
  Everything that is named by a name fails there, with errors that look like a fault of DNS.
How we know:
  The egress rules of all policies of the namespace. Policies for some pods that let port 53
  through, to anywhere, count as a way out, and so does a rule without ports. It may be meant so:
  pods that need no names work all the same.
What to do:
  customer: Add an egress rule for UDP and TCP 53 to the pods of CoreDNS (namespace kube-system,
    label k8s-app=kube-dns).
References:
  - Network policies on AKS: https://learn.microsoft.com/azure/aks/use-network-policies
  - Network policies: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.markers import is_managed_namespace
from analyzer.facts.identity import Identity, PolicyEngine
from analyzer.facts.listings import NetworkPolicies, Pods
from analyzer.facts.objects import NetworkPolicy
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.network_policy._reading import directions, everything, lets_dns_out, rules

RULE = Rule(
    id="AKS-NP-002",
    title="A namespace's network policies let no DNS out",
    component="network-policy",
    clauses=("SUP-10", "UNS-16"),
    signals=frozenset({Signal.OWN_NETWORK_POLICY}),
)


def check(policies: NetworkPolicies, identity: Identity, pods: Pods | None) -> Iterator[Hit]:
    if identity.network.policy is PolicyEngine.NONE and identity.network.byocni is False:
        raise NotApplicable("the cluster has no engine that would enforce network policies")
    spaces: dict[str, list[NetworkPolicy]] = {}
    for policy in policies.items:
        if not is_managed_namespace(policy.namespace) and "Egress" in directions(policy):
            spaces.setdefault(policy.namespace or "", []).append(policy)
    for name, near in sorted(spaces.items()):
        whole = [policy for policy in near if everything(policy)]
        if whole and not any(lets_dns_out(rules(policy, "Egress")) for policy in near):
            yield _hit(name, whole[0], pods, identity)


def _hit(name: str, policy: NetworkPolicy, pods: Pods | None, identity: Identity) -> Hit:
    count = sum(
        pod.namespace == name and not pod.spec.host_network
        for pod in (pods.items if pods is not None else ())
    )
    return Hit(
        subject=policy.subject,
        title=f"The network policies of namespace {name} let no DNS out",
        saw=f"NetworkPolicy {policy.name} restricts what goes out of every pod, and no policy of "
        f"the namespace lets port 53 through; {count} pods run there.",
        expected="An egress rule for port 53 to CoreDNS.",
        evidence=(policy.where("podSelector"),),
        signals=frozenset({Signal.POD_NETWORK} if identity.network.byocni else ()),
        affects=(Subject(kind="Namespace", name=name),),
        first_seen=policy.metadata.creation_timestamp,
        last_seen=identity.collected_at,
    )
