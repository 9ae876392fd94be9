"""An admission webhook that nobody answers blocks the creation of objects.

What it means:
  The API server must ask a webhook before it accepts certain objects, and takes no answer for a no
  (failurePolicy Fail). The webhook's Service is gone or has no ready endpoint, or calls to it fail.
Why it matters:
  Pods and other objects in its scope cannot be created or changed. If that scope takes in
  kube-system, AKS cannot repair or update its own components, and node upgrades stop.
How we know:
  Events with "failed calling webhook" name the webhook and what was blocked. Without events: the
  webhook's configuration, its Service and endpoints, and its rules, selectors and matchConditions
  against kube-system and the managed pods in it. AKS adds selectors to customers' webhooks that
  leave its namespaces out, unless the configuration says admissions.enforcer/disabled. A webhook
  that says no on purpose is left out.
What to do:
  customer: Bring the webhook's pods back, or remove its configuration (kubectl delete <kind>
    <name>). Set failurePolicy Ignore, or leave kube-system out by a namespaceSelector.
  microsoft: Look at the component behind the webhook.
References:
  - Webhooks and AKS's own namespaces: https://learn.microsoft.com/azure/aks/faq
  - Dynamic admission control: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import component_of, whose
from analyzer.baselines.schema import Scope
from analyzer.facts.identity import Identity
from analyzer.facts.listings import (
    EndpointSlices,
    EndpointsLists,
    Events,
    MutatingWebhooks,
    Namespaces,
    Pods,
    Services,
    ValidatingWebhooks,
)
from analyzer.facts.objects import Webhook, WebhookConfiguration
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.admission._backends import Cluster, dead_backend
from analyzer.rules.admission._case import Case
from analyzer.rules.admission._refusals import Refusals, refusals
from analyzer.rules.admission._selectors import SYSTEM, System, system_of
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-ADM-001",
    title="An admission webhook that nobody answers blocks the creation of objects",
    component="admission-webhook",
    clauses=("FAQ-02", "UNS-01"),
    signals=frozenset({Signal.UNHEALTHY}),
)


@dataclass(frozen=True)
class _World:
    baseline: Baseline
    identity: Identity
    cluster: Cluster
    system: System


def check(
    validating: ValidatingWebhooks,
    mutating: MutatingWebhooks,
    baseline: Baseline,
    identity: Identity,
    services: Services | None,
    slices: EndpointSlices | None,
    endpoints: EndpointsLists | None,
    pods: Pods | None,
    events: Events | None,
    namespaces: Namespaces | None,
) -> Iterator[Hit]:
    cluster = Cluster(services or Services(), slices, endpoints, pods, namespaces)
    system = system_of(namespaces, pods, baseline.catalogue, identity)
    world = _World(baseline, identity, cluster, system)
    told = refusals(events, identity.collected_at)
    missing: NotCollected | None = None
    for configuration in (*validating.items, *mutating.items):
        for webhook in configuration.webhooks:
            try:
                case = _case(configuration, webhook, told, world)
            except NotCollected as gap:
                missing = gap
                continue
            if case is not None:
                yield _hit(case, world)
    if missing is not None:
        raise missing


def _case(
    configuration: WebhookConfiguration,
    webhook: Webhook,
    told: Mapping[str, Refusals],
    world: _World,
) -> Case | None:
    if webhook.failure_policy != "Fail":
        return None
    refused = told.get(webhook.name, Refusals())
    service = webhook.client_config.service
    unseen = False
    try:
        dead = dead_backend(service, world.cluster) if service is not None else None
    except NotCollected:
        if not refused.events:
            raise
        dead, unseen = None, True
    if dead is None and not refused.lasting:
        return None
    answers = dead is None and service is not None and not unseen
    if answers and not refused.goes_on(world.identity.collected_at):
        return None  # as after an upgrade of the webhook: it is there again
    reaches = world.system.reached_by(webhook)
    return Case(configuration, webhook, dead, refused, reaches)


def _hit(case: Case, world: _World) -> Hit:
    name = case.configuration.name
    spaces = set(case.refused.namespaces) | ({SYSTEM} if case.reaches_system else set())
    pods = case.dead.pods if case.dead is not None else ()
    affects = (
        *(Subject(kind="Namespace", name=space) for space in sorted(spaces)),
        *(
            Subject(kind="Pod", name=p.name, namespace=p.namespace, node=p.spec.node_name)
            for p in pods
        ),
    )
    return Hit(
        subject=case.configuration.subject,
        title=case.title,
        saw=case.sentence,
        expected="A webhook that answers, or failurePolicy Ignore.",
        evidence=(
            *case.refused.evidence,
            *((case.dead.where,) if case.dead is not None else ()),
            case.configuration.where(
                f"name: {case.webhook.name}", what=f"webhook {case.webhook.name}"
            ),
        ),
        variant=case.variant,
        group=f"{case.configuration.kind}/{name}",
        signals=_signals(case, world),
        affects=affects,
        first_seen=case.refused.first,
        onset_at_latest=True,
        last_seen=case.refused.last,
        count=max(case.refused.count, 1),
        produces=frozenset({"admission-blocked"}) if spaces else frozenset(),
    )


def _signals(case: Case, world: _World) -> frozenset[Signal]:
    """AKS's own webhooks are Microsoft's, and those that it hosts a part of the control plane."""
    configuration, catalogue = case.configuration, world.baseline.catalogue
    component = component_of(configuration, catalogue)
    if component is None or not whose(configuration, catalogue, world.identity).managed:
        return frozenset({Signal.OWN_WEBHOOK})
    hosted = component.when.scope is Scope.HOSTED
    part = Signal.CONTROL_PLANE if hosted else Signal.MANAGED_COMPONENT
    return frozenset({part, Signal.CHANGE_NOT_CHECKED} if not hosted else {part})
