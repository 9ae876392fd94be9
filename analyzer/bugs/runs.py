"""What runs, from the facts of a bundle: the input of all gates."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from analyzer.bugs.gates import GateFacts, NodeGate
from analyzer.bugs.load import CGROUP_V2
from analyzer.facts.facts import Facts
from analyzer.facts.identity import Dataplane, NetworkMode, PolicyEngine
from analyzer.facts.listings import ConfigMaps, Nodes, Pods
from analyzer.facts.logkinds import LogKind
from analyzer.facts.objects import Node
from analyzer.model.gap import NotCollected

#: The runc of a node image by its full version label, where a table of images is at hand.
RuncOf = Callable[[str], str | None]

_IPAM = {
    NetworkMode.NODE_SUBNET: "node-subnet",
    NetworkMode.POD_SUBNET: "pod-subnet",
    NetworkMode.OVERLAY: "overlay",
    NetworkMode.KUBENET: "kubenet",
}
_PLUGINS = {
    NetworkMode.NODE_SUBNET: "azure",
    NetworkMode.POD_SUBNET: "azure",
    NetworkMode.OVERLAY: "azure",
    NetworkMode.KUBENET: "kubenet",
    NetworkMode.BYOCNI: "none",
}
#: Ends of image names that are not the package name of the bug data.
_PACKAGE_OF_IMAGE = {
    "apiserver-network-proxy/agent": "konnectivity-agent",
    "kubernetes-csi/csi-node-driver-registrar": "node-driver-registrar",
    "cilium/cilium-distroless": "cilium",
}
_RUNC = re.compile(r"runc version (\S+)")
_IMAGE_LABEL = "kubernetes.azure.com/node-image-version"


def gate_facts(facts: Facts, runc_of: RuncOf | None = None) -> GateFacts:
    """Collect what the gates ask for; what the bundle does not show stays unknown."""
    identity = facts.identity
    network = identity.network
    profile = _network_profile(facts)
    images = _images_by_node(facts)
    second = frozenset(m.node for m in facts.logs.matches if m.pattern == CGROUP_V2)
    nodes = {}
    for node in facts.of(Nodes).items:
        cgroup = "2" if node.name in second else _first_cgroup(facts, node.name)
        nodes[node.name] = _node(node, facts, images.get(node.name), runc_of, cgroup)
    return GateFacts(
        collected_at=identity.collected_at,
        server_version=identity.kubernetes_version,
        network_plugin=_PLUGINS.get(network.mode),
        ipam_mode=_IPAM.get(network.mode),
        network_dataplane=None
        if network.dataplane is Dataplane.UNKNOWN
        else str(network.dataplane),
        network_policy=None if network.policy is PolicyEngine.UNKNOWN else str(network.policy),
        ip_families=_families(profile),
        cni_plugin=network.own_cni[0] if network.own_cni else None,
        acns=_yes(_at(profile, "advancedNetworking", "enabled")),
        wireguard=_wireguard(facts),
        nap=_nap(facts),
        kms=_yes(_at(_cluster(facts), "securityProfile", "azureKeyVaultKms", "enabled")),
        has_spot_pool=_has_label(facts, "kubernetes.azure.com/scalesetpriority", "spot"),
        packages=_packages(facts),
        nodes=nodes,
    )


def _node(
    node: Node,
    facts: Facts,
    images: tuple[str, ...] | None,
    runc_of: RuncOf | None,
    cgroup: str | None,
) -> NodeGate:
    info, labels = node.status.node_info, node.metadata.labels
    image = labels.get(_IMAGE_LABEL)
    runtime = info.container_runtime_version or ""
    runc = _runc(facts, node.name) or (runc_of(image) if runc_of and image else None)
    fips = labels.get("kubernetes.azure.com/fips_enabled")
    return NodeGate(
        name=node.name,
        kernel=info.kernel_version,
        os="windows" if node.windows else info.operating_system,
        os_image=info.os_image,
        node_image=image,
        containerd=runtime.removeprefix("containerd://") if "containerd://" in runtime else None,
        runc=runc,
        kubelet=info.kubelet_version,
        vm_size=labels.get("node.kubernetes.io/instance-type"),
        cgroup_version=cgroup,
        fips=fips if fips else ("false" if labels else None),
        kubelet_flags=_flags(facts, node.name),
        labels=tuple(f"{key}={value}" for key, value in sorted(labels.items())),
        images=images,
    )


def _text(facts: Facts, node: str, item: str) -> str | None:
    archive = facts.archives.nodes.get(node)
    if archive is None:
        return None
    try:
        return archive.get(item).text
    except NotCollected:
        return None


def _runc(facts: Facts, node: str) -> str | None:
    match = _RUNC.search(_text(facts, node, "containerd/version.txt") or "")
    return match[1] if match else None


def _flags(facts: Facts, node: str) -> str | None:
    """Flags, and the configuration in the form of flags, so that one gate covers both."""
    flags = _text(facts, node, "kubelet/flags")
    config = _text(facts, node, "kubelet/config.json")
    if flags is None and config is None:
        return None
    policy = re.search(r'"cpuManagerPolicy"\s*:\s*"(\w+)"', config or "")
    return (flags or "") + (f" cpu-manager-policy={policy[1]}" if policy else "")


def _first_cgroup(facts: Facts, node: str) -> str | None:
    """``1`` where the node was asked and does not show the second version, else unknown."""
    return "1" if facts.logs.listened(node, LogKind.CGROUPS) else None


def _images_by_node(facts: Facts) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for pod in facts.of(Pods).items:
        if pod.spec.node_name:
            found[pod.spec.node_name] |= {c.image for c in pod.spec.containers}
    return {node: tuple(sorted(images)) for node, images in found.items()}


def _packages(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Versions by the last part of the image name, of pods in namespaces that AKS uses."""
    found: dict[str, set[str]] = defaultdict(set)
    for pod in facts.of(Pods).items:
        if (pod.namespace or "").endswith("-system"):
            for container in pod.spec.containers:
                name, _, tag = container.image.split("@")[0].rpartition(":")
                parts = name.split("/")
                if parts[-1] and re.match(r"v?\d", tag):
                    package = _PACKAGE_OF_IMAGE.get("/".join(parts[-2:]), parts[-1])
                    found[package].add(tag)
    return {name: tuple(sorted(tags)) for name, tags in sorted(found.items())}


