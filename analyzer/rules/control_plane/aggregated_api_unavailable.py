"""An aggregated API is not available.

What it means:
  A part of the Kubernetes API that a server in the cluster answers (an APIService), for example the
  resource metrics, cannot be asked.
Why it matters:
  Its clients get errors: without metrics autoscalers stand still and kubectl top is empty. Any
  unavailable API delays discovery, and namespaces can hang while they are deleted.
How we know:
  The Available condition of the APIService, not available for five minutes or more. A loss of the
  component behind it, or of the tunnel, explains it. APIs that the customer installed are the
  customer's.
What to do:
  customer: See the condition (kubectl get apiservice <name> -o yaml), repair the server behind it,
    or remove an APIService whose server is gone.
  microsoft: Look at the component that serves the API.
References:
  - Aggregation layer: https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
  - Metrics server in AKS: https://learn.microsoft.com/azure/aks/use-metrics-server-vertical-pod-autoscaler
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.attribution import customer_changes
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import is_managed_namespace
from analyzer.baselines.schema import Component, Scope
from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import ApiServices, Deployments
from analyzer.facts.objects import ApiService, Condition
from analyzer.model.gap import NotCollected
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-CTL-004",
    title="An aggregated API is not available",
    component="aggregated-api",
    clauses=("MGD-01", "MGD-05", "UNS-01"),
    signals=frozenset({Signal.UNHEALTHY}),
)

LASTING = timedelta(minutes=5)
_GROUPS = (
    "The network security groups of the nodes' subnet (az network nsg list) and the managed "
    "fields of the Deployment behind it: a rule or a change of the customer's would make it the "
    "customer's, none of them Microsoft's."
)


def check(
    api_services: ApiServices,
    baseline: Baseline,
    identity: Identity,
    deployments: Deployments | None,
    azure: AzureExports | None,
) -> Iterator[Hit]:
    for item in api_services.items:
        condition = _failed(item, identity.collected_at)
        if condition is not None:
            component = _component(item, baseline)
            signals = _signals(component, deployments)
            if component is not None and condition.reason == "FailedDiscoveryCheck":
                # Its Service has endpoints that cannot be reached.
                signals |= {Signal.POD_NETWORK} | _unseen(azure)
            yield _hit(item, condition, component, signals)


def _failed(item: ApiService, now: datetime | None) -> Condition | None:
    """The Available condition where it says no for longer than a restart takes."""
    rows = item.status.get("conditions") or ()
    for row in rows if item.spec.get("service") else ():
        condition = Condition.model_validate(row)
        if condition.type == "Available" and condition.status == "False":
            since = condition.last_transition_time
            young = since is not None and now is not None and now - since < LASTING
            return None if young else condition
    return None


def _component(item: ApiService, baseline: Baseline) -> Component | None:
    """The managed component behind the API; None where the customer's server answers it."""
    service = item.spec.get("service") or {}
    namespace, name = str(service.get("namespace") or ""), str(service.get("name") or "")
    if not is_managed_namespace(namespace):
        return None
    component = baseline.catalogue.find("APIService", None, item.name) or baseline.catalogue.find(
        "Service", namespace, name
    )
    named = component or baseline.catalogue.find("Deployment", namespace, name)
    return named if named is not None and named.when.scope is not Scope.CUSTOMER else None


def _signals(component: Component | None, deployments: Deployments | None) -> frozenset[Signal]:
    if component is None:
        return frozenset({Signal.OWN_WORKLOAD})
    signals = {Signal.MANAGED_COMPONENT}
    try:
        shown = deployments.items if deployments is not None else ()
        behind = [
            d for d in shown if d.name == component.name and d.namespace in component.namespaces
        ]
        if not behind:
            return frozenset(signals | {Signal.CHANGE_NOT_CHECKED})
        changed = any(customer_changes(workload, component) for workload in behind)
    except NotCollected:
        return frozenset(signals | {Signal.CHANGE_NOT_CHECKED})
    return frozenset(signals | {Signal.CHANGED_BY_CUSTOMER if changed else Signal.CHANGED_BY_AKS})


def _unseen(azure: AzureExports | None) -> frozenset[Signal]:
    """Rules on the nodes' subnet can cut the way from the tunnel's nodes to those of the pods."""
    seen = azure is not None and "nsg" in azure.documents
    return frozenset() if seen else frozenset({Signal.CHANGE_NOT_CHECKED})


def _hit(
    item: ApiService, condition: Condition, component: Component | None, signals: frozenset[Signal]
) -> Hit:
    service = item.spec.get("service") or {}
    behind = f"{service.get('namespace')}/{service.get('name')}"
    metrics = item.spec.get("group") == "metrics.k8s.io"
    since = condition.last_transition_time
    when = f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""
    says = f"{condition.reason}: {condition.message[:200]}"
    return Hit(
        subject=item.subject,
        title=f"The aggregated API {item.name} is not available",
        component=component.id if component is not None else None,
        saw=f"Service {behind} does not answer{when}: {says}",
        expected="The condition Available is True.",
        evidence=(item.where("type: Available", f"reason: {condition.reason}"),),
        would_change=(_GROUPS,) if Signal.CHANGE_NOT_CHECKED in signals else (),
        variant="metrics" if metrics else ("default" if component is not None else "own"),
        signals=signals,
        first_seen=since,
        produces=frozenset({"discovery-fails"} | ({"metrics-missing"} if metrics else set())),
    )
