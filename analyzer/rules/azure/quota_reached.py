"""A quota of the subscription is reached, so that Azure makes no more machines or addresses.

What it means:
  AKS or a controller of the cluster asked Azure for machines, cores or public addresses, and Azure
  refused because the subscription's quota for the region is used up.
Why it matters:
  Pools do not grow, upgrades that need a surge node fail, and Services wait for their address.
How we know:
  The quota's own refusal in the activity log, in the last error of a node pool, in the state of a
  scale set's instances, or in events of the autoscaler and the cloud provider, in the last three
  days. An operation that succeeded later on the same resource is over.
What to do:
  customer: Ask for a higher quota (az vm list-usage -l <region> -o table shows it; the portal,
    Quotas, raises it), remove machines that are not needed, or use another size or region.
References:
  - vCPU quotas: https://learn.microsoft.com/azure/virtual-machines/quotas
  - Quotas and limits of AKS: https://learn.microsoft.com/azure/aks/quotas-skus-regions
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events
from analyzer.model.gap import Gap
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._codes import Kind
from analyzer.rules.azure._refusals import refusals, span, subjects, told
from analyzer.rules.azure._sets import tell

RULE = Rule(
    id="AKS-CAP-001",
    title="A quota of the subscription is reached",
    component="azure-quota",
    clauses=("SUP-03", "SHR-05"),
    signals=frozenset({Signal.CAPACITY_EXHAUSTED}),
)


def check(azure: AzureExports | None, events: Events | None, identity: Identity) -> Iterator[Hit]:
    missing: list[Gap] = []
    found = refusals(Kind.QUOTA, azure or AzureExports(), events, identity, missing)
    about = subjects(found)
    if found:
        yield Hit(
            subject=about[0],
            saw=f"{told(found)}.",
            expected="The quota leaves room for the largest size of every pool and a surge node.",
            evidence=tuple(r.where for r in found[:4]),
            affects=about[1:],
            **span(found),
        )
    tell(missing)
