"""Workloads of the customer run in a namespace of AKS.

What it means:
  A Deployment, DaemonSet or StatefulSet in a namespace that AKS manages was put there by somebody
  else.
Why it matters:
  It is easily taken for a part of AKS and is none: nobody at Microsoft keeps it, and exemptions of
  system namespaces (network policies, admission, quotas) hold for it too.
How we know:
  Several marks of the object are weighed: who wrote it, its labels, its images, whether AKS has a
  component of that name and kind. Only a clear verdict counts; what could be a part of AKS that the
  data does not know is left out, and so are the parts of a CNI that is the customer's own.
What to do:
  customer: Nothing has to be done if this is meant; a namespace of your own is the better place.
  microsoft: Nothing is to be done.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import (
    Whose,
    component_of,
    is_ambiguous_namespace,
    is_managed_namespace,
    whose,
)
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Deployments, StatefulSets
from analyzer.facts.objects import Workload
from analyzer.model.owner import Confidence
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.component._managed import require_system

RULE = Rule(
    id="AKS-CMP-008",
    title="Workloads of the customer run in a namespace of AKS",
    component="namespace",
    clauses=("UNS-01",),
    signals=frozenset({Signal.OWN_WORKLOAD}),
)

#: Software that brings a pod network: rules of the CNI tell it.
_CNI_NAMES = ("cilium", "hubble", "calico", "tigera", "flannel", "weave", "antrea", "kube-router")
_REASONS = 2


def check(
    deployments: Deployments,
    daemonsets: DaemonSets,
    stateful_sets: StatefulSets | None,
    baseline: Baseline,
    identity: Identity,
) -> Iterator[Hit]:
    others = stateful_sets.items if stateful_sets is not None else ()
    for workload in (*daemonsets.items, *deployments.items, *others):
        if _in_question(workload, baseline, identity):
            verdict = whose(workload, baseline.catalogue, identity)
            if verdict.owner == "customer" and verdict.confidence is Confidence.HIGH:
                yield _hit(workload, verdict)
    require_system(deployments, daemonsets)


def _in_question(workload: Workload, baseline: Baseline, identity: Identity) -> bool:
    namespace = workload.namespace
    if not is_managed_namespace(namespace) or is_ambiguous_namespace(namespace):
        return False
    component = component_of(workload, baseline.catalogue)
    part_of_cni = component is not None and component.pod_network_part
    own_cni = identity.network.byocni is not False or bool(identity.network.own_cni)
    named_so = any(name in workload.name for name in _CNI_NAMES)
    return not part_of_cni and not (own_cni and named_so)


def _hit(workload: Workload, verdict: Whose) -> Hit:
    why = "; ".join(verdict.reasons[:_REASONS])
    image = workload.images[0] if workload.images else "no image shown"
    return Hit(
        subject=workload.subject,
        title=f"Workloads of the customer run in namespace {workload.namespace}",
        saw=f"{workload.kind} {workload.namespace}/{workload.name} ({image}) is not a part of AKS: "
        f"{why}.",
        expected=f"In {workload.namespace} only what AKS puts there.",
        evidence=(workload.where(f"image: {image}"),),
        group=workload.namespace,
        first_seen=workload.metadata.creation_timestamp,
        produces=frozenset(),
    )
