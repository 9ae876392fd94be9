"""A network policy of the customer cuts off AKS's own components.

What it means:
  A NetworkPolicy in a namespace of AKS selects pods of managed components and lets nothing in, or
  nothing out.
Why it matters:
  CoreDNS then answers nobody, metrics are missing, or the tunnel to the control plane breaks.
How we know:
  The policy's selector against the labels of managed pods that have an address of their own (pods
  on the node's network are out of its reach), and a direction without a single rule in any policy
  that selects them. Traffic in counts for pods to which a Service leads. AKS's own policies are
  left out, and a cluster without a policy engine is passed over. Where it is not shown whether the
  cluster has one, the finding is low: without an engine a policy does nothing.
What to do:
  customer: Delete the policy (kubectl delete networkpolicy NAME -n NAMESPACE), or leave the managed
    pods out of its podSelector.
References:
  - Network policies on AKS: https://learn.microsoft.com/azure/aks/use-network-policies
  - Network policies: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import component_of, is_managed_namespace, whose
from analyzer.facts.identity import Identity, PolicyEngine
from analyzer.facts.listings import NetworkPolicies, Pods, Services
from analyzer.facts.objects import NetworkPolicy, Pod
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.network_policy._reading import directions, rules, selector, selects

RULE = Rule(
    id="AKS-NP-001",
    title="A network policy of the customer cuts off AKS's own components",
    component="network-policy",
    clauses=("SUP-10", "UNS-16", "MGD-06"),
    signals=frozenset({Signal.OWN_NETWORK_POLICY}),
)


_ENGINE = (
    "The cluster's policy engine (az aks show -g <resource group> -n <cluster> --query "
    "networkProfile.networkPolicy): with none, the policy does nothing, and this is no cause."
)
_VITAL = ("coredns", "konnectivity-agent", "metrics-server")
_SHOWN = 3
#: CNIs that customers bring and that enforce network policies themselves.
_ENFORCING = frozenset({"calico", "cilium", "antrea", "kube-router", "weave"})


def check(
    policies: NetworkPolicies,
    pods: Pods,
    identity: Identity,
    baseline: Baseline,
    services: Services | None,
) -> Iterator[Hit]:
    if identity.network.policy is PolicyEngine.NONE and identity.network.byocni is False:
        raise NotApplicable("the cluster has no engine that would enforce network policies")
    for policy in policies.items:
        if not is_managed_namespace(policy.namespace):
            continue
        if whose(policy, baseline.catalogue, identity).managed:
            continue
        near = [p for p in policies.items if p.namespace == policy.namespace]
        reached = [
            pod
            for pod in _reached(policy, pods)
            if "Egress" in directions(policy) or _serves(pod, services)
        ]
        yield from _of_policy(policy, near, reached, baseline, identity)


def _enforced(identity: Identity) -> bool:
    """True where something is shown that puts network policies into effect."""
    network = identity.network
    known = network.policy not in (PolicyEngine.UNKNOWN, PolicyEngine.NONE)
    return known or bool(_ENFORCING & set(network.own_cni))


def _reached(policy: NetworkPolicy, pods: Pods) -> list[Pod]:
    chosen = selector(policy)
    return [
        pod
        for pod in pods.items
        if pod.namespace == policy.namespace
        and not pod.spec.host_network
        and pod.status.phase not in ("Succeeded", "Failed")
        and selects(chosen, pod.metadata.labels)
    ]


def _serves(pod: Pod, services: Services | None) -> bool:
    """True where a Service leads to the pod, or that cannot be told: others need no way in."""
    shown = [s for s in (services.items if services is not None else ())
             if s.namespace == pod.namespace]  # fmt: skip
    return not shown or any(
        s.spec.selector and s.spec.selector.items() <= pod.metadata.labels.items() for s in shown
    )


def _of_policy(
    policy: NetworkPolicy,
    near: list[NetworkPolicy],
    reached: list[Pod],
    baseline: Baseline,
    identity: Identity,
) -> Iterator[Hit]:
    """One hit for the policy, with every managed component that it leaves without a way."""
    groups: dict[str, list[Pod]] = {}
    for pod in reached:
        component = component_of(pod, baseline.catalogue)
        if component is not None and whose(pod, baseline.catalogue, identity).managed:
            groups.setdefault(component.id, []).append(pod)
    cut = {}
    for name, group in sorted(groups.items(), key=lambda item: (_rank(item[0]), item[0])):
        shut = [d for d in sorted(directions(policy)) if _shut(d, policy, near, group[0])]
        if shut:
            cut[name] = (group, shut)
    if cut:
        yield _hit(policy, cut, identity)


def _rank(component: str) -> int:
    """The components that all others need come first."""
    return next((n for n, vital in enumerate(_VITAL) if component.startswith(vital)), len(_VITAL))


def _shut(direction: str, policy: NetworkPolicy, near: list[NetworkPolicy], pod: Pod) -> bool:
    """True where no policy that selects the pod lets anything through: policies add up."""
    if rules(policy, direction):
        return False
    return not any(
        rules(other, direction)
        for other in near
        if direction in directions(other) and selects(selector(other), pod.metadata.labels)
    )


def _hit(
    policy: NetworkPolicy, cut: Mapping[str, tuple[list[Pod], list[str]]], identity: Identity
) -> Hit:
    enforced = _enforced(identity)
    names = list(cut)
    more = f" and {len(names) - 1} more managed components" if len(names) > 1 else ""
    if len(names) == 2:
        more = f" and {names[1]}"
    said = "; ".join(_said(name, *cut[name]) for name in names[:_SHOWN])
    rest = f"; and {len(names) - _SHOWN} more components" if len(names) > _SHOWN else ""
    pods = [pod for group, _ in cut.values() for pod in group]
    return Hit(
        subject=policy.subject,
        title=f"NetworkPolicy {policy.namespace}/{policy.name} cuts off {names[0]}{more}",
        component=names[0],
        saw=f"It selects {said}{rest}."
        + ("" if enforced else " Whether anything in the cluster enforces it is not shown."),
        expected="No policy of the customer restricts pods of managed components.",
        evidence=(policy.where("podSelector"),),
        group=f"{policy.namespace}/{policy.name}",
        signals=frozenset({Signal.POD_NETWORK} if identity.network.byocni else ()),
        variant="default" if enforced else "not-shown",
        would_change=() if enforced else (_ENGINE,),
        affects=(
            *dict.fromkeys(_owner(pod) for pod in pods),
            *(
                Subject(kind="Pod", namespace=p.namespace, name=p.name, node=p.spec.node_name)
                for p in pods
            ),
        ),
        first_seen=policy.metadata.creation_timestamp,
        last_seen=identity.collected_at,
        count=len(names),
        produces=frozenset({"component-changed"}).union(*(_effects(name) for name in names)),
    )


def _said(name: str, group: list[Pod], shut: list[str]) -> str:
    way = " and ".join("in" if direction == "Ingress" else "out" for direction in shut)
    pods = "1 pod" if len(group) == 1 else f"{len(group)} pods"
    return f"{pods} of {name} and lets nothing {way}"


def _owner(pod: Pod) -> Subject:
    kind, name = pod.controller or ("Pod", pod.name)
    return Subject(kind=kind, namespace=pod.namespace, name=name)


def _effects(component: str) -> frozenset[str]:
    if component == "coredns":
        return frozenset({"no-dns"})
    tunnel = component == "konnectivity-agent"
    return frozenset({"tunnel-down"}) if tunnel else frozenset()
