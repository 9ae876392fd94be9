"""A KEDA scaled object does not work.

What it means:
  KEDA cannot scale the workload: its target or one of its triggers is wrong, or the source of the
  trigger (a queue, a metric) refuses it.
Why it matters:
  The workload stays at its present size.
How we know:
  The condition Ready of the ScaledObject is False; conditions of KEDA carry no time, so a mistake
  of the last minutes may be among them. Paused objects are left out.
What to do:
  customer: Do what the message says; check the trigger's metadata and its TriggerAuthentication.
References:
  - KEDA on AKS: https://learn.microsoft.com/azure/aks/keda-about
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import CustomResourceDefinitions
from analyzer.facts.more_listings import ScaledObjects, not_installed
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal

RULE = Rule(
    id="AKS-KEDA-001",
    title="A KEDA scaled object does not work",
    component="keda",
    clauses=("UNS-01",),
    signals=frozenset({Signal.OWN_WORKLOAD, Signal.UNHEALTHY}),
)

YOUNG = timedelta(minutes=10)
_PAUSED = "autoscaling.keda.sh/paused"


def check(
    identity: Identity,
    scaled: ScaledObjects | None,
    definitions: CustomResourceDefinitions | None,
) -> Iterator[Hit]:
    if scaled is None:
        if not_installed(definitions, "scaledobjects.keda.sh"):
            raise NotApplicable("KEDA is not installed")
        scaled = ScaledObjects().require()
    now = identity.collected_at
    for item in scaled.items:
        condition = item.condition("Ready")
        if condition is None or condition.status != "False":
            continue
        made = item.metadata.creation_timestamp
        young = made is not None and now is not None and now - made < YOUNG
        if young or any(key.startswith(_PAUSED) for key in item.metadata.annotations):
            continue
        yield Hit(
            subject=item.subject,
            title=f"The scaled object {item.namespace}/{item.name} does not work",
            saw=f"{condition.reason}: {condition.message[:400]}",
            expected="The condition Ready is True.",
            evidence=(item.where("type: Ready", f"reason: {condition.reason}"),),
            last_seen=now,
        )