def _cluster(facts: Facts) -> Any:
    document = facts.azure.documents.get("managed-cluster")
    if isinstance(document, dict):
        inner = document.get("properties")
        return inner if isinstance(inner, dict) else document
    return None


def _network_profile(facts: Facts) -> Any:
    return _at(_cluster(facts), "networkProfile")


def _at(document: Any, *keys: str) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _yes(value: Any) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None


def _families(profile: Any) -> str | None:
    families: Any = _at(profile, "ipFamilies")
    return ",".join(map(str, families)).lower() if isinstance(families, list) else None


def _wireguard(facts: Facts) -> str | None:
    for item in facts.of(ConfigMaps).items:
        if (item.namespace, item.name) == ("kube-system", "cilium-config"):
            return item.data.get("enable-wireguard", "false")
    return None


def _nap(facts: Facts) -> str | None:
    """A node that Karpenter made proves it; no such node proves nothing without the export."""
    if _has_label(facts, "karpenter.sh/nodepool") == "true":
        return "true"
    mode = _at(_cluster(facts), "nodeProvisioningProfile", "mode")
    return str(mode == "Auto").lower() if isinstance(mode, str) else None


def _has_label(facts: Facts, key: str, value: str | None = None) -> str | None:
    nodes: Iterable[Node] = facts.of(Nodes).items
    labels = [node.metadata.labels for node in nodes]
    if any(key in one and value in (None, one[key]) for one in labels):
        return "true"
    return "false" if labels else None
