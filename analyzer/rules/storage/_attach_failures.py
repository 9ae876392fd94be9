"""Volumes that fail to attach, from their attachments and from the events of their pods."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from analyzer.facts.listings import Events, Pods, VolumeAttachments
from analyzer.facts.objects import Event, Pod, VolumeAttachment
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject

RECENT = timedelta(hours=1)
_VOLUME = re.compile(r'volume "(?P<name>[^"]+)"')


@dataclass(frozen=True, slots=True)
class Failure:
    """One volume with its error. ``users`` are the pod and its workload, ``holder`` the node that
    has the volume now."""

    volume: str
    text: str
    since: datetime | None
    where: EvidenceRef
    node: str = ""
    holder: str = ""
    users: tuple[Subject, ...] = ()


def failures(
    events: Events,
    attachments: VolumeAttachments | None,
    pods: Pods | None,
    now: datetime | None,
) -> list[Failure]:
    """One failure per volume; the event knows the pod, the attachment the node."""
    found: dict[str, Failure] = {}
    holders: dict[str, str] = {}
    for attachment in attachments.items if attachments else ():
        volume = _volume_of(attachment)
        if attachment.status.attached:
            holders[volume] = attachment.spec.node_name
        elif failure := _from_attachment(attachment, volume, now):
            found[volume] = failure
    known = {(p.namespace, p.name): p for p in pods.items} if pods else None
    for event in events.items:
        if failure := _from_event(event, known, now):
            earlier = found.get(failure.volume)
            found[failure.volume] = _joined(failure, earlier)
    return [replace(found[v], holder=holders.get(v, "")) for v in sorted(found)]


def _joined(new: Failure, known: Failure | None) -> Failure:
    """The event's text is the newer one, and its pod tells best since when."""
    if known is None:
        return new
    times = (new.since, known.since) if known.users else (new.since,)
    since = min((t for t in times if t), default=None)
    return replace(new, node=new.node or known.node, since=since, users=new.users or known.users)


def _volume_of(attachment: VolumeAttachment) -> str:
    return str(attachment.spec.source.get("persistentVolumeName") or attachment.name)


def _from_attachment(
    attachment: VolumeAttachment, volume: str, now: datetime | None
) -> Failure | None:
    """The time of the error is that of the last try: the attachment's own age is the onset."""
    error = attachment.status.attach_error
    if error is None or attachment.metadata.deletion_timestamp is not None:
        return None
    if now is not None and error.time is not None and now - error.time > RECENT:
        return None
    since = attachment.metadata.creation_timestamp or error.time
    where = attachment.where("attachError")
    return Failure(volume, error.message, since, where, node=attachment.spec.node_name)


def _from_event(
    event: Event, pods: dict[tuple[str | None, str], Pod] | None, now: datetime | None
) -> Failure | None:
    if event.reason != "FailedAttachVolume":
        return None
    kind, namespace, name = event.about
    pod = pods.get((namespace, name)) if pods is not None else None
    if pod is not None and not _still_waits(pod):
        return None
    # The controller tells of a Multi-Attach error once only; the pod shows whether it lasts.
    lasts = pod is not None or event.times > 1
    if not lasts or (pod is None and now and event.last and now - event.last > RECENT):
        return None
    since = _started(pod) or event.first
    match = _VOLUME.search(event.text)
    volume = match["name"] if match else "unnamed"
    where = event.where("reason: FailedAttachVolume")
    node = (pod.spec.node_name or "") if pod is not None else ""
    users = _users(pod, namespace, name) if kind == "Pod" else ()
    return Failure(volume, event.text, since, where, node=node, users=users)


def _still_waits(pod: Pod) -> bool:
    """True while none of the pod's containers has started."""
    if pod.status.phase in ("Succeeded", "Failed") or pod.metadata.deletion_timestamp is not None:
        return False
    states = [s.state for s in pod.statuses]
    return not any(s.running is not None or s.terminated is not None for s in states)


def _started(pod: Pod | None) -> datetime | None:
    """A pod of which no container has run yet has waited since it came to the node."""
    if pod is None:
        return None
    return pod.status.start_time or pod.metadata.creation_timestamp


def _users(pod: Pod | None, namespace: str | None, name: str) -> tuple[Subject, ...]:
    node = pod.spec.node_name if pod is not None else None
    users = [Subject(kind="Pod", namespace=namespace, name=name, node=node)]
    if pod is not None and pod.controller is not None:
        kind, owner = pod.controller
        users.append(Subject(kind=kind, namespace=namespace, name=owner))
    return tuple(users)
