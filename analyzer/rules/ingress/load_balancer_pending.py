"""A Service gets no load balancer, or its load balancer is not kept up to date.

What it means:
  The cloud provider asks Azure for the address and the rules of a Service of type LoadBalancer, and
  Azure refuses.
Why it matters:
  Nobody reaches the Service from outside; where it has an address already, changes of its ports and
  nodes do not take effect.
How we know:
  The events SyncLoadBalancerFailed of the Service, three times or more, the last within the hour.
  Azure's own error code in them says why: a right, a quota, an address that does not exist or is in
  use, a full subnet, a lock. Where the cluster's identity is refused as a whole, this is a symptom.
What to do:
  customer: Do what the error says; for an own address, correct the annotation
    service.beta.kubernetes.io/azure-pip-name or azure-load-balancer-resource-group and give the
    cluster's identity the role Network Contributor on it.
  microsoft: Look at the load balancer's operations in Azure for the times given here.
References:
  - Public load balancer in AKS: https://learn.microsoft.com/azure/aks/load-balancer-standard
  - Internal load balancer in AKS: https://learn.microsoft.com/azure/aks/internal-lb
  - Static address: https://learn.microsoft.com/azure/aks/static-ip
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Services
from analyzer.facts.objects import Event, Service
from analyzer.rules.api import Hit, Rule
from analyzer.rules.ingress._balancer_errors import Cause, cause_in

RULE = Rule(
    id="AKS-LB-001",
    title="A Service gets no load balancer",
    component="load-balancer",
    clauses=("SUP-03", "SUP-12"),
)

RECENT = timedelta(hours=1)
MIN_TIMES = 3
#: What the service controller says when it is done (k8s.io/cloud-provider, controllers/service).
DONE = frozenset({"EnsuredLoadBalancer", "UpdatedLoadBalancer"})
#: Errors that pass by themselves get this long.
LASTING = timedelta(minutes=30)


def check(events: Events, services: Services, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    told: dict[tuple[str | None, str], list[Event]] = {}
    for event in events.items:
        kind, namespace, name = event.about
        old = now is not None and event.last is not None and now - event.last > RECENT
        if event.reason == "SyncLoadBalancerFailed" and kind == "Service" and not old:
            told.setdefault((namespace, name), []).append(event)
    done = _done(events)
    for service in services.items:
        seen = told.get((service.namespace, service.name), [])
        if service.spec.type != "LoadBalancer" or sum(e.times for e in seen) < MIN_TIMES:
            continue
        newest = max(seen, key=lambda e: (str(e.last), e.metadata.uid))
        since = done.get((service.namespace, service.name))
        if since is not None and newest.last is not None and since > newest.last:
            continue  # a right that was given late, for one: it works by now
        cause = cause_in(newest.text)
        if cause.passes and not _lasts(seen):
            continue
        yield _hit(service, seen, newest, cause, now)


def _done(events: Events) -> dict[tuple[str | None, str], datetime]:
    """When the load balancer of a Service was last set up as wanted."""
    found: dict[tuple[str | None, str], datetime] = {}
    for event in events.items:
        kind, namespace, name = event.about
        if kind == "Service" and event.reason in DONE and event.last is not None:
            key = (namespace, name)
            found[key] = max(event.last, found.get(key, event.last))
    return found


def _lasts(seen: list[Event]) -> bool:
    first = min((e.first for e in seen if e.first), default=None)
    last = max((e.last for e in seen if e.last), default=None)
    return first is not None and last is not None and last - first >= LASTING


def _hit(
    service: Service, seen: list[Event], newest: Event, cause: Cause, now: datetime | None
) -> Hit:
    balancer = service.status.get("loadBalancer")
    has_address = bool(balancer.get("ingress")) if isinstance(balancer, dict) else False
    state = "has an address, and its load balancer is not kept up to date"
    return Hit(
        subject=service.subject,
        title=f"Service {service.namespace}/{service.name} "
        + (state if has_address else "gets no load balancer")
        + f": {cause.says}",
        saw=f"It failed {sum(e.times for e in seen)} times: {newest.text[:600]}",
        expected="The Service has an address in its status.",
        evidence=(newest.where("reason: SyncLoadBalancerFailed"), service.where("loadBalancer")),
        variant="update" if has_address else "default",
        signals=cause.signals,
        first_seen=min((e.first for e in seen if e.first), default=None),
        onset_at_latest=True,
        last_seen=now,
        count=sum(e.times for e in seen),
        instance_of=cause.effects,
    )
