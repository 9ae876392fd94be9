"""Azure has no machines of the wanted size to give.

What it means:
  The size that a node pool asks for is not to be had in its region or zone at the moment, or not
  offered to this subscription there.
Why it matters:
  The pool does not grow, its lost nodes are not replaced, and upgrades that need a surge node fail.
How we know:
  The refusals AllocationFailed, ZonalAllocationFailed, OverconstrainedAllocationRequest and
  SkuNotAvailable in the activity log, in the last error of a pool, in the state of instances or in
  events, in the last three days. An operation that succeeded later on the same resource is over.
What to do:
  customer: Try another size, zone or region for the pool (az aks nodepool add), or several pools
    of different sizes; drop constraints such as a proximity placement group. Reserve capacity where
    the size must be there (az capacity reservation).
  microsoft: Say when the region has the size again.
References:
  - Allocation failures: https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/allocation-failure
  - SKU not available: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-sku-not-available
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
    id="AKS-CAP-002",
    title="Azure has no machines of the wanted size to give",
    component="azure-capacity",
    clauses=("SHR-05", "SUP-03"),
    signals=frozenset({Signal.CAPACITY_EXHAUSTED}),
)

_WOULD = (
    "A reservation of capacity that covers this size would make the refusal a matter for Microsoft."
)


def check(azure: AzureExports | None, events: Events | None, identity: Identity) -> Iterator[Hit]:
    missing: list[Gap] = []
    found = refusals(Kind.CAPACITY, azure or AzureExports(), events, identity, missing)
    for about in subjects(found):
        own = tuple(r for r in found if r.subject == about)
        yield Hit(
            subject=about,
            saw=f"{told(own)}.",
            expected="The size of the pool can be had in its zones, or another pool takes over.",
            evidence=tuple(r.where for r in own[:3]),
            **span(own),
            would_change=(_WOULD,),
        )
    tell(missing)
