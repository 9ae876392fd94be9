"""Identity: AKS or not, network mode by evidence, and BYOCNI never from silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from analyzer.facts.aks import AksInputs, detect_aks
from analyzer.facts.identity import Aks, Dataplane, Network, NetworkMode, PolicyEngine
from analyzer.facts.listings import DaemonSets, ListingState, Nodes
from analyzer.facts.network import NetworkInputs, detect_network
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.facts.objects import Node, Workload
from analyzer.model.gap import Presence

LISTED = {"kube-system": ListingState("ds/kube-system.json", Presence.PRESENT)}
MCR = "mcr.microsoft.com/"
OVERLAY = '{"plugins":[{"type":"azure-vnet","ipam":{"type":"azure-cns","mode":"v4overlay"}}]}'
FLAT = '{"plugins":[{"type":"azure-vnet","ipam":{"type":"azure-vnet-ipam"}},{"type":"portmap"}]}'
POD_SUBNET = '{"plugins":[{"type":"azure-vnet","ipam":{"type":"azure-cns"}}]}'
CILIUM = '{"plugins":[{"type":"cilium-cni","ipam":{"type":"azure-ipam"}}]}'
KUBENET = '{"plugins":[{"type":"bridge","bridge":"cbr0","ipam":{"type":"host-local"}}]}'
CALICO = '{"plugins":[{"type":"calico","ipam":{"type":"calico-ipam"}},{"type":"portmap"}]}'


def _daemonset(
    name: str, image: str, namespace: str = "kube-system", labels: Mapping[str, str] | None = None
) -> Workload:
    spec = {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}
    meta = {"name": name, "namespace": namespace, "labels": dict(labels or {})}
    return Workload.model_validate({"kind": "DaemonSet", "metadata": meta, "spec": spec})


def _node(labels: Mapping[str, str] | None = None, **more: Any) -> Node:
    return Node.model_validate(
        {"kind": "Node", "metadata": {"name": "n", "labels": dict(labels or {})}, **more}
    )


def _detect(
    *,
    nodes: tuple[Node, ...] = (),
    daemonsets: tuple[Workload, ...] | None = None,
    conflist: str | None = None,
    arm: Mapping[str, Any] | None = None,
) -> Network:
    listing = DaemonSets() if daemonsets is None else DaemonSets.of_items(daemonsets, LISTED)
    files = {} if conflist is None else {"cni/net.d/10-x.conflist": TextFile("c", conflist)}
    archives = NodeArchives({"n": NodeFiles("n", files)}) if conflist else NodeArchives()
    node_list = Nodes.of_items(nodes, {"": ListingState("nodes.json", Presence.PRESENT)})
    return detect_network(
        NetworkInputs(node_list, listing, archives, arm, "azure/managed-cluster.json")
    )


@pytest.mark.parametrize(
    ("conflist", "mode"),
    [
        (OVERLAY, NetworkMode.OVERLAY),
        (FLAT, NetworkMode.NODE_SUBNET),
        (POD_SUBNET, NetworkMode.POD_SUBNET),
        (KUBENET, NetworkMode.KUBENET),
    ],
)
def test_conflists_tell_the_managed_modes(conflist: str, mode: NetworkMode) -> None:
    network = _detect(conflist=conflist)
    assert (network.mode, network.byocni) == (mode, False) and network.evidence


def test_labels_tell_overlay_and_cilium() -> None:
    labels = {
        "kubernetes.azure.com/podnetwork-type": "overlay",
        "kubernetes.azure.com/ebpf-dataplane": "cilium",
    }
    network = _detect(nodes=(_node(labels),))
    assert network.mode is NetworkMode.OVERLAY and network.dataplane is Dataplane.CILIUM


def test_the_export_is_authoritative() -> None:
    network = _detect(arm={"networkPlugin": "none"}, conflist=CALICO)
    assert network.byocni is True and network.mode is NetworkMode.BYOCNI
    arm = {"networkPlugin": "azure", "networkPluginMode": "overlay", "networkPolicy": "calico"}
    managed = _detect(arm=arm)
    assert (managed.mode, managed.policy) == (NetworkMode.OVERLAY, PolicyEngine.CALICO)


def test_silence_is_not_byocni() -> None:
    for network in (
        _detect(),
        _detect(nodes=(_node(),)),
        _detect(daemonsets=()),
        _detect(daemonsets=(_daemonset("kube-proxy", MCR + "oss/kubernetes/kube-proxy:v1"),)),
    ):
        assert network.byocni is None and "az aks show" in network.would_settle


def test_own_cni_with_no_managed_one_in_a_whole_listing_is_byocni() -> None:
    proxy = _daemonset("kube-proxy", MCR + "oss/kubernetes/kube-proxy:v1")
    calico = _daemonset("calico-node", "docker.io/calico/node:v3.28.2", "calico-system")
    network = _detect(daemonsets=(proxy, calico))
    assert network.byocni is True and network.own_cni == ("Calico",)
    selection = {"kube-system": ListingState("x", Presence.PRESENT, selection=True)}
    partial = DaemonSets.of_items((proxy, calico), selection)
    open_question = detect_network(NetworkInputs(Nodes(), partial, NodeArchives()))
    assert open_question.byocni is None, "a filtered list says nothing of what it does not show"


def test_nodes_that_wait_for_a_network_plugin_with_no_managed_cni_are_byocni() -> None:
    message = "container runtime network not ready: cni plugin not initialized"
    waiting = _node(
        status={"conditions": [{"type": "Ready", "status": "False", "message": message}]}
    )
    proxy = _daemonset("kube-proxy", MCR + "oss/kubernetes/kube-proxy:v1")
    assert _detect(nodes=(waiting,), daemonsets=(proxy,)).byocni is True
    cns = _daemonset("azure-cns", MCR + "containernetworking/azure-cns:v1.6")
    assert _detect(nodes=(waiting,), daemonsets=(proxy, cns)).byocni is False


def test_third_party_cni_beside_the_managed_one_is_no_byocni() -> None:
    cns = _daemonset("azure-cns", MCR + "containernetworking/azure-cns:v1.6")
    own = _daemonset("cilium", "quay.io/cilium/cilium:v1.17", "cilium")
    network = _detect(nodes=(_node(spec={"podCIDR": "10.244.0.0/24"}),), daemonsets=(cns, own))
    assert network.byocni is False and network.own_cni == ("Cilium",)


def test_managed_calico_and_managed_cilium_are_not_the_customers() -> None:
    calico = _daemonset("calico-node", MCR + "oss/calico/node:v3.27", "calico-system")
    network = _detect(nodes=(_node(spec={"podCIDR": "10.244.0.0/24"}),), daemonsets=(calico,))
    assert (network.byocni, network.policy, network.own_cni) == (False, PolicyEngine.CALICO, ())
    cilium = _detect(conflist=CILIUM)
    assert cilium.byocni is False and cilium.dataplane is Dataplane.CILIUM and not cilium.own_cni


def test_a_torn_conflist_is_no_evidence() -> None:
    assert _detect(conflist=FLAT[:40]).byocni is None


def _nodes(*nodes: Node) -> Nodes:
    return Nodes.of_items(nodes, {"": ListingState("nodes.json", Presence.PRESENT)})


def _aks(nodes: Nodes, archives: NodeArchives | None = None, **more: Any) -> Aks:
    return detect_aks(AksInputs(nodes, archives or NodeArchives(), **more)).aks


def test_is_it_aks() -> None:
    label = {"kubernetes.azure.com/cluster": "MC_a_b_c"}
    aks = _node(label, spec={"providerID": "azure:///subscriptions/x"})
    assert _aks(_nodes(aks)) is Aks.YES
    assert _aks(_nodes(_node(spec={"providerID": "k3s://n"}))) is Aks.NO
    own = _node(spec={"providerID": "azure:///subscriptions/x"})
    assert _aks(_nodes(own)) is Aks.NO, "Kubernetes on Azure VMs"
    assert _aks(Nodes()) is Aks.UNKNOWN
    name = "aks-nodepool1-33042731-vmss000000"
    files = {"cni/net.d/10-azure.conflist": TextFile("c", FLAT)}
    assert _aks(Nodes(), NodeArchives({name: NodeFiles(name, files)})) is Aks.YES


def test_without_nodes_two_of_akss_own_components_tell() -> None:
    managed = {"kubernetes.azure.com/managedby": "aks"}
    cns = _daemonset("azure-cns", MCR + "containernetworking/azure-cns:v1.6", labels=managed)
    tunnel = _daemonset("konnectivity-agent", MCR + "oss/x/agent:v1", labels=managed)
    assert _aks(Nodes(), workloads=(cns, tunnel)) is Aks.YES
    assert _aks(Nodes(), workloads=(cns,)) is Aks.UNKNOWN
    own = _daemonset("konnectivity-agent", "registry.k8s.io/agent:v1")
    assert _aks(Nodes(), workloads=(cns, own)) is Aks.UNKNOWN, "a self-made tunnel is no mark"
    assert _aks(_nodes(_node()), workloads=(cns, tunnel)) is Aks.NO, "shown nodes go before"


def test_the_route_controller_tells_kubenet() -> None:
    condition = {"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"}
    routed = _node(spec={"podCIDR": "10.244.0.0/24"}, status={"conditions": [condition]})
    assert _detect(nodes=(routed,)).mode is NetworkMode.KUBENET
    calico = {**condition, "reason": "CalicoIsUp"}
    other = _node(spec={"podCIDR": "10.244.0.0/24"}, status={"conditions": [calico]})
    assert _detect(nodes=(other,)).byocni is None
