"""Take a snapshot of an analysed bundle: a second look at the members that hold its objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from analyzer.baselines.attribution import Change, changes
from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.markers import component_of, is_managed_namespace, whose
from analyzer.baselines.object_kind import kind_of
from analyzer.bundle import Bundle
from analyzer.compare.content import content_of, is_bookkeeping, too_deep
from analyzer.compare.snapshot import KeptObject, ObjectsSeen, PoolVersions, Snapshot
from analyzer.facts.facts import Facts
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import (
    ApiServices,
    ClusterRoleBindings,
    ClusterRoles,
    ConfigMaps,
    CustomResourceDefinitions,
    DaemonSets,
    Deployments,
    MutatingWebhooks,
    Namespaces,
    NetworkPolicies,
    Nodes,
    Objects,
    PodDisruptionBudgets,
    Services,
    StatefulSets,
    StorageClasses,
    ValidatingWebhooks,
)
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.gap import NotCollected, Presence
from analyzer.model.subject import Subject

#: What is compared, by kind; what controllers derive from it (pods, slices, leases) is not.
KINDS: dict[str, type[Objects[Any]]] = {
    "APIService": ApiServices,
    "ClusterRole": ClusterRoles,
    "ClusterRoleBinding": ClusterRoleBindings,
    "ConfigMap": ConfigMaps,
    "CustomResourceDefinition": CustomResourceDefinitions,
    "DaemonSet": DaemonSets,
    "Deployment": Deployments,
    "MutatingWebhookConfiguration": MutatingWebhooks,
    "NetworkPolicy": NetworkPolicies,
    "PodDisruptionBudget": PodDisruptionBudgets,
    "Service": Services,
    "StatefulSet": StatefulSets,
    "StorageClass": StorageClasses,
    "ValidatingWebhookConfiguration": ValidatingWebhooks,
}
#: Whoever made them, these act on objects of AKS too.
_EVERYBODYS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_NODE_IMAGE = "kubernetes.azure.com/node-image-version"


@dataclass(frozen=True)
class Seen:
    """What an analysis leaves behind for a snapshot."""

    bundle: Bundle
    facts: Facts
    catalogue: Catalogue


def keep(diagnosis: Diagnosis, seen: Seen) -> Snapshot:
    """The snapshot of a bundle; its facts can be dropped afterwards."""
    namespaces = seen.facts.of(Namespaces).items
    uid = next((n.metadata.uid for n in namespaces if n.name == "kube-system"), "")
    return Snapshot(
        kind="bundle",
        diagnosis=diagnosis,
        cluster_uid=uid,
        objects=_objects(seen),
        pool_versions=_pool_versions(seen.facts),
    )


def _objects(seen: Seen) -> ObjectsSeen:
    wanted: dict[tuple[str, str, str | None, str], KubeObject] = {}
    whole = set()
    for kind, listing in KINDS.items():
        found = seen.facts.of(listing)
        whole |= {
            (kind, namespace)
            for namespace, state in found.states.items()
            if state.presence in (Presence.PRESENT, Presence.EMPTY) and not state.selection
        }
        for item in found.items:
            if _concerns(kind, item, seen):
                wanted[item.path, kind, item.namespace, item.name] = item
    kept = {}
    for (_, kind, namespace, name), raw in _raw(seen.bundle, wanted):
        item = wanted[_, kind, namespace, name]
        if kind != "CustomResourceDefinition" and too_deep(raw):
            whole -= {(kind, namespace or ""), (kind, "")}  # it is there, and not comparable
        elif not is_bookkeeping(kind, raw):
            kept[f"{kind}/{namespace or ''}/{name}"] = _kept(kind, item, raw, seen)
    return ObjectsSeen(kept, frozenset(whole))


def _concerns(kind: str, item: KubeObject, seen: Seen) -> bool:
    """AKS's own objects, everything in its namespaces, and everybody's webhooks."""
    if kind in _EVERYBODYS or is_managed_namespace(item.namespace):
        return True
    return whose(item, seen.catalogue, seen.facts.identity).managed


def _raw(
    bundle: Bundle, wanted: Mapping[tuple[str, str, str | None, str], KubeObject]
) -> Iterator[tuple[tuple[str, str, str | None, str], Mapping[str, Any]]]:
    """The wanted objects as they stand in their members; what cannot be read is left out."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for path, kind, _, _ in wanted:
        kinds[path].add(kind)
    for member in bundle.reread(sorted(kinds)):
        path = member.path if member.path in kinds else member.found_at
        for raw in _items(member.read()):
            meta = raw.get("metadata")
            if not isinstance(meta, Mapping):
                continue
            for kind in sorted(kinds[path]):
                key = (path, kind, meta.get("namespace"), str(meta.get("name")))
                if key in wanted and raw.get("kind", kind) == kind:
                    yield key, raw


def _items(data: bytes) -> Iterable[Mapping[str, Any]]:
    try:
        document = orjson.loads(data)
    except ValueError:
        return ()  # torn or not JSON: the bundle's gaps say so already
    items = document.get("items") if isinstance(document, Mapping) else None
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else ()


def _kept(kind: str, item: KubeObject, raw: Mapping[str, Any], seen: Seen) -> KeptObject:
    component = component_of(item, seen.catalogue)
    created = item.metadata.creation_timestamp
    return KeptObject(
        subject=Subject(kind=kind, name=item.name, namespace=item.namespace),
        component=component.id if component is not None else "",
        whose=whose(item, seen.catalogue, seen.facts.identity).owner,
        content=content_of(kind_of(item), raw),
        changes=_changes(item),
        created=f"{created:%Y-%m-%dT%H:%M:%SZ}" if created else "",
    )


def _changes(item: KubeObject) -> tuple[Change, ...] | None:
    try:
        return tuple(change for change in changes(item) if change.subresource != "status")
    except NotCollected:
        return None


def _pool_versions(facts: Facts) -> dict[str, PoolVersions]:
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for node in facts.of(Nodes).items:
        info = node.status.node_info
        values = {
            "node-image": node.metadata.labels.get(_NODE_IMAGE),
            "kubelet": info.kubelet_version,
            "kernel": info.kernel_version,
            "container-runtime": info.container_runtime_version,
            "os": info.os_image,
        }
        for what, value in values.items():
            if value:
                found[node.pool][what].add(value)
    return {
        pool: PoolVersions({what: frozenset(values) for what, values in sorted(whats.items())})
        for pool, whats in sorted(found.items())
    }
