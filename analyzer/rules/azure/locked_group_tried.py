"""Somebody tries to change the locked node resource group.

What it means:
  The node resource group is locked down (restriction level ReadOnly), and somebody other than AKS
  tried to change something in it; Azure denied it.
Why it matters:
  Nothing was changed. A script or a person goes on as if the group were theirs, and will have
  success where the lock is lifted, with a cluster that cannot be supported any more.
How we know:
  Operations in the activity log that failed with DenyAssignmentAuthorizationFailed, in the last
  three days, and the restriction level in the export of the cluster.
What to do:
  customer: Make the change through the AKS API, or leave it; stop whatever tries it.
References:
  - Node resource group lockdown: https://learn.microsoft.com/azure/aks/node-resource-group-lockdown
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.model.gap import Gap
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._codes import Kind
from analyzer.rules.azure._refusals import refusals, span, told
from analyzer.rules.azure._sets import tell

RULE = Rule(
    id="AKS-GOV-002",
    title="Somebody tries to change the locked node resource group",
    component="azure-governance",
    clauses=("NRG-01", "NODE-08"),
    signals=frozenset({Signal.CLUSTER_SETTING}),
)


def check(azure: AzureExports | None, identity: Identity) -> Iterator[Hit]:
    missing: list[Gap] = []
    found = refusals(Kind.LOCKDOWN, azure or AzureExports(), None, identity, missing)
    callers = sorted({r.caller for r in found if r.caller})
    if found:
        by = f" It was tried by {', '.join(callers[:3])}." if callers else ""
        yield Hit(
            subject=CLUSTER,
            saw=f"{told(found)}.{by}",
            expected="Changes go through the AKS API.",
            evidence=tuple(r.where for r in found[:3]),
            **span(found),
        )
    tell(missing)
