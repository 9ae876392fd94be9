"""The Kubernetes version is outside of AKS support.

What it means:
  At the time of collection the cluster's Kubernetes minor was past the end of its support on AKS,
  or so old that only the platform is supported and Kubernetes itself is not.
Why it matters:
  Bugs of that version get no fix, nodes of it may no longer be made, and support asks for an
  upgrade first.
How we know:
  The version of the API server against the published calendar, at the collection's own date, and
  the support plan of the cluster where its export is there. A minor newer than the calendar is
  fine.
What to do:
  customer: Upgrade the cluster one minor at a time (az aks get-upgrades, then az aks upgrade), or
    move to long-term support (az aks update --tier premium --k8s-support-plan
    AKSLongTermSupport).
References:
  - Supported versions: https://learn.microsoft.com/azure/aks/supported-kubernetes-versions
  - Long-term support: https://learn.microsoft.com/azure/aks/long-term-support
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.calendar import Support, SupportState, newest_supported, support_state
from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.upgrade._version import version_evidence

RULE = Rule(
    id="AKS-VER-001",
    title="The Kubernetes version is outside of AKS support",
    component="kubernetes-version",
    clauses=("NODE-07", "VER-01", "VER-03"),
)

_HITS = {
    Support.OUT_OF_SUPPORT: ("default", Signal.OUT_OF_WINDOW),
    Support.PLATFORM_ONLY: ("platform-only", Signal.OUT_OF_WINDOW),
    Support.PREVIEW: ("preview", Signal.PREVIEW_FEATURE),
}
_TITLES = {
    Support.OUT_OF_SUPPORT: "Kubernetes {minor} is outside of AKS support",
    Support.PLATFORM_ONLY: "Kubernetes {minor} has platform support only",
    Support.PREVIEW: "Kubernetes {minor} was still in preview",
}


def check(identity: Identity, nodes: Nodes | None, azure: AzureExports | None) -> Iterator[Hit]:
    state = support_state(identity.minor, identity.collected_at, identity.support_plan)
    if state.state is Support.UNKNOWN:
        raise NotCollected(
            Gap(path="cluster/version.json", reason=Presence.NOT_ASKED, detail=state.why)
        )
    if state.state not in _HITS:
        return
    variant, signal = _HITS[state.state]
    yield Hit(
        subject=CLUSTER,
        title=_TITLES[state.state].format(minor=state.minor),
        saw=_sentence(identity, state),
        expected=f"A minor within the support window; the newest then was {_newest(identity)}.",
        evidence=(*version_evidence(identity, nodes), *_plan(identity, azure)),
        variant=variant if state.certain else "plan-unknown",
        signals=frozenset({signal}),
        last_seen=identity.collected_at,
        would_change=() if state.certain else (_PLAN.format(end=state.lts_end),),
    )


_PLAN = (
    "The support plan (az aks show -o json): with AKSLongTermSupport the version would be in "
    "support until {end}."
)


def _sentence(identity: Identity, state: SupportState) -> str:
    at = identity.collected_at
    when = f" on {at:%Y-%m-%d}" if at else ""
    return f"The API server ran {identity.kubernetes_version}{when}: {state.why}."


def _newest(identity: Identity) -> str:
    at = identity.collected_at
    return (newest_supported(at) if at else None) or "not known"


def _plan(identity: Identity, azure: AzureExports | None) -> tuple[EvidenceRef, ...]:
    if azure is None or identity.support_plan is None:
        return ()
    return (azure.where("managed-cluster", f"supportPlan: {identity.support_plan}"),)
