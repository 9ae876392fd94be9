"""A baseline of one's own cluster: capture it while healthy, compare with it later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from analyzer.baselines.attribution import system_key
from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.data_files import SCHEMA_VERSION, Data, extra
from analyzer.baselines.drift import differences
from analyzer.baselines.images import parse_image
from analyzer.baselines.markers import component_of, whose
from analyzer.baselines.object_kind import kind_of
from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.objects import ConfigMap, Container, Workload
from analyzer.model.hit import DriftRow

#: ConfigMaps of the system whose content changes by itself.
_MOVING = ("-status", "kube-root-ca.crt", "extension-apiserver-authentication", "upgrade-data")
_KINDS = frozenset({"Deployment", "DaemonSet", "StatefulSet", "ConfigMap"})


class Captured(Data):
    """One object of a captured baseline; ``state`` is what :func:`state_of` gave then."""

    kind: str
    namespace: str
    name: str
    state: dict[str, Any]


def capture(objects: Iterable[KubeObject], catalogue: Catalogue, identity: Identity) -> str:
    """The managed workloads and ConfigMaps of a cluster as the text of a data file (YAML).

    Only what should stay as it is goes in: repositories without tags, arguments, resources, labels
    of the system, tolerations; not the number of pods, and no settings of the customer.
    """
    rows = []
    for obj in objects:
        if kind_of(obj) in _KINDS and whose(obj, catalogue, identity).managed and not _moving(obj):
            key = {"kind": kind_of(obj), "namespace": obj.namespace or "", "name": obj.name}
            if component_of(obj, catalogue) is not None and (state := state_of(obj)):
                rows.append({**key, "state": state})
    rows.sort(key=lambda row: (row["kind"], row["namespace"], row["name"]))
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


def state_of(obj: KubeObject) -> dict[str, Any]:
    """The part of an object that a captured baseline holds; empty for other kinds."""
    if isinstance(obj, Workload):
        return _workload_state(obj)
    if isinstance(obj, ConfigMap):
        return {"data": {key: obj.data[key] for key in sorted(obj.data)}}
    return {}


def captured_rows(
    obj: KubeObject, baseline: Mapping[tuple[str, str, str], Captured]
) -> tuple[DriftRow, ...]:
    """Where an object differs from its captured state; nothing if none was captured."""
    wanted = baseline.get((kind_of(obj), obj.namespace or "", obj.name))
    return differences(wanted.state, state_of(obj), extra=True) if wanted else ()


@lru_cache(maxsize=8)
def load_captured(folders: tuple[Path, ...]) -> dict[tuple[str, str, str], Captured]:
    """The captured objects of ``--data`` folders, by kind, namespace and name; later ones replace.

    Raises:
        DataFileError: a file is not valid; the message names file and line.
    """
    found = {}
    for file in extra(folders):
        for row in file.records("objects", Captured):
            found[(row.kind, row.namespace, row.name)] = row
    return found


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
