"""A claim waits because no volume can be made for it.

What it means:
  The claim asks for a new volume, and the driver could not create it.
Why it matters:
  Pods that use the claim wait for ever.
How we know:
  The claim is Pending, and ProvisioningFailed events on it repeated within an hour of the
  collection. Azure's own error in the event says why. Claims that wait for their first pod are left
  out, and so are single failures.
What to do:
  customer: Do what the error names: a role for the cluster's identity, a higher quota, or storage
    class parameters that exist in this region and zone.
  microsoft: Look at the driver's log and at Azure's operations for the times given here.
References:
  - Storage on AKS: https://learn.microsoft.com/azure/aks/concepts-storage
  - Persistent volumes: https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, PersistentVolumeClaims, Pods
from analyzer.facts.objects import Event, PersistentVolumeClaim
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.storage._azure_errors import Cause, cause_in

RULE = Rule(
    id="AKS-STO-002",
    title="A volume cannot be created",
    component="csi-azuredisk-node",
    clauses=("SUP-03",),
    signals=frozenset({Signal.STORAGE}),
)

RECENT = timedelta(hours=1)
#: The controller repeats a failure after seconds; one alone is a retry at work.
LASTED = timedelta(minutes=2)
#: Provisioners of AKS, with the part of the driver that a cluster shows; another one is the
#: customer's own driver.
MANAGED = {
    "disk.csi.azure.com": "csi-azuredisk-node",
    "file.csi.azure.com": "csi-azurefile-node",
    "blob.csi.azure.com": "csi-blob-node",
}
#: Where the controllers of Kubernetes note who is to make the volume.
PROVISIONER = (
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
)
OWN = frozenset({Signal.OWN_WORKLOAD})
LONGEST = 600


def check(
    claims: PersistentVolumeClaims, events: Events, identity: Identity, pods: Pods | None
) -> Iterator[Hit]:
    failing = _failing(events, identity.collected_at)
    for claim in claims.items:
        event = failing.get((claim.namespace, claim.name))
        if event is None or claim.status.get("phase") != "Pending":
            continue
        cause, provisioner = cause_in(event.text), _provisioner(claim, event)
        yield Hit(
            subject=claim.subject,
            title=f"No volume can be created for claim {claim.namespace}/{claim.name}",
            saw=f"{_first_upper(cause.says)}: {event.text[:LONGEST]}",
            component=MANAGED.get(provisioner),
            evidence=(event.where("reason: ProvisioningFailed"), claim.where("phase: Pending")),
            signals=_signals(cause, provisioner),
            affects=_users(claim, pods),
            first_seen=event.first,
            onset_at_latest=True,  # events live for an hour
            last_seen=identity.collected_at,
            count=event.times,
            instance_of=cause.effects,
        )


def _failing(events: Events, now: datetime | None) -> dict[tuple[str | None, str], Event]:
    """The newest failure of each claim, where it was repeated."""
    found: dict[tuple[str | None, str], Event] = {}
    for event in events.items:
        kind, namespace, name = event.about
        recent = now is None or event.last is None or now - event.last < RECENT
        lasted = event.first and event.last and event.last - event.first >= LASTED
        if event.reason != "ProvisioningFailed" or kind != "PersistentVolumeClaim" or not recent:
            continue
        known = found.get((namespace, name))
        newer = known is None or not known.last or (event.last and event.last >= known.last)
        if newer and (event.times > 1 or lasted or known is not None):
            found[(namespace, name)] = event
    return found


def _provisioner(claim: PersistentVolumeClaim, event: Event) -> str:
    """Who is to make the volume; the event's writer begins with the driver's name."""
    noted = next((v for k in PROVISIONER if (v := claim.metadata.annotations.get(k))), "")
    writer = f"{event.reporting_component} {event.source.get('component') or ''}"
    return noted or next((name for name in MANAGED if name in writer), "")


def _signals(cause: Cause, provisioner: str) -> frozenset[Signal]:
    """A failure that tells no cause is a managed driver's only where that driver was asked."""
    speaks = cause.signals & {Signal.AUTHORIZATION_OF_CLUSTER_IDENTITY, Signal.CAPACITY_EXHAUSTED}
    return cause.signals if speaks or provisioner in MANAGED else OWN


def _users(claim: PersistentVolumeClaim, pods: Pods | None) -> tuple[Subject, ...]:
    """Pods that name the claim, and what made them."""
    found: dict[Subject, None] = {}
    for pod in pods.items if pods else ():
        names = {
            v.persistent_volume_claim.claim_name
            for v in pod.spec.volumes
            if v.persistent_volume_claim
        }
        if pod.namespace != claim.namespace or claim.name not in names:
            continue
        found[Subject(kind="Pod", namespace=pod.namespace, name=pod.name)] = None
        if pod.controller is not None:
            kind, name = pod.controller
            found[Subject(kind=kind, namespace=pod.namespace, name=name)] = None
    return tuple(found)


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
