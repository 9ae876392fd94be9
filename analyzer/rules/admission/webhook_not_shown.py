"""A webhook that the bundle does not show blocks the creation of objects.

What it means:
  The API server could not ask a webhook, and refused objects for it. The list of the webhooks was
  not collected, so that neither its owner nor its settings are known.
Why it matters:
  Pods and other objects in its scope cannot be created; if kube-system is among it, AKS cannot
  repair its own components.
How we know:
  Events with "failed calling webhook", three times or more, the last within twenty minutes. A
  webhook that a complete list does not show is gone by now and is left out.
What to do:
  customer: Collect again with rights to list webhook configurations, or look for it (kubectl get
    validatingwebhookconfigurations,mutatingwebhookconfigurations -o yaml), and bring its pods back.
References:
  - Dynamic admission control: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.markers import is_managed_namespace
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, MutatingWebhooks, ValidatingWebhooks
from analyzer.model.gap import Presence
from analyzer.model.subject import Subject
from analyzer.rules.admission._refusals import Refusals, refusals
from analyzer.rules.api import Hit, Rule

RULE = Rule(
    id="AKS-ADM-006",
    title="A webhook that the bundle does not show blocks the creation of objects",
    component="admission-webhook",
    clauses=("FAQ-02", "UNS-01"),
)

_WOULD = (
    "The webhook configurations: one of the customer's own makes it the customer's, one of AKS's "
    "Microsoft's.",
)


def check(
    events: Events,
    identity: Identity,
    validating: ValidatingWebhooks | None,
    mutating: MutatingWebhooks | None,
) -> Iterator[Hit]:
    if _whole(validating) and _whole(mutating):
        return
    shown = {
        webhook.name
        for listing in (validating, mutating)
        for item in (listing.items if listing is not None else ())
        for webhook in item.webhooks
    }
    for name, refused in sorted(refusals(events, identity.collected_at).items()):
        goes_on = refused.goes_on(identity.collected_at)
        if refused.lasting and goes_on and name not in shown:
            yield _hit(name, refused)


def _whole(listing: ValidatingWebhooks | MutatingWebhooks | None) -> bool:
    return listing is not None and all(
        state.presence is Presence.PRESENT and not state.selection
        for state in listing.states.values()
    )


def _hit(name: str, refused: Refusals) -> Hit:
    spaces = refused.namespaces
    managed = any(is_managed_namespace(space) for space in spaces)
    return Hit(
        subject=Subject(kind="Webhook", name=name),
        title=f"Webhook {name} does not answer and blocks the creation of objects",
        saw=f"{refused.count} requests failed in {', '.join(spaces)}: {refused.text}",
        expected="A webhook that answers, or failurePolicy Ignore.",
        evidence=refused.evidence,
        variant="managed" if managed else "default",
        affects=tuple(Subject(kind="Namespace", name=space) for space in spaces),
        first_seen=refused.first,
        onset_at_latest=True,
        last_seen=refused.last,
        count=refused.count,
        would_change=_WOULD,
    )
