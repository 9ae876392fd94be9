"""What Flux is to apply does not get applied.

What it means:
  A Kustomization or a Helm release of Flux is not ready: its source, its build or its objects have
  an error.
Why it matters:
  The cluster does not follow the repository any more.
How we know:
  The condition Ready has been False for half an hour or more. Suspended objects are left out.
What to do:
  customer: Do what the message says (kubectl describe <kind> <name> -n <namespace>), correct the
    repository, and let Flux try again.
References:
  - GitOps with Flux: https://learn.microsoft.com/azure/azure-arc/kubernetes/conceptual-gitops-flux2
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import CustomResourceDefinitions
from analyzer.facts.more_listings import HelmReleases, Kustomizations, not_installed
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal

RULE = Rule(
    id="AKS-GIT-001",
    title="What Flux is to apply does not get applied",
    component="flux",
    clauses=("UNS-01",),
    signals=frozenset({Signal.OWN_WORKLOAD, Signal.UNHEALTHY}),
)

PATIENCE = timedelta(minutes=30)
_KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io"
#: Reasons of Flux's controllers while they work or wait for another object.
_AT_WORK = frozenset({"Progressing", "ProgressingWithRetry", "DependencyNotReady"})


def check(
    identity: Identity,
    kustomizations: Kustomizations | None,
    releases: HelmReleases | None,
    definitions: CustomResourceDefinitions | None,
) -> Iterator[Hit]:
    if kustomizations is None and releases is None and not_installed(definitions, _KUSTOMIZATIONS):
        raise NotApplicable("Flux is not installed")
    now = identity.collected_at
    listed = (
        *(kustomizations.items if kustomizations is not None else ()),
        *(releases.items if releases is not None else ()),
    )
    for item in listed:
        condition = item.condition("Ready")
        if condition is None or condition.status != "False" or condition.reason in _AT_WORK:
            continue
        since = condition.last_transition_time
        young = since is not None and now is not None and now - since < PATIENCE
        if young or item.spec.get("suspend") is True:
            continue
        yield Hit(
            subject=item.subject,
            title=f"{item.subject} is not applied",
            saw=f"{condition.reason}: {condition.message[:400]}",
            expected="The condition Ready is True.",
            evidence=(item.where("type: Ready", f"reason: {condition.reason}"),),
            first_seen=since,
            last_seen=now,
        )
    if kustomizations is None and releases is None:
        Kustomizations().require()
