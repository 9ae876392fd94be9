"""Pods that want a workload identity did not get one.

What it means:
  The pod carries the label azure.workload.identity/use, but nothing gave it the token and the
  variables that the Azure libraries look for: the webhook that does so is not in the cluster.
Why it matters:
  The workload cannot sign in to Azure with its own identity.
How we know:
  The pod's label, the names of its variables (AZURE_FEDERATED_TOKEN_FILE is not among them), and
  the list of mutating webhooks, which shows none for workload identity. Pods that bring the
  variables themselves are left out.
What to do:
  customer: Switch the feature on (az aks update --enable-oidc-issuer --enable-workload-identity),
    then restart the workload (kubectl rollout restart).
References:
  - Workload identity on AKS: https://learn.microsoft.com/azure/aks/workload-identity-overview
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.workload_owners import WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import MutatingWebhooks, Pods
from analyzer.facts.objects import Pod
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._workloads import (
    by_workload,
    counted,
    lives,
    named,
    pod_subjects,
    subject_of,
)

RULE = Rule(
    id="AKS-WL-016",
    title="Pods that want a workload identity did not get one",
    component="workload-identity",
    clauses=("SHR-05",),
    signals=frozenset({Signal.CLUSTER_SETTING}),
)

_LABEL = "azure.workload.identity/use"
_VARIABLE = "AZURE_FEDERATED_TOKEN_FILE"


def check(
    pods: Pods, webhooks: MutatingWebhooks, identity: Identity, owners: WorkloadOwners
) -> Iterator[Hit]:
    asking = [pod for pod in pods.items if _asks(pod) and not _has_token(pod)]
    if not asking or _webhook(webhooks):
        return
    for key, group in by_workload(owners.own(asking)).items():
        yield Hit(
            subject=subject_of(key),
            title=f"Pods of {named(key)} want a workload identity and did not get one",
            saw=f"{counted(len(group), 'carries', 'carry')} the label {_LABEL} and no variable "
            f"{_VARIABLE}; no mutating webhook for workload identity is in the cluster.",
            expected="The webhook gives such pods a token and the variables for it.",
            evidence=(
                group[0].where(f"{_LABEL}"),
                webhooks.listing(what="no webhook for workload identity"),
            ),
            affects=pod_subjects(group),
            last_seen=identity.collected_at,
            count=len(group),
        )


def _asks(pod: Pod) -> bool:
    return pod.metadata.labels.get(_LABEL) == "true" and lives(pod)


def _has_token(pod: Pod) -> bool:
    return any(env.name == _VARIABLE for c in pod.spec.containers for env in c.env)


def _webhook(webhooks: MutatingWebhooks) -> bool:
    """True where any webhook serves workload identity: AKS's own, or the open-source one."""
    return any(
        "workload-identity" in item.name
        or "azure-wi" in item.name
        or any("workload-identity" in webhook.name for webhook in item.webhooks)
        for item in webhooks.items
    )
