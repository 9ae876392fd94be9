"""A workload's pods may not be made at all.

What it means:
  The API server refuses to create the pods: a limit range or the pod security level of the
  namespace forbids them, a policy denies them, or the service account does not exist.
Why it matters:
  There is no pod that could tell: the workload stays below its count, and a roll-out stands still.
How we know:
  FailedCreate events of ReplicaSets, StatefulSets, DaemonSets and Jobs in the customer's
  namespaces, repeated, with the last within twenty minutes of the collection. Where a webhook does
  not answer, this is a symptom of it. A quota that is used up has a rule of its own.
What to do:
  customer: Do what the message names: give the pods requests and limits, correct their security
    context, or create the service account.
References:
  - Limit ranges: https://kubernetes.io/docs/concepts/policy/limit-range/
  - Pod security admission: https://kubernetes.io/docs/concepts/security/pod-security-admission/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.markers import is_managed_namespace
from analyzer.baselines.workload_owners import Key, WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, ReplicaSets
from analyzer.facts.objects import Event
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._pod_events import newest
from analyzer.rules.workload._workloads import earliest, named, subject_of

RULE = Rule(
    id="AKS-WL-007",
    title="A workload's pods may not be made",
    component="workload",
    clauses=("UNS-01", "UNS-14"),
    signals=frozenset({Signal.UNHEALTHY}),
)

#: A controller tries again at the latest after 1000 seconds (client-go's longest back-off): what
#: was refused longer ago has been made since, or is not wanted any more.
RECENT = timedelta(minutes=20)
KINDS = frozenset({"ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"})
REFUSED = re.compile(
    r"violates PodSecurity|LimitRange|(?:minimum|maximum) \w+ usage per|"
    r"error looking up service account|denied the request|is forbidden"
)
#: The webhook itself does not answer: that has a finding of its own, and this is its symptom.
NO_ANSWER = re.compile(r"failed calling webhook|failed to call webhook")
#: Calls fail while a webhook's pods are rolled out; so many are more than that.
MIN_UNANSWERED = 3
#: Another rule's: the quota of the namespace is used up.
NOT_HERE = re.compile(r"(?:exceeded|failed) quota")


def check(
    events: Events, identity: Identity, owners: WorkloadOwners, replica_sets: ReplicaSets | None
) -> Iterator[Hit]:
    made_by = _deployments(replica_sets)
    groups: dict[Key, list[Event]] = {}
    for event in events.items:
        kind, namespace, name = event.about
        if _counts(event, identity.collected_at) and not is_managed_namespace(namespace):
            key = made_by.get((namespace or "", name), (kind, namespace or "", name))
            groups.setdefault(key, []).append(event)
    for key, told in sorted(groups.items()):
        event = newest(told) or told[0]
        yield Hit(
            subject=subject_of(key),
            title=f"Pods of {named(key)} may not be made",
            saw=f"The API server refuses the pods: {event.text}",
            evidence=(event.where("reason: FailedCreate"),),
            signals=owners.signals(key),
            first_seen=earliest(e.first for e in told),
            last_seen=event.last,
            count=sum(max(e.times, 1) for e in told),
        )


def _deployments(replica_sets: ReplicaSets | None) -> dict[tuple[str, str], Key]:
    """ReplicaSets by namespace and name, with the Deployment that made them."""
    found: dict[tuple[str, str], Key] = {}
    for item in replica_sets.items if replica_sets else ():
        for owner in item.metadata.owner_references:
            if owner.controller is not False:
                key = (item.namespace or "", item.name)
                found[key] = (owner.kind, item.namespace or "", owner.name)
    return found


def _counts(event: Event, now: datetime | None) -> bool:
    if event.reason != "FailedCreate" or event.about[0] not in KINDS:
        return False
    unanswered = NO_ANSWER.search(event.text) is not None
    if NOT_HERE.search(event.text) or not (unanswered or REFUSED.search(event.text)):
        return False
    recent = now is None or event.last is None or now - event.last < RECENT
    return recent and event.times >= (MIN_UNANSWERED if unanswered else 2)
