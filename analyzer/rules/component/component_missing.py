"""An expected managed component is missing.

What it means:
  AKS runs this component in every cluster of this kind, or with an add-on that is switched on, and
  the complete list of its namespace does not show it.
Why it matters:
  What the component does is not done: names are not resolved, Services are not routed, volumes are
  not mounted, or the control plane does not reach the nodes.
How we know:
  The baseline of managed components, with the ConfigMap and the Service without which CoreDNS is
  nothing, against the complete listing of the namespace. Components whose
  presence is not certain (network mode, version or add-ons unknown; Windows without Windows nodes;
  a driver that can be switched off, without the export that says so) are left out, and an older
  generation of a component counts for it. AKS puts its components back, so something keeps it away;
  a deleted object leaves no trace of who deleted it.
What to do:
  customer: Look for the deletion in the audit log (kube-audit, verb delete) and for webhooks or
    policies that reject the object, then reconcile the cluster: az aks update -g <resource group>
    -n <cluster>
  microsoft: Find out why the reconciler does not put the component back.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Core concepts of AKS: https://learn.microsoft.com/azure/aks/core-aks-concepts
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.frames import Needed, needed
from analyzer.baselines.schema import Component, Scope
from analyzer.baselines.select import Expectation
from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import ConfigMaps, DaemonSets, Deployments, Services
from analyzer.model.gap import NotCollected
from analyzer.model.owner import Confidence
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.component._managed import VITAL, signals_of

RULE = Rule(
    id="AKS-CMP-001",
    title="An expected managed component is missing",
    component="managed-component",
    clauses=("MGD-05", "MGD-08"),
    signals=frozenset({Signal.MANAGED_COMPONENT, Signal.UNHEALTHY}),
)

_AUDIT = "The audit log (kube-audit), which names who deleted the object, would settle whose it is."


def check(
    deployments: Deployments,
    daemonsets: DaemonSets,
    baseline: Baseline,
    identity: Identity,
    azure: AzureExports | None,
    config_maps: ConfigMaps | None,
    services: Services | None,
) -> Iterator[Hit]:
    missing: NotCollected | None = None
    for expectation in baseline.expected:
        component = expectation.component
        if not _firm(expectation) or component.kind not in ("Deployment", "DaemonSet"):
            continue
        listing = deployments if component.kind == "Deployment" else daemonsets
        try:
            if _there(listing, component) or _switched_off(component, azure):
                continue
        except NotCollected as gap:
            missing = gap
            continue
        yield _hit(expectation, listing, identity)
    for item in needed():
        parts = config_maps if item.kind == "ConfigMap" else services
        owner = baseline.expects(item.component)
        if parts is None or owner is None or not _firm(owner):
            continue
        try:
            if parts.get(item.namespace, item.name) is None:
                yield _part(item, owner, parts)
        except NotCollected as gap:
            missing = gap
    if missing is not None:
        raise missing


def _firm(expectation: Expectation) -> bool:
    component = expectation.component
    always = component.when.scope in (Scope.ALWAYS, Scope.NETWORK, Scope.ADD_ON)
    return expectation.certain and always and component.confidence is Confidence.HIGH


def _there(listing: Deployments | DaemonSets, component: Component) -> bool:
    """True if any object bears the name, or one of before; raises where a list is not whole."""
    homes = component.namespaces
    names = (component.name, *component.lifecycle.renamed_from)
    if any(_bears(obj, homes, names) for obj in listing.items):
        return True
    for namespace in homes:
        listing.get(namespace, component.name)
    return False


def _bears(obj: KubeObject, homes: tuple[str, ...], names: tuple[str, ...]) -> bool:
    return obj.namespace in homes and any(fnmatchcase(obj.name, name) for name in names)


def _switched_off(component: Component, azure: AzureExports | None) -> bool:
    """True where ARM says that the customer switched it off; raises where only ARM could tell."""
    if not component.switch:
        return False
    cluster = (azure or AzureExports()).get("managed-cluster")
    path, _, value = component.switch.partition(" ")[0].partition("=")
    found: Any = cluster
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return str(found).lower() == value.lower()


def _part(item: Needed, owner: Expectation, listing: ConfigMaps | Services) -> Hit:
    """An object that a component cannot do without."""
    component = owner.component
    what = f"{item.kind} {item.name} is not in the list"
    return Hit(
        subject=Subject(kind=item.kind, name=item.name, namespace=item.namespace),
        title=f"{item.kind} {item.name} of {component.name} is missing",
        component=component.id,
        saw=f"{item.kind} {item.name} is not in namespace {item.namespace}. {item.what}",
        expected=f"{item.kind} {item.name} in {item.namespace}: {owner.why}",
        evidence=(listing.listing(item.namespace, what=what),),
        variant="vital" if component.id in VITAL else "default",
        signals=frozenset(signals_of(component) | {Signal.CHANGE_NOT_CHECKED}),
        would_change=(_AUDIT,),
    )


def _hit(expectation: Expectation, listing: Deployments | DaemonSets, identity: Identity) -> Hit:
    component = expectation.component
    namespace = component.namespaces[0] if component.namespaces else None
    what = f"{listing.kind} {component.name} is not in the list"
    signals = signals_of(component) | {Signal.CHANGE_NOT_CHECKED}
    network = identity.network
    if network.byocni is False and network.own_cni and component.category in ("cni", "proxy"):
        signals |= {Signal.THIRD_PARTY_CNI}
    return Hit(
        subject=Subject(kind=listing.kind, name=component.name, namespace=namespace),
        title=f"Managed component {component.name} is missing",
        component=component.id,
        saw=f"{listing.kind} {component.name} is not in namespace {namespace}. {component.what}",
        expected=f"{component.name} in {namespace}: {expectation.why}",
        evidence=(listing.listing(namespace, what=what),),
        variant="vital" if component.id in VITAL else "default",
        signals=frozenset(signals),
        would_change=(_AUDIT,),
    )
