"""A quota stops new pods.

What it means:
  A ResourceQuota of the namespace is used up, or asks for requests and limits that the pods do
  not state. The API server refuses to make them.
Why it matters:
  The workload has fewer pods than it should, and the next roll-out of it does not finish.
How we know:
  The API server's refusals in events of the last hour and in conditions of replica sets that
  still lack pods, and the status of the quota. A quota that is full and refuses nothing is no
  finding.
What to do:
  customer: Raise the quota (kubectl edit resourcequota NAME -n NAMESPACE), lower the requests of
    the pods, or remove workloads of the namespace.
References:
  - Resource quotas: https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.kube import quantity
from analyzer.facts.listings import Events, ReplicaSets, ResourceQuotas
from analyzer.facts.objects import ResourceQuota
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.budget._refusals import Refusal, refusals

RULE = Rule(
    id="AKS-QUO-001",
    title="A quota stops new pods",
    component="workload",
    clauses=("UNS-01", "SHR-05"),
    signals=frozenset({Signal.OWN_WORKLOAD, Signal.CAPACITY_EXHAUSTED}),
)


def check(
    identity: Identity,
    events: Events | None,
    replica_sets: ReplicaSets | None,
    quotas: ResourceQuotas | None,
) -> Iterator[Hit]:
    found: dict[tuple[str, str], list[Refusal]] = {}
    for refusal in refusals(events, replica_sets, identity.collected_at):
        found.setdefault((refusal.namespace, refusal.quota), []).append(refusal)
    known = {(q.namespace, q.name): q for q in (quotas.items if quotas is not None else ())}
    for (namespace, name), told in sorted(found.items()):
        yield _hit(namespace, name, told, known.get((namespace, name)))
    (events or Events()).require()


def _hit(namespace: str, name: str, told: list[Refusal], quota: ResourceQuota | None) -> Hit:
    workloads = tuple(dict.fromkeys(refusal.workload for refusal in told))
    names = ", ".join(f"{w.kind} {w.name}" for w in workloads[:3])
    more = f" and {len(workloads) - 3} others" if len(workloads) > 3 else ""
    full = _full(quota) if quota is not None else ""
    own = (quota.where("status", "used"),) if quota is not None else ()
    return Hit(
        subject=Subject(kind="ResourceQuota", name=name, namespace=namespace),
        title=f"The quota {namespace}/{name} stops new pods",
        saw=f"Pods of {names}{more} are refused: {told[0].text}.{full}",
        expected="The quota leaves room for the pods that the namespace's workloads ask for.",
        evidence=(*(refusal.where for refusal in told[:3]), *own),
        affects=workloads,
        first_seen=min((r.first for r in told if r.first), default=None),
        last_seen=max((r.last for r in told if r.last), default=None),
        count=max(1, sum(refusal.times for refusal in told)),
    )


def _full(quota: ResourceQuota) -> str:
    """What of the quota is used up now."""
    hard, used = quota.status.get("hard"), quota.status.get("used")
    if not isinstance(hard, dict) or not isinstance(used, dict):
        return ""
    full = [
        f"{key} {used[key]} of {hard[key]}"
        for key in sorted(hard.keys() & used.keys())
        if _reached(str(used[key]), str(hard[key]))
    ]
    return f" Used up: {', '.join(full)}." if full else ""


def _reached(used: str, hard: str) -> bool:
    have, limit = quantity(used), quantity(hard)
    return have is not None and limit is not None and have >= limit
