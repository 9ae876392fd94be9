"""A baseline of one's own cluster: capture it while healthy, compare with it later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from analyzer.baselines.attribution import customer_changes, system_key
from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.data_files import SCHEMA_VERSION, Data, extra
from analyzer.baselines.drift import differences
from analyzer.baselines.images import parse_image
from analyzer.baselines.kube_versions import minor_number
from analyzer.baselines.markers import component_of, whose
from analyzer.baselines.object_kind import kind_of
from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import (
    AnyListing,
    ConfigMaps,
    DaemonSets,
    Deployments,
    StatefulSets,
)
from analyzer.facts.objects import ConfigMap, Container, Workload
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow

#: ConfigMaps of the system whose content changes by itself.
_MOVING = (
    "-status", "kube-root-ca.crt", "istio-ca-root-cert", "extension-apiserver-authentication",
    "upgrade-data",
)  # fmt: skip
_KINDS = frozenset({"Deployment", "DaemonSet", "StatefulSet", "ConfigMap"})
#: The listings that hold those kinds.
CAPTURED_LISTINGS: tuple[AnyListing, ...] = (
    Deployments, DaemonSets, StatefulSets, ConfigMaps,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An object of AKS that is no model for later, and why."""

    object: str
    why: str


@dataclass(frozen=True, slots=True)
class Capture:
    """A captured baseline: the data file's text, what is in it, and what is not."""

    text: str
    objects: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    def left_out_lines(self) -> tuple[str, ...]:
        """What was left out and why, objects with the same reason on one line."""
        by_why: dict[str, list[str]] = {}
        for item in self.left_out:
            by_why.setdefault(item.why, []).append(item.object)
        return tuple(f"{', '.join(names)}: {why}" for why, names in by_why.items())


class Captured(Data):
    """One object of a captured baseline; ``state`` is what :func:`state_of` gave then."""

    kind: str
    namespace: str
    name: str
    state: dict[str, Any]


class CapturedFrom(Data):
    """Where a baseline was captured: names of cluster and network mode, Kubernetes version."""

    cluster: str = ""
    kubernetes: str = ""
    network: str = ""


#: Kind, namespace, name.
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class CapturedFile:
    """One captured baseline: the file's name, its cluster, its objects."""

    name: str
    origin: CapturedFrom
    objects: Mapping[Key, Captured]


def capture(objects: Iterable[KubeObject], catalogue: Catalogue, identity: Identity) -> str:
    """The text of :func:`take` for a cluster in which nothing is wrong."""
    return take(objects, catalogue, identity).text


def take(
    objects: Iterable[KubeObject],
    catalogue: Catalogue,
    identity: Identity,
    troubled: Mapping[str, str] = MappingProxyType({}),
) -> Capture:
    """The managed workloads and ConfigMaps of a cluster as a data file.

    Only what should stay as it is goes in: repositories without tags, arguments, resources, labels
    of the system, tolerations; not the number of pods, and no settings of the customer.
    ``troubled`` maps keys of objects (``Kind/namespace/name``) to what is wrong with them; those,
    objects whose pods are not ready, and objects that a tool of the customer changed stay out.
    """
    rows, left_out = [], []
    for obj in objects:
        if kind_of(obj) not in _KINDS or not whose(obj, catalogue, identity).managed:
            continue
        why = _left_out(obj, catalogue, troubled)
        if why:
            left_out.append(LeftOut(str(obj.subject), why))
        elif state := state_of(obj):
            key = {"kind": kind_of(obj), "namespace": obj.namespace or "", "name": obj.name}
            rows.append({**key, "state": state})
    rows.sort(key=lambda row: (row["kind"], row["namespace"], row["name"]))
    left_out.sort(key=lambda item: item.object)
    names = (f"{row['kind']} {row['namespace']}/{row['name']}" for row in rows)
    return Capture(_text(rows, identity), tuple(names), tuple(left_out))


def _text(rows: list[dict[str, Any]], identity: Identity) -> str:
    day = identity.collected_at.date().isoformat() if identity.collected_at else ""
    head = {
        "schema": SCHEMA_VERSION,
        "as_of": day,
        "captured": {
            "cluster": identity.name,
            "kubernetes": identity.kubernetes_version or "",
            "network": identity.network.mode.value,
        },
        "objects": rows,
    }
    return yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=100)


def _left_out(obj: KubeObject, catalogue: Catalogue, troubled: Mapping[str, str]) -> str:
    """Why an object is no model for later; empty if it is one."""
    if _moving(obj):
        return "its content changes by itself"
    component = component_of(obj, catalogue)
    if component is None:
        return "the catalogue of components does not know it"
    if (problem := troubled.get(obj.subject.key)) is not None:
        return problem
    if isinstance(obj, Workload) and obj.status is not None:
        wanted, ready = obj.desired, obj.ready_count
        if wanted and ready is not None and ready < wanted:
            return f"{ready} of {wanted} pods are ready"
    with suppress(NotCollected):
        for change in customer_changes(obj, component):
            return f"changed by {change}: {', '.join(change.fields[:3])}"
    return ""


