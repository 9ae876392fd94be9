"""A resource definition or a claim hangs while it is deleted.

What it means:
  The object was deleted and is kept by a finalizer: a resource definition as long as objects of it
  are there, a claim as long as a pod uses it.
Why it matters:
  It cannot be made anew; an upgrade or a removal of the software that it belongs to stands still.
How we know:
  The deletion time is an hour or more before the collection. For a claim, the pods that use it are
  looked up.
What to do:
  customer: Remove the objects that are left of the definition (their finalizers, once the
    controller is gone), or the pods that use the claim.
References:
  - Finalizers: https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
  - Custom resources: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import CustomResourceDefinitions, PersistentVolumeClaims, Pods
from analyzer.facts.objects import CustomResourceDefinition, condition_in
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-DEL-002",
    title="A resource definition or a claim hangs while it is deleted",
    component="api-objects",
    clauses=("UNS-01",),
    signals=frozenset({Signal.OWN_WORKLOAD}),
)

PATIENCE = timedelta(hours=1)


def check(
    definitions: CustomResourceDefinitions,
    identity: Identity,
    claims: PersistentVolumeClaims | None,
    pods: Pods | None,
) -> Iterator[Hit]:
    for item in (*definitions.items, *(claims.items if claims is not None else ())):
        since, now = item.metadata.deletion_timestamp, identity.collected_at
        if since is None or now is None or now - since < PATIENCE:
            continue
        users = _users(item, pods)
        why = _why(item, users)
        yield Hit(
            subject=item.subject,
            title=f"{item.subject} hangs while it is deleted",
            saw=f"It was deleted at {since:%Y-%m-%d %H:%M} UTC and is kept by "
            f"{', '.join(item.metadata.finalizers) or 'nothing that is shown'}.{why}",
            expected="It is gone once its finalizers are done.",
            evidence=(item.where("deletionTimestamp"),),
            affects=users,
            first_seen=since,
            last_seen=now,
        )


def _why(item: KubeObject, users: tuple[Subject, ...]) -> str:
    if users:
        return f" It is in use by {', '.join(user.name for user in users[:3])}."
    if isinstance(item, CustomResourceDefinition):
        condition = condition_in(item.status, "Terminating")
        return f" {condition.reason}: {condition.message}" if condition is not None else ""
    return ""


def _users(item: KubeObject, pods: Pods | None) -> tuple[Subject, ...]:
    if isinstance(item, CustomResourceDefinition) or pods is None:
        return ()
    return tuple(
        Subject(kind="Pod", namespace=pod.namespace, name=pod.name, node=pod.spec.node_name)
        for pod in pods.items
        if pod.namespace == item.namespace
        and any(
            volume.persistent_volume_claim is not None
            and volume.persistent_volume_claim.claim_name == item.name
            for volume in pod.spec.volumes
        )
    )
