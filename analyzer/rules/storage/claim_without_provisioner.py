"""Nothing makes a volume for a claim.

What it means:
  The claim names no storage class and the cluster has no default one, or its class names a
  provisioner that does not run here.
Why it matters:
  The claim stays pending for ever, and so do its pods.
How we know:
  Events of the claim: FailedBinding without a class, or ExternalProvisioning that waits for a
  provisioner which is no registered CSI driver. Claims of the last ten minutes are left out, and
  claims that wait for their first pod on purpose.
What to do:
  customer: Name a storage class that exists (kubectl get storageclass), mark one as the default, or
    install the driver that the class names.
References:
  - Storage classes on AKS: https://learn.microsoft.com/azure/aks/concepts-storage
  - Storage classes: https://kubernetes.io/docs/concepts/storage/storage-classes/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, PersistentVolumeClaims
from analyzer.facts.more_listings import CsiDrivers
from analyzer.facts.objects import Event, PersistentVolumeClaim
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-STO-006",
    title="Nothing makes a volume for a claim",
    component="storage",
    clauses=("UNS-01", "SUP-03"),
    signals=frozenset({Signal.STORAGE, Signal.OWN_WORKLOAD}),
)

PATIENCE = timedelta(minutes=10)
RECENT = timedelta(hours=1)
#: Texts of the volume controllers (kubernetes/kubernetes pkg/controller/volume/persistentvolume).
_NO_CLASS = "no storage class is set"
_WAITS = re.compile(r"external provisioner ['\"]?(?P<name>[\w./-]+?)['\"]?(?:,| or manually)")


def check(
    claims: PersistentVolumeClaims, events: Events, identity: Identity, drivers: CsiDrivers | None
) -> Iterator[Hit]:
    told: dict[tuple[str | None, str], Event] = {}
    for event in events.items:
        kind, namespace, name = event.about
        if kind == "PersistentVolumeClaim" and _why(event, drivers):
            told[namespace, name] = event
    for item in claims.items:
        seen = told.get((item.namespace, item.name))
        if seen is not None and _waits_long(item, identity.collected_at):
            yield _hit(item, seen, _why(seen, drivers))


def _why(event: Event, drivers: CsiDrivers | None) -> str:
    """Why nothing makes the volume, or nothing."""
    if event.reason == "FailedBinding" and _NO_CLASS in event.text:
        return "it names no storage class, and there is no default one"
    match = _WAITS.search(event.text) if event.reason == "ExternalProvisioning" else None
    if match is None or drivers is None:
        return ""
    if any(driver.name == match["name"] for driver in drivers.items):
        return ""
    return f"its class names the provisioner {match['name']}, which is no driver of this cluster"


def _waits_long(claim: PersistentVolumeClaim, now: datetime | None) -> bool:
    made = claim.metadata.creation_timestamp
    old = made is None or now is None or now - made >= PATIENCE
    return old and claim.status.get("phase") == "Pending"


def _hit(claim: PersistentVolumeClaim, event: Event, why: str) -> Hit:
    return Hit(
        subject=claim.subject,
        title=f"Nothing makes a volume for claim {claim.namespace}/{claim.name}",
        saw=f"The claim is pending: {why}. {event.text}",
        expected="A storage class whose provisioner runs in the cluster.",
        evidence=(event.where(f"reason: {event.reason}"), claim.where("phase: Pending")),
        first_seen=claim.metadata.creation_timestamp,
        last_seen=event.last,
        count=event.times,
    )
