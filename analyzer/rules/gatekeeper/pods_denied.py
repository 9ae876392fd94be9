"""An admission policy denies the pods of workloads.

What it means:
  A policy that the customer set up (a Gatekeeper constraint, an assignment of Azure Policy, a
  Kyverno policy) refuses pods that a workload wants to make.
Why it matters:
  The workload runs with fewer pods than it should, and a roll-out of it does not finish. The engine
  works as it is told to: what has to change is the policy or the workload.
How we know:
  Refusals in the events of the last two hours, more than one of them, with the constraint that the
  engine names. Constraints of Azure Policy are called azurepolicy-…; those of its built-in
  definitions go on with k8sazure. Refusals by a webhook that does not answer are another matter.
What to do:
  customer: Change the workload so that the policy lets it pass, or exempt it (excludedNamespaces of
    the assignment or constraint; az policy exemption create), or correct the definition.
References:
  - Azure Policy for Kubernetes: https://learn.microsoft.com/azure/governance/policy/concepts/policy-for-kubernetes
  - Azure Policy in AKS: https://learn.microsoft.com/azure/aks/use-azure-policy
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.markers import is_managed_namespace
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, ReplicaSets
from analyzer.facts.objects import Event
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-POL-001",
    title="An admission policy denies the pods of workloads",
    component="admission-policy",
    clauses=("UNS-20", "UNS-01"),
)

#: Form of the API server's refusal (k8s.io/apiserver, admission/plugin/webhook) around those of
#: Gatekeeper (github.com/GoogleCloudPlatform/PerfKitBenchmarker/pull/6089 shows one of AKS) and
#: Kyverno.
_GATEKEEPER = re.compile(
    r'admission webhook "validation\.gatekeeper\.sh" denied the request: '
    r"\[(?:denied by )?(?P<name>[\w.-]+)\] ?(?P<said>[^\n]*)"
)
_KYVERNO = re.compile(
    r'admission webhook "validate\.kyverno\.svc[\w.-]*" denied the request:\s+[^\n]{1,400}\s+'
    r"(?P<name>[\w.-]+):\s*(?P<said>[^\n]*)"
)
#: A constraint that a built-in definition of Azure Policy made.
_BUILT_IN = re.compile(r"^azurepolicy-(?:k8sazure|container-)")
RECENT = timedelta(hours=2)


def check(events: Events, identity: Identity, replica_sets: ReplicaSets | None) -> Iterator[Hit]:
    for event in events.require().items:
        match = _GATEKEEPER.search(event.text) or _KYVERNO.search(event.text)
        if match and event.times > 1 and _fresh(event, identity.collected_at):
            workload = _workload(event, replica_sets)
            yield _hit(event, workload, match["name"], match["said"].strip())


def _fresh(event: Event, now: datetime | None) -> bool:
    return now is None or event.last is None or now - event.last < RECENT


def _workload(event: Event, replica_sets: ReplicaSets | None) -> Subject:
    """The Deployment behind a replica set, where it is shown; else what the event is about."""
    kind, namespace, name = event.about
    for one in replica_sets.items if replica_sets is not None and kind == "ReplicaSet" else ():
        if (one.namespace, one.name) == (namespace, name):
            for owner in one.metadata.owner_references:
                if owner.controller is not False:
                    return Subject(kind=owner.kind, name=owner.name, namespace=namespace)
    return Subject(kind=kind or "Object", name=name, namespace=namespace)


def _hit(event: Event, workload: Subject, name: str, said: str) -> Hit:
    built_in = bool(_BUILT_IN.match(name))
    managed = is_managed_namespace(workload.namespace)
    source = "a built-in definition of Azure Policy" if built_in else "an own policy"
    return Hit(
        subject=Subject(kind="Constraint", name=name),
        title=f"The policy {name} denies pods",
        saw=f"{source[0].upper()}{source[1:]}, {name}, denied the pods of {workload}, "
        f"{event.times} times: {said[:300]}",
        expected="What is deployed passes the policies that are set up.",
        evidence=(event.where("message", what=f"event {event.reason} of {workload}"),),
        variant="managed" if managed else "default",
        signals=frozenset({Signal.CLUSTER_SETTING if built_in else Signal.OWN_ADMISSION_POLICY}),
        affects=(workload,),
        first_seen=event.first,
        onset_at_latest=True,
        last_seen=event.last,
        count=event.times,
    )
