"""A Pod Security level of the customer lies on AKS's own namespace.

What it means:
  Somebody labelled kube-system with a level of Pod Security Admission (baseline or restricted) that
  is enforced. Node agents, proxies and drivers need more than these levels allow.
Why it matters:
  Pods of managed components that have to be made anew are refused.
How we know:
  The label pod-security.kubernetes.io/enforce of kube-system; AKS sets none there. Refusals of pods
  in events of the last hour ("violates PodSecurity") make it more than a risk. The managed fields
  name who set it, where they are shown.
What to do:
  customer: Take the label off (kubectl label namespace kube-system
    pod-security.kubernetes.io/enforce-).
References:
  - Pod Security Admission on AKS: https://learn.microsoft.com/azure/aks/use-psa
  - Pod security admission: https://kubernetes.io/docs/concepts/security/pod-security-admission/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.baselines.attribution import author_of, changes
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Namespaces
from analyzer.facts.objects import Event, Namespace
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.admission._selectors import SYSTEM
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-ADM-007",
    title="A Pod Security level of the customer lies on AKS's own namespace",
    component="pod-security",
    clauses=("MGD-06", "UNS-01"),
    signals=frozenset({Signal.OWN_OPERATION}),
)

LABEL = "pod-security.kubernetes.io/enforce"
RECENT = timedelta(hours=1)


def check(namespaces: Namespaces, identity: Identity, events: Events | None) -> Iterator[Hit]:
    namespace = namespaces.get(None, SYSTEM)
    level = namespace.metadata.labels.get(LABEL, "") if namespace is not None else ""
    if namespace is None or level in ("", "privileged"):
        return
    listed = events.items if events is not None else ()
    told = [event for event in listed if _refused(event, identity)]
    says = f" It refuses pods: {told[0].text[:300]}" if told else ""
    yield Hit(
        subject=namespace.subject,
        title=f"{SYSTEM} enforces the Pod Security level {level}",
        saw=f"Label {LABEL}={level} lies on {SYSTEM}{_by(namespace)}.{says}",
        expected=f"No enforced level on {SYSTEM}.",
        evidence=(namespace.where(LABEL), *(event.where("message") for event in told[:2])),
        variant="refuses" if told else "default",
        affects=tuple(dict.fromkeys(_subject(event) for event in told))[:20],
        first_seen=min((e.first for e in told if e.first), default=None),
        onset_at_latest=True,
        last_seen=identity.collected_at,
        count=max(1, sum(event.times for event in told)),
        produces=None if told else frozenset(),
    )


def _refused(event: Event, identity: Identity) -> bool:
    now = identity.collected_at
    old = now is not None and event.last is not None and now - event.last > RECENT
    if event.about[1] != SYSTEM or event.reason != "FailedCreate" or old:
        return False
    return "violates PodSecurity" in event.text


def _subject(event: Event) -> Subject:
    kind, namespace, name = event.about
    return Subject(kind=kind, namespace=namespace, name=name)


def _by(namespace: Namespace) -> str:
    try:
        author = author_of(f"metadata.labels[{LABEL}]", changes(namespace))
    except NotCollected:
        return ""
    return f", set by {author}" if author is not None else ""
