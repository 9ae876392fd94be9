"""A webhook of the customer is asked for AKS's own components.

What it means:
  The webhook answers, but its selectors take in kube-system, and no answer counts as a no
  (failurePolicy Fail). The day it does not answer, AKS cannot repair its components.
Why it matters:
  An upgrade that drains the webhook's own pods first stops itself.
How we know:
  The webhook's rules (with matchPolicy), selectors and matchConditions against the labels of
  kube-system and of the managed pods in it; its Service lies in another namespace and has
  endpoints. A condition that cannot be read here is taken to leave kube-system out.
  AKS adds selectors to such webhooks, unless they carry admissions.enforcer/disabled.
What to do:
  customer: Leave kube-system out by a namespaceSelector, set failurePolicy Ignore, or take the mark
    admissions.enforcer/disabled away.
References:
  - Webhooks and AKS's own namespaces: https://learn.microsoft.com/azure/aks/faq
  - Good practice for webhooks: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import is_managed_namespace, whose
from analyzer.facts.identity import Identity
from analyzer.facts.listings import (
    EndpointSlices,
    EndpointsLists,
    MutatingWebhooks,
    Namespaces,
    Pods,
    Services,
    ValidatingWebhooks,
)
from analyzer.facts.objects import Webhook
from analyzer.model.gap import NotCollected
from analyzer.rules.admission._backends import Cluster, dead_backend
from analyzer.rules.admission._selectors import system_of
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-ADM-002",
    title="A webhook of the customer is asked for AKS's own components",
    component="admission-webhook",
    clauses=("FAQ-02",),
    signals=frozenset({Signal.OWN_WEBHOOK}),
)


def check(
    validating: ValidatingWebhooks,
    mutating: MutatingWebhooks,
    services: Services,
    baseline: Baseline,
    identity: Identity,
    slices: EndpointSlices | None,
    endpoints: EndpointsLists | None,
    namespaces: Namespaces | None,
    pods: Pods | None,
) -> Iterator[Hit]:
    cluster = Cluster(services, slices, endpoints, None, namespaces)
    system = system_of(namespaces, pods, baseline.catalogue, identity)
    for item in (*validating.items, *mutating.items):
        if whose(item, baseline.catalogue, identity).managed:
            continue
        reaching = [
            webhook
            for webhook in item.webhooks
            if webhook.failure_policy == "Fail"
            and _is_outside(webhook)
            and system.reached_by(webhook)
            and _answers(webhook, cluster)
        ]
        if reaching:
            names = ", ".join(webhook.name for webhook in reaching[:3])
            yield Hit(
                subject=item.subject,
                title=f"Webhook {item.name} is asked for AKS's own components",
                saw=f"{names}: failurePolicy Fail, and the selectors take in kube-system.",
                expected="Selectors that leave kube-system out, or failurePolicy Ignore.",
                evidence=(item.where(f"name: {reaching[0].name}"),),
                first_seen=item.metadata.creation_timestamp,
                last_seen=identity.collected_at,
                count=len(reaching),
            )


def _is_outside(webhook: Webhook) -> bool:
    """True where the Service lies in a namespace of the customer: AKS's own never do."""
    service = webhook.client_config.service
    return service is not None and not is_managed_namespace(service.namespace)


def _answers(webhook: Webhook, cluster: Cluster) -> bool:
    """True where something answers, or that cannot be told; a dead one has a finding of its own."""
    service = webhook.client_config.service
    try:
        return service is None or dead_backend(service, cluster) is None
    except NotCollected:
        return True
