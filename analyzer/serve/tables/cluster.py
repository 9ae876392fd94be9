"""Rows of nodes, namespaces, events, storage and leases: columns in words, cells of one object."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analyzer.serve.tables.cells import (
    NONE,
    UNKNOWN,
    UNSET,
    Obj,
    age,
    at,
    condition,
    joined,
    since,
)

Cells = list[Any]
_ROLE = "node-role.kubernetes.io/"
_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def node(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a Node."""
    ready = condition(obj, "Ready").get("status")
    state = {"True": "Ready", None: "Unknown"}.get(ready, "NotReady")
    if at(obj, "spec.unschedulable", False):
        state += ",SchedulingDisabled"
    labels = at(obj, "metadata.labels", {})
    roles = {name.removeprefix(_ROLE) for name in labels if name.startswith(_ROLE)} - {""}
    roles |= {str(value) for name, value in labels.items() if name == "kubernetes.io/role"} - {""}
    info = at(obj, "status.nodeInfo", {})
    return [
        at(obj, "metadata.name"),
        state,
        joined(sorted(roles)),
        age(obj, now),
        info.get("kubeletVersion", ""),
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _address(obj: Obj, kind: str) -> str:
    found = (a.get("address") for a in at(obj, "status.addresses", []) if a.get("type") == kind)
    return str(next(found, NONE))


def namespace(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a Namespace."""
    return [at(obj, "metadata.name"), at(obj, "status.phase"), age(obj, now)]


def event(obj: Obj, now: datetime | None) -> Cells:
    """Cells of an Event, of the core group or of events.k8s.io."""
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    component = source.get("component") or obj.get("reportingComponent") or ""
    component = component or obj.get("reportingController") or ""
    host = source.get("host") or ""
    count = at(obj, "series.count", None) or obj.get("count") or obj.get("deprecatedCount") or 1
    first = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp")
    last = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp")
    first_seen = since(first or obj.get("eventTime"), now)
    last_seen = since(at(obj, "series.lastObservedTime") or last or obj.get("eventTime"), now)
    kind = str(about.get("kind") or "").lower()
    return [
        first_seen if last_seen == UNKNOWN else last_seen,
        obj.get("type") or "",
        obj.get("reason") or "",
        f"{kind}/{about.get('name')}" if about.get("name") else kind,
        about.get("fieldPath") or "",
        f"{component}, {host}" if host else component,
        str(obj.get("message") or obj.get("note") or "").strip(),
        first_seen,
        count,
        at(obj, "metadata.name"),
    ]


def volume(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a PersistentVolume."""
    claim = at(obj, "spec.claimRef", {})
    return [
        at(obj, "metadata.name"),
        at(obj, "spec.capacity.storage"),
        _modes(at(obj, "spec.accessModes", [])),
        at(obj, "spec.persistentVolumeReclaimPolicy"),
        _phase(obj),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        at(obj, "spec.storageClassName"),
        at(obj, "spec.volumeAttributesClassName") or UNSET,
        at(obj, "status.reason"),
        age(obj, now),
        at(obj, "spec.volumeMode") or UNSET,
    ]


def claim(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a PersistentVolumeClaim."""
    name = at(obj, "spec.volumeName")
    legacy = at(obj, "metadata.annotations", {}).get("volume.beta.kubernetes.io/storage-class", "")
    return [
        at(obj, "metadata.name"),
        _phase(obj),
        name,
        at(obj, "status.capacity.storage") if name else "",
        _modes(at(obj, "status.accessModes", [])) if name else "",
        legacy or at(obj, "spec.storageClassName"),
        at(obj, "spec.volumeAttributesClassName") or UNSET,
        age(obj, now),
        at(obj, "spec.volumeMode") or UNSET,
    ]


def _phase(obj: Obj) -> str:
    return "Terminating" if at(obj, "metadata.deletionTimestamp") else str(at(obj, "status.phase"))


def _modes(modes: list[str]) -> str:
    return ",".join(short for mode, short in _MODES.items() if mode in modes)


def storage_class(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a StorageClass."""
    default = "storageclass.kubernetes.io/is-default-class"
    marks = at(obj, "metadata.annotations", {})
    name = at(obj, "metadata.name")
    return [
        f"{name} (default)" if marks.get(default) == "true" else name,
        obj.get("provisioner") or "",
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        age(obj, now),
    ]


def driver(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a CSIDriver."""
    spec = at(obj, "spec", {})
    tokens = (str(t.get("audience") or "") for t in spec.get("tokenRequests") or ())
    return [
        at(obj, "metadata.name"),
        bool(spec.get("attachRequired", True)),
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        joined(tokens, UNSET),
        bool(spec.get("requiresRepublish")),
        joined(spec.get("volumeLifecycleModes") or (), NONE),
        age(obj, now),
    ]


def csi_node(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a CSINode."""
    return [at(obj, "metadata.name"), len(at(obj, "spec.drivers", [])), age(obj, now)]


def attachment(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a VolumeAttachment."""
    return [
        at(obj, "metadata.name"),
        at(obj, "spec.attacher"),
        at(obj, "spec.source.persistentVolumeName"),
        at(obj, "spec.nodeName"),
        bool(at(obj, "status.attached", False)),
        age(obj, now),
    ]


def lease(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a Lease."""
    return [at(obj, "metadata.name"), at(obj, "spec.holderIdentity"), age(obj, now)]


def use(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a NodeMetrics: processor and memory in use."""
    return [
        at(obj, "metadata.name"),
        at(obj, "usage.cpu"),
        at(obj, "usage.memory"),
        obj.get("window") or "",
    ]


PRINTERS = {
    ("", "nodes"): (
        "Name Status Roles Age Version",
        "Internal-IP External-IP OS-Image Kernel-Version Container-Runtime",
        node,
    ),
    ("", "namespaces"): ("Name Status Age", "", namespace),
    ("", "persistentvolumes"): (
        "Name Capacity Access_Modes Reclaim_Policy Status Claim StorageClass "
        "VolumeAttributesClass Reason Age",
        "VolumeMode",
        volume,
    ),
    ("", "persistentvolumeclaims"): (
        "Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age",
        "VolumeMode",
        claim,
    ),
    ("storage.k8s.io", "storageclasses"): (
        "Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age",
        "",
        storage_class,
    ),
    ("storage.k8s.io", "csidrivers"): (
        "Name AttachRequired? PodInfoOnMount? StorageCapacity? TokenRequests RequiresRepublish? "
        "Modes Age",
        "",
        driver,
    ),
    ("storage.k8s.io", "csinodes"): ("Name Drivers# Age", "", csi_node),
    ("storage.k8s.io", "volumeattachments"): (
        "Name Attacher PV Node Attached? Age",
        "",
        attachment,
    ),
    ("coordination.k8s.io", "leases"): ("Name Holder Age", "", lease),
    ("metrics.k8s.io", "nodes"): ("Name CPU Memory Window", "", use),
}
