"""The workloads that AKS manages in this cluster, their pods, and who changed them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.baselines.attribution import (
    EARLIER_MACHINERY,
    Change,
    changes,
    customer_changes,
    unknown_changes,
)
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import component_of, whose
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import ConfigMaps, DaemonSets, Deployments, Pods
from analyzer.facts.objects import Pod, Workload
from analyzer.model.gap import NotCollected
from analyzer.model.signal import Signal
from analyzer.model.subject import Subject

#: Components whose loss takes down name resolution or networking for everything else.
VITAL = frozenset({"coredns", "kube-proxy", "azure-cns", "cilium"})
#: What the loss of a component itself brings about: it cannot be a symptom of that.
OWN_EFFECTS = {
    "cni": frozenset({"no-pod-network", "no-pod-ips"}),
    "proxy": frozenset({"no-service-routing"}),
    "csi": frozenset({"no-disks"}),
}
#: Clocks of who writes and who reports differ a little.
TOLERANCE = timedelta(minutes=2)
#: The namespace that every AKS cluster has; without its listings nothing is known.
SYSTEM = "kube-system"

PodsByWorkload = dict[tuple[str, str, str], list[Pod]]


@dataclass(frozen=True, slots=True)
class ChangeView:
    """What the managed fields say of a change, as signals, and what would make it firmer."""

    signals: frozenset[Signal] = frozenset()
    would_change: tuple[str, ...] = ()


def managed_workloads(
    deployments: Deployments, daemonsets: DaemonSets, baseline: Baseline, identity: Identity
) -> Iterator[tuple[Component, Workload]]:
    """Deployments and DaemonSets that are AKS's, with their component, in a fixed order."""
    for workload in (*daemonsets.items, *deployments.items):
        component = component_of(workload, baseline.catalogue)
        if component is not None and whose(workload, baseline.catalogue, identity).managed:
            yield component, workload


def require_system(deployments: Deployments, daemonsets: DaemonSets) -> None:
    """Stop a rule from calling clear what it never saw.

    Raises:
        NotCollected: the workloads of kube-system were not read.
    """
    deployments.of(SYSTEM)
    daemonsets.of(SYSTEM)


def pods_by_workload(pods: Pods | None) -> PodsByWorkload:
    """Pods by namespace, kind and name of their controller."""
    index: PodsByWorkload = {}
    for pod in pods.items if pods is not None else ():
        if pod.controller is not None:
            index.setdefault((pod.namespace or "", *pod.controller), []).append(pod)
    return index


def pod_subject(pod: Pod) -> Subject:
    """The pod with the node on which it runs."""
    return Subject(kind="Pod", name=pod.name, namespace=pod.namespace, node=pod.spec.node_name)


def signals_of(component: Component) -> frozenset[Signal]:
    """What the policy needs to know of a component, whatever is wrong with it."""
    signals = {Signal.MANAGED_COMPONENT}
    if component.pod_network_part or component.category == "proxy":
        signals.add(Signal.POD_NETWORK)
    if component.category == "cni":
        signals.add(Signal.CNI_ITSELF)
    if component.category == "csi":
        signals.add(Signal.STORAGE)
    return frozenset(signals)


def customers_of(obj: KubeObject, component: Component) -> tuple[Change, ...]:
    """Changes by the customer's tools of an object that AKS made.

    An object that ``kubectl apply`` or Helm wrote as a whole is left out: its managed fields cannot
    tell AKS's older machinery from a person.

    Raises:
        NotCollected: the managed fields are not shown.
    """
    return customer_changes(obj, component) if _made_by_machinery(obj) else ()


def strangers_of(obj: KubeObject, component: Component) -> tuple[Change, ...]:
    """As :func:`customers_of`, by managers that nobody knows.

    Raises:
        NotCollected: the managed fields are not shown.
    """
    return unknown_changes(obj, component) if _made_by_machinery(obj) else ()


def _made_by_machinery(obj: KubeObject) -> bool:
    """False for an object whose writer may be AKS's older machinery as well as a person."""
    written = [change for change in changes(obj) if change.subresource != "status"]
    main = max(written, key=lambda change: len(change.fields), default=None)
    if main is None or main.kind == "unknown":
        return False
    return main.kind != "customer" or main.manager not in EARLIER_MACHINERY


def change_view(
    workload: Workload | None,
    component: Component,
    onset: datetime | None,
    config_maps: ConfigMaps | None,
) -> ChangeView:
    """Whether a change may be behind a failure that began at ``onset``.

    A component that reads settings of the customer is not checked before those were seen.
    """
    unseen = _unseen_settings(component, config_maps)
    if workload is None or unseen:
        return ChangeView(frozenset({Signal.CHANGE_NOT_CHECKED}), unseen)
    try:
        found = customers_of(workload, component)
        strangers = strangers_of(workload, component)
    except NotCollected:
        return ChangeView(frozenset({Signal.CHANGE_NOT_CHECKED}))
    if any(_before(change, onset) for change in found):
        return ChangeView(frozenset({Signal.CHANGED_BY_CUSTOMER}))
    if found or strangers:
        who = (*found, *strangers)[0]
        text = f"What {who} changed, and whether it did so before the failure began."
        return ChangeView(frozenset({Signal.CHANGE_NOT_CHECKED}), (text,))
    return ChangeView(frozenset({Signal.CHANGED_BY_AKS}))


def _unseen_settings(component: Component, config_maps: ConfigMaps | None) -> tuple[str, ...]:
    """What would show the customer's settings of a component that were not collected."""
    texts = []
    for rule in component.customer_may:
        kind, _, rest = rule.object.partition("/")
        namespace, _, name = rest.partition("/")
        if kind != "ConfigMap":
            continue
        try:
            (config_maps or ConfigMaps()).of(namespace)
        except NotCollected:
            texts.append(f"ConfigMap {name}, with which customers set up {component.name}.")
    return tuple(dict.fromkeys(texts))


def _before(change: Change, onset: datetime | None) -> bool:
    return change.time is None or onset is None or change.time <= onset + TOLERANCE
