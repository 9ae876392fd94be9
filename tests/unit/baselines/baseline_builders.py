"""Builders of small objects, and the sample bundles where they are at hand."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analyzer.facts import objects as o
from analyzer.facts.identity import (
    Aks,
    Dataplane,
    Identity,
    Network,
    NetworkMode,
    PolicyEngine,
    Pool,
)
from analyzer.facts.kube import KubeObject
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile

SAMPLES = Path(__file__).parents[4] / "shared" / "samples"

_MODELS: dict[str, type[KubeObject]] = {
    "Deployment": o.Workload, "DaemonSet": o.Workload, "StatefulSet": o.Workload,
    "ReplicaSet": o.Workload, "Pod": o.Pod, "Node": o.Node, "ConfigMap": o.ConfigMap,
    "Service": o.Service, "ClusterRole": o.Role, "ClusterRoleBinding": o.RoleBinding,
    "Namespace": o.Namespace,
}  # fmt: skip


def obj(raw: dict[str, Any]) -> KubeObject:
    """An object as the loader would build it."""
    return _MODELS.get(raw["kind"], o.AnyObject).model_validate(raw)


def workload(name: str, image: str, kind: str = "Deployment", **metadata: Any) -> o.Workload:
    """A workload with one container that carries its name."""
    namespace = metadata.pop("namespace", "kube-system")
    pod_labels = metadata.pop("pod_labels", {})
    spec = {"containers": [{"name": name, "image": image}]}
    return o.Workload.model_validate(
        {
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace, **metadata},
            "spec": {"template": {"metadata": {"labels": pod_labels}, "spec": spec}},
        }
    )


def managed(manager: str, fields: dict[str, Any], operation: str = "Update", **more: Any) -> Any:
    """One entry of managedFields."""
    entry = {"manager": manager, "operation": operation, "fieldsV1": fields}
    return {"time": "2026-11-18T09:12:00Z", **entry, **more}


def cluster(
    mode: NetworkMode = NetworkMode.OVERLAY,
    *,
    version: str | None = "1.33.5",
    dataplane: Dataplane = Dataplane.AZURE,
    policy: PolicyEngine = PolicyEngine.NONE,
    proxy: str = "iptables",
    aks: Aks = Aks.YES,
    at: datetime | None = datetime(2026, 1, 15, tzinfo=UTC),
    **more: Any,
) -> Identity:
    """A cluster as the facts would describe it."""
    byocni = None if mode is NetworkMode.UNKNOWN else mode is NetworkMode.BYOCNI
    network = Network(mode=mode, dataplane=dataplane, policy=policy, proxy=proxy, byocni=byocni)
    more.setdefault("pools", (Pool("system", os_sku="Ubuntu"),))
    return Identity(
        name="c", aks=aks, aks_reason="", aks_evidence=(), collected_at=at,
        collected_at_source="manifest", kubernetes_version=version, network=network, **more,
    )  # fmt: skip


def sample_objects(letter: str) -> Iterator[KubeObject]:
    """All objects of a sample bundle's cluster listings."""
    found = sorted((SAMPLES / "12-bundles-format-1").glob(f"demarc-{letter}-*.tar"))
    if not found:
        pytest.skip("the folder shared/samples/12-bundles-format-1 is not there")
    with tarfile.open(found[0]) as outer:
        inner = outer.extractfile("cluster.tar.gz")
        assert inner is not None
        data = inner.read()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for member in archive:
            if "resources/" in member.name and member.name.endswith(".json"):
                stream = archive.extractfile(member)
                assert stream is not None
                for raw in json.load(stream).get("items") or ():
                    yield obj(raw)


def sample_archives(letter: str) -> NodeArchives:
    """The node archives of a sample bundle, every file as text."""
    found = sorted((SAMPLES / "12-bundles-format-1").glob(f"demarc-{letter}-*.tar"))
    if not found:
        pytest.skip("the folder shared/samples/12-bundles-format-1 is not there")
    nodes = {}
    with tarfile.open(found[0]) as outer:
        for entry in outer:
            if not entry.name.startswith("nodes/"):
                continue
            name = entry.name.removeprefix("nodes/").removesuffix(".tar.gz")
            stream = outer.extractfile(entry)
            assert stream is not None
            nodes[name] = NodeFiles(name, dict(_members(name, stream.read())))
    return NodeArchives(nodes)


def _members(name: str, data: bytes) -> Iterator[tuple[str, TextFile]]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is not None:
                item = member.name.removeprefix("./")
                text = stream.read().decode("utf-8", "replace")
                yield item, TextFile(f"nodes/{name}/{item}", text)