def state_of(obj: KubeObject) -> dict[str, Any]:
    """The part of an object that a captured baseline holds; empty for other kinds."""
    if isinstance(obj, Workload):
        return _workload_state(obj)
    if isinstance(obj, ConfigMap):
        return {"data": {key: obj.data[key] for key in sorted(obj.data)}}
    return {}


def captured_rows(obj: KubeObject, baseline: Mapping[Key, Captured]) -> tuple[DriftRow, ...]:
    """Where an object differs from its captured state; nothing if none was captured."""
    wanted = baseline.get((kind_of(obj), obj.namespace or "", obj.name))
    return differences(wanted.state, state_of(obj), extra=True) if wanted else ()


@lru_cache(maxsize=8)
def captured_files(folders: tuple[Path, ...]) -> tuple[CapturedFile, ...]:
    """The files with captured objects in ``--data`` folders, in order.

    Raises:
        DataFileError: a file is not valid; the message names file and line.
    """
    found = []
    for file in extra(folders):
        rows = file.records("objects", Captured)
        if rows:
            objects = {(row.kind, row.namespace, row.name): row for row in rows}
            origin = file.record("captured", CapturedFrom)
            found.append(CapturedFile(Path(file.name).name, origin, objects))
    return tuple(found)


def captured_for(files: Iterable[CapturedFile], identity: Identity) -> dict[Key, Captured]:
    """What was captured from this cluster, by kind, namespace and name; later files replace.

    A file of another cluster, Kubernetes minor or network mode is no model for this one.
    """
    found: dict[Key, Captured] = {}
    for file in files:
        if not _other(file.origin, identity):
            found.update(file.objects)
    return found


def not_used(files: Iterable[CapturedFile], identity: Identity) -> tuple[str, ...]:
    """Captured files that say nothing of this cluster, and why, a sentence each."""
    return tuple(
        f"{file.name} is not compared: {why}"
        for file in files
        if (why := _other(file.origin, identity))
    )


def _other(origin: CapturedFrom, identity: Identity) -> str:
    """How a capture's cluster differs from this one; empty where nothing shows that it does."""
    minor = minor_number(origin.kubernetes)
    pairs = (
        ("cluster", origin.cluster, identity.name),
        ("Kubernetes", f"1.{minor}" if minor is not None else "", identity.minor or ""),
        ("network mode", origin.network, identity.network.mode.value),
    )
    for what, then, now in pairs:
        if then and now and then != now and "unknown" not in (then, now):
            return f"it was captured from {what} {then}, and this is {now}"
    return ""


def load_captured(folders: tuple[Path, ...]) -> dict[Key, Captured]:
    """The captured objects of ``--data`` folders, of whatever cluster; later ones replace.

    Raises:
        DataFileError: a file is not valid; the message names file and line.
    """
    return {key: row for file in captured_files(folders) for key, row in file.objects.items()}


def _moving(obj: KubeObject) -> bool:
    return isinstance(obj, ConfigMap) and obj.name.endswith(_MOVING)


def _workload_state(workload: Workload) -> dict[str, Any]:
    template = workload.spec.template
    spec = template.spec
    state: dict[str, Any] = {
        "metadata": {"labels": _system_labels(workload.metadata.labels)},
        "spec": {
            "template": {
                "metadata": {"labels": _sorted(template.metadata.labels)},
                "spec": {
                    "serviceAccountName": spec.service_account_name,
                    "priorityClassName": spec.priority_class_name,
                    "hostNetwork": bool(spec.host_network),
                    "nodeSelector": _sorted(spec.node_selector),
                    "tolerations": [t.model_dump(exclude_defaults=True) for t in spec.tolerations],
                    "initContainers": [_container(c) for c in spec.init_containers],
                    "containers": [_container(c) for c in spec.containers],
                },
            }
        },
    }
    return state


def _container(container: Container) -> dict[str, Any]:
    return {
        "name": container.name,
        "image": parse_image(container.image).name,
        "command": list(container.command),
        "args": list(container.args),
        "resources": {
            "requests": _sorted(container.resources.requests),
            "limits": _sorted(container.resources.limits),
        },
    }


def _system_labels(labels: Mapping[str, str]) -> dict[str, str]:
    return {key: labels[key] for key in sorted(labels) if system_key(key)}


def _sorted(values: Mapping[str, str]) -> dict[str, str]:
    return {key: values[key] for key in sorted(values)}
