"""Labels in the kubelet's defaults file: what they tell where no node objects are shown."""

from __future__ import annotations

import pytest

from analyzer.facts.aks import AksInputs, detect_aks
from analyzer.facts.identity import Aks, Dataplane, NetworkMode, PolicyEngine
from analyzer.facts.listings import DaemonSets, Nodes
from analyzer.facts.network import NetworkInputs, detect_network
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.facts.parse.node_labels import parse_node_labels

NODE = "node-0"
CLUSTER = "kubernetes.azure.com/cluster=MC_shop_web_westeurope"
IMAGE = "kubernetes.azure.com/node-image-version=AKSUbuntu-2204gen2containerd-202509.23.0"


def defaults(labels: str) -> TextFile:
    text = f"KUBELET_FLAGS=--max-pods=110\nKUBELET_IMAGE=\nKUBELET_NODE_LABELS={labels}\n"
    return TextFile(f"nodes/{NODE}/kubelet/flags", text)


def archives(labels: str) -> NodeArchives:
    return NodeArchives({NODE: NodeFiles(NODE, {"kubelet/flags": defaults(labels)})})


def test_labels_and_their_line() -> None:
    found = parse_node_labels(defaults("agentpool=np,kubernetes.azure.com/mode=user,bad"))
    assert found is not None
    assert found[0] == {"agentpool": "np", "kubernetes.azure.com/mode": "user"}
    assert found[1].line == 3


def test_a_file_without_the_line_tells_nothing() -> None:
    assert parse_node_labels(TextFile("x", "KUBELET_FLAGS=--v=2\n")) is None


@pytest.mark.parametrize(
    ("labels", "mode", "dataplane", "policy"),
    [
        ("kubernetes.azure.com/azure-cni-overlay=true,kubernetes.azure.com/network-policy=none",
         NetworkMode.OVERLAY, Dataplane.AZURE, PolicyEngine.NONE),
        ("kubernetes.azure.com/podnetwork-type=overlay,kubernetes.azure.com/ebpf-dataplane=cilium",
         NetworkMode.OVERLAY, Dataplane.CILIUM, PolicyEngine.UNKNOWN),
        ("kubernetes.azure.com/podnetwork-type=vnet",
         NetworkMode.POD_SUBNET, Dataplane.AZURE, PolicyEngine.UNKNOWN),
        ("kubernetes.azure.com/mode=system",
         NetworkMode.UNKNOWN, Dataplane.UNKNOWN, PolicyEngine.UNKNOWN),
    ],
)  # fmt: skip
def test_the_network_is_read_from_them(
    labels: str, mode: NetworkMode, dataplane: Dataplane, policy: PolicyEngine
) -> None:
    inputs = NetworkInputs(Nodes.of_items([], {}), DaemonSets.of_items([], {}), archives(labels))
    network = detect_network(inputs)
    assert (network.mode, network.dataplane, network.policy) == (mode, dataplane, policy)
    assert network.byocni is (None if mode is NetworkMode.UNKNOWN else False)


@pytest.mark.parametrize(
    ("labels", "aks"), [(f"{CLUSTER},{IMAGE}", Aks.YES), ("agentpool=np", Aks.UNKNOWN)]
)
def test_they_are_marks_of_aks(labels: str, aks: Aks) -> None:
    verdict = detect_aks(AksInputs(Nodes.of_items([], {}), archives(labels)))
    assert verdict.aks is aks
