"""A volume cannot be attached to its node.

What it means:
  Azure refused to attach the disk, or it is still attached elsewhere. The pod that uses it waits.
Why it matters:
  The workload does not start, and moving it to another node does not help.
How we know:
  The error of the VolumeAttachment, FailedAttachVolume events of a pod that still waits, or the
  disk driver's log, within an hour of the collection. Azure's own error code in it says why: no
  right on the disk (AuthorizationFailed), credentials that have expired, no room for more disks on
  the VM, no such disk, or still in use by another node. The driver that reports the error is
  managed by Microsoft; the error is not the driver's. An attachment that is only slow, and a volume
  that follows its pod to another node, get some minutes.
What to do:
  customer: For AuthorizationFailed, give the cluster's identity a role on the disk or its resource
    group; for expired credentials, renew them (az aks update-credentials); for a full VM, use a
    larger VM size or spread the pods; for a missing disk, restore it or correct the volume; for
    Multi-Attach, end the pod that still holds the disk.
  microsoft: Look at the disk's and the VM's operations in Azure for the times given here.
References:
  - Azure disks on AKS: https://learn.microsoft.com/azure/aks/azure-disk-csi
  - Use a static volume with Azure disks: https://learn.microsoft.com/azure/aks/azure-csi-disk-storage-provision
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, PersistentVolumes, Pods, VolumeAttachments
from analyzer.facts.logs import Logs
from analyzer.facts.objects import PersistentVolume
from analyzer.model.gap import NotCollected
from analyzer.model.subject import CLUSTER, Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.storage._attach_failures import RECENT, Failure, failures
from analyzer.rules.storage._azure_errors import Cause, cause_in

RULE = Rule(
    id="AKS-STO-001",
    title="A volume cannot be attached",
    component="csi-azuredisk-node",
    clauses=("SUP-03",),
    signals=frozenset({Signal.STORAGE}),
)

#: A disk moves within minutes; a lost node is given six minutes before its disks are taken away
#: (maxWaitForUnmountDuration of the attach-detach controller).
PATIENCE = timedelta(minutes=10)
#: Landmarks of the driver's log, for bundles without the events of the time.
LANDMARKS = ("disk-attach-authorization-failed", "disk-attach-quota", "disk-attach-not-found")
#: An error with its JSON can be long; the evidence holds it whole.
LONGEST = 600
_HOLDER = (
    "The node that holds the volume (kubectl get volumeattachments): a pod that still runs there "
    "makes it the workload's, a node that is lost makes it that node's."
)
#: What is refused so is refused to every volume.
_OF_ALL = frozenset({"credentials", "subscription"})


def check(
    events: Events,
    identity: Identity,
    attachments: VolumeAttachments | None,
    volumes: PersistentVolumes | None,
    pods: Pods | None,
    logs: Logs | None,
) -> Iterator[Hit]:
    by_name = {v.name: v for v in volumes.items} if volumes else {}
    told: set[str] = set()
    seen: list[tuple[Failure, Cause]] = []
    for failure in failures(events, attachments, pods, identity.collected_at):
        cause = cause_in(failure.text)
        if cause.passes and _is_young(failure.since, identity.collected_at):
            continue
        told.add(cause.name)
        seen.append((failure, cause))
    counts = Counter(cause.name for _, cause in seen)
    for failure, cause in seen:
        yield _hit(
            failure,
            cause,
            by_name.get(failure.volume),
            identity.collected_at,
            several=cause.name in _OF_ALL or counts[cause.name] > 1,
        )
    yield from _from_logs(logs, told, identity.collected_at)


def _hit(
    failure: Failure,
    cause: Cause,
    volume: PersistentVolume | None,
    now: datetime | None,
    *,
    several: bool,
) -> Hit:
    other = failure.holder if cause.name in ("multi-attach", "elsewhere") else None
    nodes = (other or failure.node,)
    # A pod that still runs elsewhere is the workload's doing, a node that is lost is not.
    open_ = cause.name == "multi-attach" and not failure.holder
    since = f" since {failure.since:%Y-%m-%d %H:%M} UTC" if failure.since else ""
    return Hit(
        subject=_claim(volume) or Subject(kind="PersistentVolume", name=failure.volume),
        title=f"Volume {failure.volume} cannot be attached: {cause.says}",
        saw=f"It fails{since}: {failure.text[:LONGEST]}",
        evidence=(failure.where,),
        variant="several" if several else "default",
        signals=frozenset() if open_ else cause.signals,
        affects=(
            *failure.users,
            *(Subject(kind="Node", name=node) for node in nodes if node),
        ),
        first_seen=failure.since,
        last_seen=now,
        instance_of=cause.effects,
        would_change=(_HOLDER,) if open_ else (),
    )


def _is_young(since: datetime | None, now: datetime | None) -> bool:
    return since is not None and now is not None and now - since < PATIENCE


def _claim(volume: PersistentVolume | None) -> Subject | None:
    reference = volume.spec.get("claimRef") if volume is not None else None
    if not isinstance(reference, dict) or not reference.get("name"):
        return None
    namespace = str(reference.get("namespace") or "") or None
    return Subject(kind="PersistentVolumeClaim", namespace=namespace, name=str(reference["name"]))


def _from_logs(logs: Logs | None, told: set[str], now: datetime | None) -> Iterator[Hit]:
    """What only the driver's log knows: a cause that no attachment and no event has told."""
    try:
        matches = logs.any_of(LANDMARKS) if logs is not None else ()
    except NotCollected:
        return
    for match in matches:
        sample = next((s for s in match.samples if s.excerpt), None)
        if sample is None or not match.kind.is_pod:
            continue
        old = now is not None and match.last_seen is not None and now - match.last_seen > RECENT
        text = sample.excerpt or ""
        cause = cause_in(text)
        if old or cause.name in told:
            continue
        yield Hit(
            subject=CLUSTER,
            group=f"log/{cause.name}",
            variant="several",
            title=f"Disks cannot be attached: {cause.says}",
            saw=f"The disk driver's log says ({match.count} lines): {text[:LONGEST]}",
            evidence=(sample,),
            signals=cause.signals,
            first_seen=match.first_seen,
            onset_at_latest=True,  # the log may have rotated
            last_seen=match.last_seen,
            count=match.count,
            instance_of=cause.effects,
        )
