"""The support of the cluster's Kubernetes version ends soon.

What it means:
  The cluster's Kubernetes minor is in support today, and leaves it within two months.
Why it matters:
  After the date there are no fixes for it; upgrades go one minor at a time and need preparation.
How we know:
  The version of the API server against the published calendar at the day of the collection, and
  the support plan of the cluster where its export is there: long-term support moves the date.
What to do:
  customer: Plan the upgrade (az aks get-upgrades, az aks upgrade), or move to long-term support
    (az aks update --tier premium --k8s-support-plan AKSLongTermSupport).
References:
  - Supported versions: https://learn.microsoft.com/azure/aks/supported-kubernetes-versions
  - Long-term support: https://learn.microsoft.com/azure/aks/long-term-support
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta

from analyzer.baselines.calendar import Support, support_state
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.upgrade._version import version_evidence

RULE = Rule(
    id="AKS-VER-004",
    title="The support of the cluster's Kubernetes version ends soon",
    component="kubernetes-version",
    clauses=("NODE-07", "VER-01"),
    signals=frozenset({Signal.RETIRING}),
)

SOON = timedelta(days=60)


def check(identity: Identity, nodes: Nodes | None) -> Iterator[Hit]:
    now = identity.collected_at
    state = support_state(identity.minor, now, identity.support_plan)
    if state.state is Support.UNKNOWN or now is None:
        raise NotCollected(
            Gap(path="cluster/version.json", reason=Presence.NOT_ASKED, detail=state.why)
        )
    ends = state.lts_end if state.state is Support.LTS else state.end
    if state.state not in (Support.SUPPORTED, Support.LTS) or ends is None:
        return
    left = ends - now.astimezone(UTC).date()
    if left > SOON:
        return
    plan = " under long-term support" if state.state is Support.LTS else ""
    hint = (
        f" With long-term support it would be {state.lts_end}."
        if state.state is Support.SUPPORTED and state.lts_end
        else ""
    )
    yield Hit(
        subject=CLUSTER,
        title=f"The support of Kubernetes {state.minor} ends on {ends}",
        saw=f"The API server runs {identity.kubernetes_version}, in support{plan} until {ends}, "
        f"{left.days} days after the collection.{hint}",
        expected="A minor whose support goes on for more than two months.",
        evidence=version_evidence(identity, nodes),
        last_seen=now,
    )
