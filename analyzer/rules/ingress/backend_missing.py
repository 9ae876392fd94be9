"""An Ingress leads to a Service that does not exist.

What it means:
  A rule of the Ingress names a Service that is not in its namespace.
Why it matters:
  Requests for that host or path get an error (503) from the ingress controller.
How we know:
  The backends in the Ingress's rules, against the complete list of the namespace's Services.
  Ingresses of the last hour and in AKS's own namespaces are left out, and so are names that an
  ingress controller makes up for itself (AWS's use-annotation, for example).
What to do:
  customer: Correct the name of the Service in the Ingress, or make the Service again.
References:
  - Ingress: https://kubernetes.io/docs/concepts/services-networking/ingress/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from analyzer.baselines.markers import is_managed_namespace
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Services
from analyzer.facts.more_listings import Ingresses
from analyzer.facts.objects import AnyObject
from analyzer.model.gap import NotCollected
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-ING-002",
    title="An Ingress leads to a Service that does not exist",
    component="ingress",
    clauses=("UNS-01",),
    signals=frozenset({Signal.OWN_WORKLOAD}),
)

YOUNG = timedelta(hours=1)


def check(ingresses: Ingresses, services: Services, identity: Identity) -> Iterator[Hit]:
    missing: NotCollected | None = None
    now = identity.collected_at
    for item in ingresses.items:
        made = item.metadata.creation_timestamp
        young = made is not None and now is not None and now - made < YOUNG
        if young or is_managed_namespace(item.namespace) or item.metadata.deletion_timestamp:
            continue
        try:
            space = item.namespace or ""
            gone = [n for n in _backends(item) if services.get(space, n) is None]
        except NotCollected as gap:
            missing = gap
            continue
        if gone:
            yield Hit(
                subject=item.subject,
                title=f"Ingress {space}/{item.name} leads to a Service that does not exist",
                saw=f"It names {', '.join(gone)}, and the namespace has no such Service.",
                expected="Every backend of the Ingress exists.",
                evidence=(
                    item.where(f"name: {gone[0]}"),
                    services.listing(space, what=f"Service {gone[0]} is not in the list"),
                ),
                first_seen=made,
                last_seen=now,
                count=len(gone),
            )
    if missing is not None:
        raise missing


def _backends(item: AnyObject) -> list[str]:
    """The names of the Services behind the Ingress, in order; those with a port name a real one."""
    rows = [item.spec.get("defaultBackend")]
    for rule in _listed(item.spec.get("rules")):
        http = rule.get("http")
        paths = _listed(http.get("paths")) if isinstance(http, dict) else []
        rows += [path.get("backend") for path in paths]
    names = []
    for row in rows:
        service = row.get("service") if isinstance(row, dict) else None
        port = service.get("port") if isinstance(service, dict) else None
        made_up = isinstance(port, dict) and port.get("name") == "use-annotation"
        if isinstance(service, dict) and service.get("name") and not made_up:
            names.append(str(service["name"]))
    return list(dict.fromkeys(names))


def _listed(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
