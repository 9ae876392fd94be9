"""The subscription is disabled, so that Azure changes nothing in it.

What it means:
  The subscription of the cluster was suspended (a bill that is not paid, a spending limit, a trial
  that is over, or an owner who cancelled it). Azure lets nobody write to it, AKS included.
Why it matters:
  Nodes cannot be added or repaired, disks and load balancers cannot be changed. AKS stops the
  clusters of a suspended subscription at once and deletes them 90 days later.
How we know:
  The refusal ReadOnlyDisabledSubscription in the activity log, in the last error of a node pool or
  in events of the cloud provider and the autoscaler, in the last three days; or the state
  of the subscription, where the output of az account show -o json was put into the bundle as
  azure/account.json.
What to do:
  customer: Have the subscription enabled again by its billing owner (az account show tells its
    state), then start the cluster (az aks start -g <resource group> -n <cluster>).
References:
  - Support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Disabled subscriptions: https://learn.microsoft.com/azure/cost-management-billing/manage/subscription-disabled
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events
from analyzer.model.gap import Gap
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._codes import Kind
from analyzer.rules.azure._refusals import refusals, span, subjects, told
from analyzer.rules.azure._sets import tell

RULE = Rule(
    id="AKS-SUB-001",
    title="The subscription of the cluster is disabled",
    component="azure-subscription",
    clauses=("STOP-04",),
    signals=frozenset({Signal.SUBSCRIPTION_DISABLED, Signal.UNHEALTHY}),
)

#: So long after the suspension its clusters are deleted (support policies, "Stopped, deallocated,
#: and Not Ready nodes").
KEPT = timedelta(days=90)
#: An export that a bundle may hold besides (az account show -o json), and its states of a
#: subscription that takes no writes (learn.microsoft.com/azure/cost-management-billing/manage,
#: "Azure subscription states").
ACCOUNT = "account"
DISABLED = frozenset({"Disabled", "Warned", "Expired", "Deleted"})


def check(azure: AzureExports | None, events: Events | None, identity: Identity) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    state = _state(exports)
    found = refusals(Kind.SUBSCRIPTION, exports, events, identity, missing)
    if state == "Enabled":
        return  # it was enabled again since
    if found or state in DISABLED:
        first = min((r.first for r in found if r.first), default=None)
        ends = f" Its clusters are deleted by {first + KEPT:%Y-%m-%d}." if first else ""
        shown = f"The subscription is in the state {state}." if state in DISABLED else ""
        account = (exports.where(ACCOUNT, f"state: {state}"),) if shown else ()
        yield Hit(
            subject=CLUSTER,
            saw=f"{shown} {f'{told(found)}.' if found else ''}{ends}".strip(),
            expected="The subscription is enabled (az account show: state Enabled).",
            evidence=(*account, *(r.where for r in found[:4])),
            affects=tuple(s for s in subjects(found) if s != CLUSTER),
            **span(found),
        )
    else:
        tell(missing)


def _state(azure: AzureExports) -> str:
    """The state in an export of ``az account show``, empty where the bundle has none."""
    account = azure.documents.get(ACCOUNT)
    return str(account.get("state") or "") if isinstance(account, dict) else ""
