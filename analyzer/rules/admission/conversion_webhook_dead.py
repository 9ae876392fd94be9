"""Objects of a custom resource cannot be read, because their conversion webhook is dead.

What it means:
  A custom resource is stored in one version and asked for in another; a webhook translates. Nothing
  answers for that webhook.
Why it matters:
  Its objects can be neither listed nor written. Controllers that list everything fail over it:
  garbage collection, the deletion of namespaces, backups.
How we know:
  The conversion strategy of the resource's definition, more than one served version, and the
  Service behind the webhook, which does not exist or has no ready endpoint. It weighs more where
  objects are stored in more than one version, or where a namespace or an event says that a
  conversion failed; software that was taken out often leaves such definitions behind.
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
    Events,
    Namespaces,
    Pods,
    Services,
)
from analyzer.facts.objects import CustomResourceDefinition, WebhookService
from analyzer.facts.objects.condition import condition_in
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

#: Of apiextensions-apiserver (pkg/apiserver/conversion); namespaces repeat it.
_FAILED = "conversion webhook for"
_FAILURES = ("NamespaceDeletionContentFailure", "NamespaceDeletionDiscoveryFailure")


def check(
    definitions: CustomResourceDefinitions,
    services: Services,
    identity: Identity,
    baseline: Baseline,
    slices: EndpointSlices | None,
    endpoints: EndpointsLists | None,
    pods: Pods | None,
    namespaces: Namespaces | None,
    events: Events | None,
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
            needed = _needed(item, namespaces, events)
            yield _hit(item, dead, identity, managed=managed, needed=needed)
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


def _needed(
    item: CustomResourceDefinition, namespaces: Namespaces | None, events: Events | None
) -> bool:
    """True where objects may be stored in another version, or a conversion is seen to fail."""
    stored = item.status.get("storedVersions")
    if isinstance(stored, list) and len(stored) > 1:
        return True
    group = str(item.spec.get("group") or item.name.partition(".")[2])
    texts = [event.text for event in (events.items if events is not None else ())]
    for space in namespaces.items if namespaces is not None else ():
        for kind in _FAILURES:
            condition = condition_in(space.status, kind)
            texts += [condition.message] if condition is not None else []
    return any(_FAILED in text and group in text for text in texts)


def _hit(
    item: CustomResourceDefinition, dead: Dead, identity: Identity, *, managed: bool, needed: bool
) -> Hit:
    signals = {Signal.MANAGED_COMPONENT, Signal.CHANGE_NOT_CHECKED}
    return Hit(
        subject=item.subject,
        title=f"Objects of {item.name} cannot be read: their conversion webhook is dead"
        if needed
        else f"The conversion webhook of {item.name} is dead",
        saw=f"Conversion asks a webhook, and {dead.why}.",
        expected="A conversion webhook that answers.",
        evidence=(item.where("strategy: Webhook"), dead.where),
        variant="default" if needed else "left-over",
        signals=frozenset(signals if managed else {Signal.OWN_WEBHOOK}),
        affects=tuple(
            Subject(kind="Pod", namespace=p.namespace, name=p.name, node=p.spec.node_name)
            for p in dead.pods
        ),
        last_seen=identity.collected_at,
    )
