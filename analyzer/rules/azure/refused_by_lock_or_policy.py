"""A lock or an Azure Policy keeps AKS from changing its own resources.

What it means:
  Somebody put a lock on the node resource group (or on something in it), or assigned an Azure
  Policy that denies what AKS, the cloud provider or the autoscaler wants to write there.
Why it matters:
  Load balancers, routes, security rules and nodes stay as they are: Services get no address, new
  nodes no route, upgrades and repairs fail.
How we know:
  The refusals ScopeLocked, RequestDisallowedByPolicy and AmbiguousPolicyEvaluationPaths of
  operations of AKS and of the cluster's own controllers, in the activity log, in the last error of
  a pool or in events, in the last three days. What people or tools of others tried
  does not count.
What to do:
  customer: Delete the lock (az lock list -g <node resource group>, az lock delete --ids <id>), or
    exempt the node resource group from the policy that the message names (az policy exemption
    create).
References:
  - Locks: https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
  - Refused by policy: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-policy-requestdisallowedbypolicy
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
    id="AKS-GOV-001",
    title="A lock or an Azure Policy keeps AKS from changing its own resources",
    component="azure-governance",
    clauses=("SUP-03", "SUP-12"),
    signals=frozenset({Signal.AZURE_GOVERNANCE, Signal.UNHEALTHY}),
)


def check(azure: AzureExports | None, events: Events | None, identity: Identity) -> Iterator[Hit]:
    missing: list[Gap] = []
    all_ = refusals(Kind.GOVERNANCE, azure or AzureExports(), events, identity, missing)
    found = tuple(r for r in all_ if not r.foreign)
    for code in sorted({r.code for r in found}):
        own = tuple(r for r in found if r.code == code)
        about = subjects(own)
        yield Hit(
            subject=about[0],
            saw=f"{told(own)}.",
            expected="Nothing in the subscription denies AKS writes to the node resource group.",
            evidence=tuple(r.where for r in own[:4]),
            group=code,
            affects=about[1:],
            **span(own),
        )
    tell(missing)
