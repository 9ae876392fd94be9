"""Objects of a custom resource cannot be read, because their conversion webhook is dead.

What it means:
  A custom resource is stored in one version and asked for in another; a webhook translates. Nothing
  answers for that webhook.
Why it matters:
  Its objects can be neither listed nor written. Controllers that list everything fail over it:
  garbage collection, the deletion of namespaces, backups.
How we know:
  The conversion strategy of the resource's definition, more than one served version, and the
  Service behind the webhook, which does not exist or has no ready endpoint.
What to do:
  customer: Bring the webhook's pods back, or where the software is gone, remove its objects and the
    definition (kubectl delete crd NAME).
  microsoft: Look at the component behind the webhook.
References:
  - Versions of custom resources: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import whose
from analyzer.facts.identity import Identity
from analyzer.facts.listings import (
    CustomResourceDefinitions,
    EndpointSlices,
    EndpointsLists,
    Namespaces,
    Pods,
    Services,
)
from analyzer.facts.objects import CustomResourceDefinition, WebhookService
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.admission._backends import Cluster, Dead, dead_backend
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-ADM-004",
    title="Objects of a custom resource cannot be read: their conversion webhook is dead",
    component="conversion-webhook",
    clauses=("UNS-01", "MGD-05"),
    signals=frozenset({Signal.UNHEALTHY}),
)


def check(
    definitions: CustomResourceDefinitions,
    services: Services,
    identity: Identity,
    baseline: Baseline,
    slices: EndpointSlices | None,
    endpoints: EndpointsLists | None,
    pods: Pods | None,
    namespaces: Namespaces | None,
) -> Iterator[Hit]:
    cluster = Cluster(services, slices, endpoints, pods, namespaces)
    missing: NotCollected | None = None
    for item in definitions.items:
        target = _target(item)
        if target is None:
            continue
        try:
            dead = dead_backend(target, cluster)
        except NotCollected as gap:
            missing = gap
            continue
        if dead is not None:
            managed = whose(item, baseline.catalogue, identity).managed
            yield _hit(item, dead, identity, managed=managed)
    if missing is not None:
        raise missing


def _target(item: CustomResourceDefinition) -> WebhookService | None:
    """The Service that converts, where more than one version is served."""
    conversion: Any = item.spec.get("conversion")
    if not isinstance(conversion, dict) or conversion.get("strategy") != "Webhook":
        return None
    served = [v for v in item.spec.get("versions") or () if isinstance(v, dict) and v.get("served")]
    client = (conversion.get("webhook") or {}).get("clientConfig") or {}
    service = client.get("service")
    if len(served) < 2 or not isinstance(service, dict):
        return None
    return WebhookService.model_validate(service)


def _hit(item: CustomResourceDefinition, dead: Dead, identity: Identity, *, managed: bool) -> Hit:
    signals = {Signal.MANAGED_COMPONENT, Signal.CHANGE_NOT_CHECKED}
    return Hit(
        subject=item.subject,
        title=f"Objects of {item.name} cannot be read: their conversion webhook is dead",
        saw=f"Conversion asks a webhook, and {dead.why}.",
        expected="A conversion webhook that answers.",
        evidence=(item.where("strategy: Webhook"), dead.where),
        signals=frozenset(signals if managed else {Signal.OWN_WEBHOOK}),
        affects=tuple(
            Subject(kind="Pod", namespace=p.namespace, name=p.name, node=p.spec.node_name)
            for p in dead.pods
        ),
        last_seen=identity.collected_at,
    )
