"""A volume cannot be made larger.

What it means:
  A claim asks for more than its volume has, and Azure or the node did not make it larger.
Why it matters:
  The file system runs full although the claim says otherwise.
How we know:
  Events VolumeResizeFailed and FileSystemResizeFailed, twice or more within the hour, of a claim or
  of its pod. Azure's own error in them says why.
What to do:
  customer: Do what the error says: a size that Azure offers, a right for the cluster's identity, a
    quota. A disk that cannot grow while it is attached grows once its pod is gone.
  microsoft: Look at the disk's operations in Azure for the times given here.
References:
  - Resize a persistent volume: https://learn.microsoft.com/azure/aks/azure-disk-csi
  - Expanding claims: https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.storage._azure_errors import cause_in

RULE = Rule(
    id="AKS-STO-007",
    title="A volume cannot be made larger",
    component="storage",
    clauses=("SUP-03",),
    signals=frozenset({Signal.STORAGE}),
)

RECENT = timedelta(hours=1)
REASONS = frozenset({"VolumeResizeFailed", "FileSystemResizeFailed"})
MIN_TIMES = 2


def check(events: Events, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    for event in events.items:
        old = now is not None and event.last is not None and now - event.last > RECENT
        if event.reason not in REASONS or old or event.times < MIN_TIMES:
            continue
        kind, namespace, name = event.about
        cause = cause_in(event.text)
        yield Hit(
            subject=Subject(kind=kind, namespace=namespace, name=name),
            title=f"The volume of {kind} {namespace}/{name} cannot be made larger",
            saw=f"It failed {event.times} times: {event.text[:500]}",
            expected="The volume grows to the size that the claim asks for.",
            evidence=(event.where(f"reason: {event.reason}"),),
            signals=cause.signals,
            first_seen=event.first,
            onset_at_latest=True,
            last_seen=event.last,
            count=event.times,
            instance_of=cause.effects & {"azure-api-denied"},
        )
