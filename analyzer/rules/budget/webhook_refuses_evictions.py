"""A webhook refuses evictions, so that nodes cannot be drained.

What it means:
  An admission webhook is asked before a pod is evicted, and says no. Some operators do so on
  purpose, to move the pod themselves.
Why it matters:
  Upgrades, node image updates and repairs drain nodes. They stop at such a pod, and may fail before
  the operator has moved it.
How we know:
  Events of a drain in which a webhook "denied the request", three times or more within the day,
  with the webhook's name. The webhook's configuration tells whose it is.
What to do:
  customer: See that the operator behind the webhook moves the pod in time, or leave evictions out
    of the webhook's rules while nodes are upgraded (kubectl edit validatingwebhookconfiguration);
    then start the upgrade again.
References:
  - Eviction by the API: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
  - Upgrade options for AKS: https://learn.microsoft.com/azure/aks/upgrade-options
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import whose
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, MutatingWebhooks, ValidatingWebhooks
from analyzer.facts.objects import Event, WebhookConfiguration
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-PDB-002",
    title="A webhook refuses evictions, so that nodes cannot be drained",
    component="admission-webhook",
    clauses=("UNS-01", "NODE-06"),
)

RECENT = timedelta(hours=24)
MIN_TIMES = 3
#: Source: k8s.io/apiserver, pkg/admission/plugin/webhook/errors (ToStatusErr).
_DENIED = re.compile(r'admission webhook "(?P<name>[^"]+)" denied the request')
_EVICTS = re.compile(r"\bevict", re.IGNORECASE)


def check(
    events: Events,
    identity: Identity,
    baseline: Baseline,
    validating: ValidatingWebhooks | None,
    mutating: MutatingWebhooks | None,
) -> Iterator[Hit]:
    told: dict[str, list[Event]] = {}
    for event in events.items:
        match = _DENIED.search(event.text)
        drains = event.reason in ("Drain", "Upgrade") or _EVICTS.search(event.text)
        if match is not None and drains and _is_recent(event, identity):
            told.setdefault(match["name"], []).append(event)
    known = {
        webhook.name: item
        for listing in (validating, mutating)
        for item in (listing.items if listing is not None else ())
        for webhook in item.webhooks
    }
    for name, own in sorted(told.items()):
        if sum(event.times for event in own) >= MIN_TIMES:
            managed = _managed(known.get(name), baseline, identity)
            yield _hit(name, own, known.get(name), managed=managed)


def _is_recent(event: Event, identity: Identity) -> bool:
    now = identity.collected_at
    return now is None or event.last is None or now - event.last < RECENT


def _managed(
    item: WebhookConfiguration | None, baseline: Baseline, identity: Identity
) -> bool | None:
    """None where its configuration is not shown."""
    return None if item is None else whose(item, baseline.catalogue, identity).managed


def _hit(
    name: str, own: list[Event], item: WebhookConfiguration | None, *, managed: bool | None
) -> Hit:
    signals = {None: frozenset[Signal](), False: frozenset({Signal.OWN_WEBHOOK})}
    theirs = frozenset({Signal.MANAGED_COMPONENT, Signal.UNHEALTHY, Signal.CHANGE_NOT_CHECKED})
    nodes = sorted({event.about[2] for event in own if event.about[0] == "Node"})
    times = sum(event.times for event in own)
    return Hit(
        subject=item.subject if item is not None else Subject(kind="Webhook", name=name),
        title=f"Webhook {name} refuses evictions: nodes cannot be drained",
        saw=f"It refused {times} times: {own[-1].text[:400]}",
        expected="An eviction that no budget forbids is let through.",
        evidence=(
            *(event.where("message", what="a refused eviction") for event in own[:2]),
            *((item.where(f"name: {name}"),) if item is not None else ()),
        ),
        signals=signals.get(managed, theirs),
        affects=tuple(Subject(kind="Node", name=node) for node in nodes),
        first_seen=min((event.first for event in own if event.first), default=None),
        last_seen=max((event.last for event in own if event.last), default=None),
        count=times,
        would_change=(
            ("The configuration of the webhook (kubectl get validatingwebhookconfigurations): "
             "whoever made it owns this.",)
            if managed is None
            else ()
        ),
    )  # fmt: skip
