"""A managed component is not ready.

What it means:
  AKS runs this component, and some or all of its pods have not been ready for many minutes.
Why it matters:
  Where none of its pods is ready, what the component does is not done at all. Where some are ready,
  the nodes concerned go without it, or its reserve is gone.
How we know:
  The counts in the status of the Deployment or DaemonSet, and the Ready condition of its pods. Pods
  that have just started, roll-outs of a few minutes, nodes that have just joined or that leave, and
  Windows DaemonSets without Windows nodes are left out. A node, image, network or webhook that is
  found to be at fault explains it. Where the scheduler places none of the pods, its message tells
  whether nodes are full, carry own taints, or are in trouble. Settings of the customer, events,
  network policies and archives of nodes that were not collected leave the owner open.
What to do:
  customer: See why the pods are not ready: kubectl -n <namespace> describe pod <pod>, and undo any
    change of the component. Where no node takes them, add nodes to the system pool, or take the
    taint off.
  microsoft: Look at the component on the nodes named here.
  cni-vendor: Look at the network of the nodes named here.
References:
  - Troubleshoot AKS clusters: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/welcome-azure-kubernetes
  - Pod conditions: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.schema import Component, Scope
from analyzer.facts.identity import Identity
from analyzer.facts.listings import (
    ConfigMaps,
    DaemonSets,
    Deployments,
    Events,
    NetworkPolicies,
    Nodes,
    Pods,
)
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Workload
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.component._crashes import crash_of
from analyzer.rules.component._egress import egress_view
from analyzer.rules.component._managed import (
    OWN_EFFECTS,
    VITAL,
    change_view,
    managed_workloads,
    pod_subject,
    pods_by_workload,
    require_system,
    signals_of,
)
from analyzer.rules.component._node_side import node_view
from analyzer.rules.component._open_questions import carried_by, open_questions, told_of
from analyzer.rules.component._own_log import Sources, told_by_log
from analyzer.rules.component._readiness import Unready, look
from analyzer.rules.component._scheduling import SETTLED, scheduling_signals

RULE = Rule(
    id="AKS-CMP-002",
    title="A managed component is not ready",
    component="managed-component",
    clauses=("MGD-08", "MGD-05", "SUP-02"),
    signals=frozenset({Signal.MANAGED_COMPONENT, Signal.UNHEALTHY}),
)


_NOTHING: frozenset[str] = frozenset()
#: What a component is to the network has no say where no node takes its pods.
_NETWORK = frozenset({Signal.POD_NETWORK, Signal.CNI_ITSELF})


@dataclass(frozen=True)
class _World:
    identity: Identity
    sources: Sources
    events: Events | None
    policies: NetworkPolicies | None


def check(
    deployments: Deployments,
    daemonsets: DaemonSets,
    baseline: Baseline,
    identity: Identity,
    pods: Pods | None,
    nodes: Nodes | None,
    archives: NodeArchives | None,
    logs: Logs | None,
    config_maps: ConfigMaps | None,
    events: Events | None,
    policies: NetworkPolicies | None,
) -> Iterator[Hit]:
    sources = Sources(logs, archives, config_maps, identity.collected_at)
    world = _World(identity, sources, events, policies)
    index = pods_by_workload(pods)
    for component, workload in managed_workloads(deployments, daemonsets, baseline, identity):
        own = index.get((workload.namespace or "", workload.kind, workload.name), [])
        unready = look(workload, own if pods is not None else None, nodes, identity.collected_at)
        if unready is not None and (unready.desired or _must_run(component, baseline, nodes)):
            yield _hit(component, workload, unready, world)
    require_system(deployments, daemonsets)


def _crashing(unready: Unready, identity: Identity) -> bool:
    """True where AKS-CMP-003 tells of the same pods: this is only how it looks from outside."""
    return any(crash_of(pod, identity.collected_at) for pod in unready.pods)


def _must_run(component: Component, baseline: Baseline, nodes: Nodes | None) -> bool:
    """True where wanting no pods is wrong: a part of every such cluster, and there are nodes."""
    expectation = baseline.expects(component.id)
    firm = expectation is not None and expectation.certain and component.os == "linux"
    return firm and component.when.scope is Scope.ALWAYS and bool(nodes and nodes.items)


def _of_component(component: Component, unready: Unready) -> frozenset[Signal]:
    """What the component is, and what keeps its pods from being placed."""
    held = scheduling_signals(unready.pods)
    own = signals_of(component)
    return held | (own - _NETWORK if held & SETTLED else own)


def _hit(component: Component, workload: Workload, unready: Unready, world: _World) -> Hit:
    changed = change_view(workload, component, unready.onset, world.sources.config_maps)
    node = node_view(workload.kind, unready.pods, unready.desired or 0, world.sources.archives)
    asked = open_questions(workload, unready, world.identity, world.events, world.policies)
    load = carried_by(component, unready.pods)
    texts = told_of(unready.pods, world.events)
    egress = egress_view(component, unready.pods, world.sources.archives, texts)
    told = told_by_log(component.id, unready.pods, world.sources)
    none_ready = unready.ready == 0
    variant = ("all-vital" if component.id in VITAL else "all") if none_ready else "some"
    title = f"{workload.name} wants no pods"
    if unready.desired:
        count = f"{unready.desired - unready.ready} of {unready.desired} pods"
        title = f"{workload.name} is not ready: {count}"
    return Hit(
        subject=workload.subject,
        title=title,
        component=component.id,
        saw=unready.sentence,
        expected=f"All pods of {workload.name} ready. {component.what}",
        evidence=(
            workload.where(unready.anchor),
            *unready.evidence,
            *egress.evidence,
            *told.evidence,
        ),
        variant=variant,
        signals=_of_component(component, unready).union(
            changed.signals,
            node.signals,
            asked.signals,
            load.signals,
            egress.signals,
            told.signals,
        ),
        affects=tuple(pod_subject(pod) for pod in unready.pods),
        first_seen=unready.onset,
        last_seen=world.identity.collected_at,
        would_change=(
            *changed.would_change,
            *node.would_change,
            *asked.would_change,
            *load.would_change,
            *told.would_change,
        ),
        produces=_NOTHING if _crashing(unready, world.identity) else None,
        instance_of=unready.instance_of - OWN_EFFECTS.get(component.category, frozenset()),
    )
