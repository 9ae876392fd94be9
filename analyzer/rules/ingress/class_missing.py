"""An Ingress names a class that does not exist.

What it means:
  The Ingress asks to be served by a class of controllers of which the cluster has none.
Why it matters:
  Nothing serves its hosts and paths.
How we know:
  The class in the Ingress's spec, against the complete list of ingress classes. Ingresses of the
  last hour, and those that name their class by the old annotation, are left out.
What to do:
  customer: Correct ingressClassName (kubectl get ingressclass shows what there is; the application
    routing add-on brings webapprouting.kubernetes.azure.com), or install the controller.
References:
  - Application routing add-on: https://learn.microsoft.com/azure/aks/app-routing
  - Ingress classes: https://kubernetes.io/docs/concepts/services-networking/ingress/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.more_listings import IngressClasses, Ingresses
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-ING-001",
    title="An Ingress names a class that does not exist",
    component="ingress",
    clauses=("UNS-01", "SUP-08"),
    signals=frozenset({Signal.OWN_WORKLOAD}),
)

YOUNG = timedelta(hours=1)


def check(ingresses: Ingresses, classes: IngressClasses, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    for item in ingresses.items:
        wanted = str(item.spec.get("ingressClassName") or "")
        made = item.metadata.creation_timestamp
        young = made is not None and now is not None and now - made < YOUNG
        if not wanted or young or classes.get(None, wanted) is not None:
            continue
        there = ", ".join(one.name for one in classes.items) or "none"
        yield Hit(
            subject=item.subject,
            title=f"Ingress {item.namespace}/{item.name} names a class that does not exist",
            saw=f"It asks for class {wanted}; the cluster has {there}.",
            expected="An ingress class of that name, with a controller.",
            evidence=(
                item.where(f"ingressClassName: {wanted}"),
                classes.listing(what=f"class {wanted} is not in the list"),
            ),
            group=f"class/{wanted}",
            first_seen=made,
            last_seen=now,
        )
