"""Is it AKS at all? Two independent marks say yes; nodes that show none say no."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.facts.cnis import is_microsoft_image
from analyzer.facts.identity import Aks
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Node, Pod, Workload
from analyzer.facts.parse.cni import parse_conflist
from analyzer.facts.parse.node_labels import parse_node_labels
from analyzer.model.evidence import EvidenceRef

#: AKS names scale set nodes ``aks-<pool>-<8 digits>-vmss<base-36 index>``, Windows nodes
#: ``aks<pool>…`` (learn.microsoft.com/azure/aks/faq, node naming).
_VMSS_NODE = re.compile(r"^aks-[a-z0-9]+-\d{8}-vmss[0-9a-z]{6}$")
#: Workloads that AKS runs and a self-made cluster does not (learn.microsoft.com/azure/aks).
_COMPONENTS = (
    "azure-cns", "azure-ip-masq-agent", "cloud-node-manager", "konnectivity-agent",
    "csi-azuredisk-node", "csi-azurefile-node", "azure-npm",
)  # fmt: skip
_LABELS = ("kubernetes.azure.com/cluster", "kubernetes.azure.com/node-image-version")


@dataclass(frozen=True, slots=True)
class AksVerdict:
    """The answer with the sentence and the evidence behind it."""

    aks: Aks
    reason: str
    evidence: tuple[EvidenceRef, ...] = ()


@dataclass(frozen=True)
class AksInputs:
    """What the detection looks at; ``managed_cluster`` is the ARM export, where there is one."""

    nodes: Nodes
    archives: NodeArchives
    workloads: tuple[Workload, ...] = ()
    pods: tuple[Pod, ...] = ()
    managed_cluster: Mapping[str, Any] | None = None
    arm_path: str = ""


def detect_aks(inputs: AksInputs) -> AksVerdict:
    """Decide by ARM, then by the nodes; without node objects by archives, workloads and pods.

    Nodes that are shown and carry no mark say no; what is not shown says nothing.
    """
    cluster, arm_path = inputs.managed_cluster, inputs.arm_path
    if cluster and "/managedclusters/" in str(cluster.get("id", "")).lower():
        place = EvidenceRef(
            path=arm_path, what="managed cluster resource", anchors=("managedClusters",)
        )
        return AksVerdict(Aks.YES, "The ARM export is of an AKS managed cluster.", (place,))
    if inputs.nodes.items:
        return _from_nodes(inputs.nodes)
    by_archive = _from_archives(inputs.archives)
    return by_archive if by_archive.aks is Aks.YES else _from_workloads(inputs, by_archive)


def _from_workloads(inputs: AksInputs, otherwise: AksVerdict) -> AksVerdict:
    """Two of AKS's own components, by name, label and registry, or one and a node name of AKS's."""
    own = [w for w in inputs.workloads if _is_component(w, w.images)]
    own_pods = [p for p in inputs.pods if _is_component(p, [c.image for c in p.spec.containers])]
    names = sorted({_component(obj.name) for obj in (*own, *own_pods)})
    on_aks = next((p for p in inputs.pods if _VMSS_NODE.match(p.spec.node_name or "")), None)
    if len(names) < 2 and not (names and on_aks is not None):
        return otherwise
    first: Workload | Pod = (own or own_pods)[0]
    reason = f"The input shows {' and '.join(names[:2])} of AKS in kube-system"
    reason += f", and a pod on node {on_aks.spec.node_name}." if on_aks is not None else "."
    return AksVerdict(Aks.YES, reason, (first.where("image"),))


def _is_component(obj: Workload | Pod, images: Iterable[str]) -> bool:
    labelled = obj.metadata.labels.get("kubernetes.azure.com/managedby") == "aks" or (
        "addonmanager.kubernetes.io/mode" in obj.metadata.labels
    )
    named = obj.namespace == "kube-system" and bool(_component(obj.name))
    return named and labelled and all(is_microsoft_image(image) for image in images)


def _component(name: str) -> str:
    """The component that AKS alone runs under that name; empty for any other name."""
    return next((c for c in _COMPONENTS if name == c or name.startswith(f"{c}-")), "")


def _from_nodes(nodes: Nodes) -> AksVerdict:
    for node in nodes.items:
        marks = _marks(node)
        if len(marks) >= 2:
            reason = f"Node {node.name} carries {' and '.join(marks[:2])}."
            anchor = next((k for k in _LABELS if k in node.metadata.labels), "providerID")
            return AksVerdict(Aks.YES, reason, (node.where(anchor),))
    first = nodes.items[0]
    provider = first.spec.provider_id
    shown = f"provider id {provider}" if provider else "no provider id"
    reason = f"No node carries the labels of AKS; node {first.name} has {shown}."
    return AksVerdict(Aks.NO, reason, (first.where("labels", what=f"labels of node {first.name}"),))


def _marks(node: Node) -> list[str]:
    marks = [f"the label {key}" for key in _LABELS if key in node.metadata.labels]
    if (node.spec.provider_id or "").startswith("azure://"):
        marks.append("an Azure provider id")
    if _VMSS_NODE.match(node.name):
        marks.append("a node name of AKS's form")
    return marks


def _from_archives(archives: NodeArchives) -> AksVerdict:
    for node in archives:
        marks = []
        if _VMSS_NODE.match(node.node):
            marks.append("a node name of AKS's form")
        evidence = []
        for item, file in node.under("cni/net.d/"):
            conflist = parse_conflist(item, file)
            if "azure-vnet" in conflist.plugins or conflist.ipam in ("azure-ipam", "azure-cns"):
                marks.append(f"the Azure CNI configuration {conflist.file_name}")
                evidence.append(conflist.where)
        flags = node.files.get("kubelet/flags")
        labelled = parse_node_labels(flags) if flags is not None else None
        if labelled is not None:
            marks += [f"the label {key}" for key in _LABELS if key in labelled[0]]
            evidence.append(labelled[1])
        image = node.files.get("azure/instance.json")
        if image is not None and (place := image.find(r"aks-managed|/AKS[A-Za-z]+/")):
            marks.append("instance metadata of AKS")
            evidence.append(place)
        if len(marks) >= 2:
            reason = f"Node {node.node} has {' and '.join(marks[:2])}."
            return AksVerdict(Aks.YES, reason, tuple(evidence[:2]))
    return AksVerdict(Aks.UNKNOWN, "The input shows no node objects, and nothing else in it tells.")
