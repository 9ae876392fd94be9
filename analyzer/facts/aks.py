"""Is it AKS at all? Two independent marks say yes; nodes that show none say no."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.facts.identity import Aks
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Node
from analyzer.facts.parse.cni import parse_conflist
from analyzer.model.evidence import EvidenceRef

#: AKS names scale set nodes ``aks-<pool>-<8 digits>-vmss<base-36 index>``, Windows nodes
#: ``aks<pool>…`` (learn.microsoft.com/azure/aks/faq, node naming).
_VMSS_NODE = re.compile(r"^aks-[a-z0-9]+-\d{8}-vmss[0-9a-z]{6}$")
_LABELS = ("kubernetes.azure.com/cluster", "kubernetes.azure.com/node-image-version")


@dataclass(frozen=True, slots=True)
class AksVerdict:
    """The answer with the sentence and the evidence behind it."""

    aks: Aks
    reason: str
    evidence: tuple[EvidenceRef, ...] = ()


def detect_aks(
    nodes: Nodes,
    archives: NodeArchives,
    managed_cluster: Mapping[str, Any] | None,
    arm_path: str = "",
) -> AksVerdict:
    """Decide from the nodes' labels and provider ids, then from node archives, then from ARM."""
    if managed_cluster and "/managedclusters/" in str(managed_cluster.get("id", "")).lower():
        place = EvidenceRef(
            path=arm_path, what="managed cluster resource", anchors=("managedClusters",)
        )
        return AksVerdict(Aks.YES, "The ARM export is of an AKS managed cluster.", (place,))
    if nodes.items:
        return _from_nodes(nodes)
    return _from_archives(archives)


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
        image = node.files.get("azure/instance.json")
        if image is not None and (place := image.find(r"aks-managed|/AKS[A-Za-z]+/")):
            marks.append("instance metadata of AKS")
            evidence.append(place)
        if len(marks) >= 2:
            reason = f"Node {node.node} has {' and '.join(marks[:2])}."
            return AksVerdict(Aks.YES, reason, tuple(evidence[:2]))
    return AksVerdict(
        Aks.UNKNOWN, "The input shows no node objects, and node files alone do not tell."
    )
