"""Put the identity together from all that tells a part of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analyzer.bundle import Manifest
from analyzer.bundle.stamps import NEWEST
from analyzer.facts.aks import AksInputs, detect_aks
from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity, Pool
from analyzer.facts.listings import (
    DaemonSets,
    Deployments,
    Events,
    Leases,
    Nodes,
    Objects,
    Pods,
)
from analyzer.facts.network import NetworkInputs, detect_network
from analyzer.facts.node_files import NodeArchives, TextFile
from analyzer.facts.parse.host import parse_json
from analyzer.model.gap import NotCollected

Listings = Mapping[type[Objects[Any]], Objects[Any]]


def assemble_identity(
    manifest: Manifest | None,
    listings: Listings,
    archives: NodeArchives,
    azure: AzureExports,
    version: TextFile | None,
    collected: datetime | None,
    source: str,
) -> Identity:
    """Build the identity; what no source tells stays None."""
    nodes: Nodes = listings[Nodes]  # type: ignore[assignment]
    daemonsets: DaemonSets = listings[DaemonSets]  # type: ignore[assignment]
    cluster = _managed_cluster(azure)
    arm_path = azure.path("managed-cluster")
    workloads = (*listings[DaemonSets].items, *listings[Deployments].items)
    pods = listings[Pods].items
    verdict = detect_aks(AksInputs(nodes, archives, workloads, pods, cluster, arm_path))
    profile = cluster.get("networkProfile") if cluster else None
    arm = profile if isinstance(profile, dict) else None
    network = detect_network(NetworkInputs(nodes, daemonsets, archives, arm, arm_path))
    if collected is None:
        collected, source = _newest_time(listings), NEWEST
    return Identity(
        name=_name(manifest, cluster, nodes),
        aks=verdict.aks,
        aks_reason=verdict.reason,
        aks_evidence=verdict.evidence,
        collected_at=collected,
        collected_at_source=source,
        kubernetes_version=_version(version, manifest, cluster),
        cloud=_instance(archives, "azEnvironment"),
        location=_location(nodes, cluster, archives),
        network=network,
        pools=_pools(nodes),
        add_ons=_add_ons(cluster),
        add_ons_known=bool(cluster),
        support_plan=_text(cluster.get("supportPlan")) if cluster else None,
    )


def _managed_cluster(azure: AzureExports) -> Mapping[str, Any]:
    try:
        document = azure.get("managed-cluster")
    except NotCollected:
        return {}
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    return document if isinstance(document, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _name(manifest: Manifest | None, cluster: Mapping[str, Any], nodes: Nodes) -> str:
    named = manifest.cluster.name if manifest is not None else None
    if named or _text(cluster.get("name")):
        return named or str(cluster["name"])
    for node in nodes.items:
        group = node.metadata.labels.get("kubernetes.azure.com/cluster", "")
        if group.startswith("MC_") and group.count("_") >= 3:
            return group.split("_")[-2]  # MC_<resource group>_<cluster>_<region>
    return "unnamed cluster"


def _version(
    version: TextFile | None, manifest: Manifest | None, cluster: Mapping[str, Any]
) -> str | None:
    """The API server's own word first; a kubelet's version is not the cluster's."""
    document = parse_json(version) if version is not None else None
    own = _text(document.get("gitVersion")) if isinstance(document, dict) else None
    server = manifest.cluster.server_version if manifest is not None else None
    arm = _text(cluster.get("currentKubernetesVersion")) or _text(cluster.get("kubernetesVersion"))
    found = own or server or arm
    return found.removeprefix("v") if found else None


def _instance(archives: NodeArchives, key: str) -> str | None:
    """A value of the instance metadata that the nodes agree on (the first that tells it)."""
    for node in archives:
        file = node.files.get("azure/instance.json")
        try:
            document = json.loads(file.text) if file else None
        except (ValueError, RecursionError):
            continue
        compute = document.get("compute") if isinstance(document, dict) else None
        value = _text(compute.get(key)) if isinstance(compute, dict) else None
        if value:
            return value
    return None


def _location(nodes: Nodes, cluster: Mapping[str, Any], archives: NodeArchives) -> str | None:
    regions = [n.metadata.labels.get("topology.kubernetes.io/region", "") for n in nodes.items]
    first = next((region for region in regions if region), None)
    return _text(cluster.get("location")) or first or _instance(archives, "location")


def _pools(nodes: Nodes) -> tuple[Pool, ...]:
    pools: dict[str, Pool] = {}
    for node in nodes.items:
        labels = node.metadata.labels
        if node.pool:
            pool = Pool(
                name=node.pool,
                mode=labels.get("kubernetes.azure.com/mode", ""),
                os_sku=labels.get("kubernetes.azure.com/os-sku", ""),
                vm_size=labels.get("node.kubernetes.io/instance-type", ""),
            )
            pools.setdefault(node.pool, pool)
    return tuple(pools[name] for name in sorted(pools))


def _add_ons(cluster: Mapping[str, Any]) -> frozenset[str]:
    """Names of the add-ons that the ARM export shows as enabled, as ARM spells them."""
    profiles = cluster.get("addonProfiles")
    rows = profiles.items() if isinstance(profiles, dict) else ()
    return frozenset(n for n, v in rows if isinstance(v, dict) and v.get("enabled") is True)


def _newest_time(listings: Listings) -> datetime | None:
    """The newest time that the API objects show: heartbeats, leases, events."""
    times: list[datetime] = []
    nodes, events = listings[Nodes], listings[Events]
    for node in nodes.items:
        conditions = node.status.conditions or ()
        times += [c.last_heartbeat_time for c in conditions if c.last_heartbeat_time]
    times += [event.last for event in events.items if event.last]
    for lease in listings[Leases].items:
        renewed = lease.spec.get("renewTime")
        try:
            times.append(datetime.fromisoformat(str(renewed)))
        except ValueError:
            continue
    aware = [time for time in times if time.tzinfo is not None]
    return max(aware, default=None)
