"""A namespace hangs while it is deleted.

What it means:
  Everything in a namespace must be gone before it goes. Something in it stays: an object with a
  finalizer that nobody serves, or a part of the API that does not answer, so that the API server
  cannot know what is left.
Why it matters:
  The namespace cannot be made anew, and what remains may still cost or hold other things.
How we know:
  The namespace's deletion time is more than fifteen minutes before the collection; its conditions
  say what is left or what failed. An aggregated API or a conversion webhook that does not answer
  explains it.
What to do:
  customer: See the conditions (kubectl get namespace NAME -o yaml). Remove the objects that are
    left and their finalizers, once their controller is gone; remove an APIService without a server.
References:
  - Namespaces: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
  - Finalizers: https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.baselines.markers import is_managed_namespace
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Namespaces
from analyzer.facts.objects import Condition, Namespace, condition_in
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-DEL-001",
    title="A namespace hangs while it is deleted",
    component="namespace",
    clauses=("UNS-01", "MGD-01"),
)

PATIENCE = timedelta(minutes=15)
#: Conditions of pkg/controller/namespace/deletion, the one that tells most first.
_TELLING = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
)


def check(namespaces: Namespaces, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    for item in namespaces.items:
        since = item.metadata.deletion_timestamp
        if since is None or now is None or now - since < PATIENCE:
            continue
        told = _told(item)
        first = told[0] if told else None
        of_api = first is not None and first.type == _TELLING[0]
        own = not is_managed_namespace(item.name) and not of_api
        why = "; ".join(f"{c.type}: {c.message[:300]}" for c in told[:3]) or "nothing says why"
        yield Hit(
            subject=item.subject,
            title=f"Namespace {item.name} hangs while it is deleted",
            saw=f"It should have gone since {since:%Y-%m-%d %H:%M} UTC: {why}",
            expected="A namespace is gone within minutes.",
            evidence=(
                item.where(f"type: {first.type}") if first else item.where("deletionTimestamp"),
            ),
            variant="discovery" if of_api else "default",
            signals=frozenset({Signal.OWN_WORKLOAD} if own else ()),
            first_seen=since,
            last_seen=now,
            instance_of=_effects(first),
        )


def _told(item: Namespace) -> list[Condition]:
    found = (condition_in(item.status, kind) for kind in _TELLING)
    return [condition for condition in found if condition and condition.status == "True"]


def _effects(first: Condition | None) -> frozenset[str]:
    if first is None or not first.type.endswith("Failure"):
        return frozenset()
    return frozenset({"discovery-fails", "objects-unreadable", "admission-blocked"})
