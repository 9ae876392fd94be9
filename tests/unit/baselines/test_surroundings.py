"""Labels and taints of nodes, endpoints that must be reachable, and software of others."""

from __future__ import annotations

from typing import Any

import pytest
from baseline_builders import cluster, obj, sample_objects, workload

from analyzer.baselines.egress import cloud_id, features, find, required
from analyzer.baselines.node_metadata import (
    is_reserved,
    is_system_label,
    label_rows,
    system_taint,
)
from analyzer.baselines.third_party import recognise, signatures
from analyzer.facts.identity import Dataplane, NetworkMode
from analyzer.facts.objects import Node, Workload
from analyzer.model.owner import Confidence

LABELS = {
    "kubernetes.azure.com/agentpool": "system",
    "kubernetes.azure.com/cluster": "MC_rg_c_region",
    "kubernetes.azure.com/mode": "system",
    "kubernetes.azure.com/node-image-version": "AKSUbuntu-2204gen2containerd-202511.20.0",
    "kubernetes.azure.com/role": "agent",
    "kubernetes.azure.com/podnetwork-type": "overlay",
    "kubernetes.io/arch": "amd64",
    "kubernetes.io/hostname": "aks-system-12345678-vmss000000",
    "kubernetes.io/os": "linux",
    "node.kubernetes.io/instance-type": "Standard_D4s_v5",
    "topology.kubernetes.io/region": "westeurope",
    "topology.kubernetes.io/zone": "0",
}
OVERLAY = cluster(NetworkMode.OVERLAY)


def node(**changes: str | None) -> Node:
    labels = {**LABELS, **{k.replace("__", "/"): v for k, v in changes.items()}}
    kept = {key: value for key, value in labels.items() if value is not None}
    found = obj({"kind": "Node", "metadata": {"name": "n", "labels": kept}})
    assert isinstance(found, Node)
    return found


@pytest.mark.parametrize("letter", ["s1", "s2", "s3"])
def test_sample_nodes_have_all_labels(letter: str) -> None:
    modes = {"s1": NetworkMode.OVERLAY, "s2": NetworkMode.NODE_SUBNET, "s3": NetworkMode.BYOCNI}
    nodes = [thing for thing in sample_objects(letter) if isinstance(thing, Node)]
    assert nodes
    for thing in nodes:
        assert label_rows(thing, cluster(modes[letter])) == ()
        assert all(is_system_label(key) for key in thing.metadata.labels)


@pytest.mark.parametrize(
    ("changes", "path", "actual"),
    [
        ({"kubernetes.azure.com__mode": None}, "kubernetes.azure.com/mode", "absent"),
        ({"kubernetes.azure.com__mode": "master"}, "kubernetes.azure.com/mode", "master"),
        (
            {"kubernetes.azure.com__podnetwork-type": "vnet"},
            "kubernetes.azure.com/podnetwork-type",
            "vnet",
        ),
    ],
)
def test_a_missing_or_wrong_label(changes: dict[str, str | None], path: str, actual: str) -> None:
    (row,) = label_rows(node(**changes), OVERLAY)
    assert (row.path, row.actual) == (f"metadata.labels[{path}]", actual)


def test_labels_that_are_not_asked_for() -> None:
    assert label_rows(node(type="virtual-kubelet", **{"kubernetes.io__os": None}), OVERLAY) == ()
    nap = node(**{"karpenter.sh__nodepool": "default", "kubernetes.azure.com__agentpool": None})
    assert label_rows(nap, OVERLAY) == ()
    unknown = cluster(NetworkMode.UNKNOWN, dataplane=Dataplane.UNKNOWN)
    assert label_rows(node(**{"kubernetes.azure.com__podnetwork-type": None}), unknown) == ()
    assert label_rows(node(**{"kubernetes.azure.com__mode": "System"}), OVERLAY) == ()


def test_reserved_domains_and_taints() -> None:
    assert is_reserved("kubernetes.azure.com/anything")
    assert is_reserved("node.kubernetes.io/x")
    assert not is_reserved("example.org/kubernetes.io")
    assert not is_reserved("agentpool")
    assert not is_reserved("notkubernetes.io/x")
    taint = system_taint("node.cilium.io/agent-not-ready")
    assert taint is not None
    assert taint.start_up
    assert system_taint("sku") is None


@pytest.mark.parametrize(
    ("cloud", "hosts"),
    [
        (
            "AzurePublicCloud",
            {"mcr.microsoft.com", "management.azure.com", "login.microsoftonline.com"},
        ),
        (
            "AzureChinaCloud",
            {"mcr.azure.cn", "management.chinacloudapi.cn", "login.chinacloudapi.cn"},
        ),
        (
            "AzureUSGovernmentCloud",
            {"mcr.microsoft.com", "management.usgovcloudapi.net", "login.microsoftonline.us"},
        ),
        (None, {"mcr.microsoft.com", "packages.aks.azure.com", "*.hcp.westeurope.azmk8s.io"}),
    ],
)
def test_required_endpoints(cloud: str | None, hosts: set[str]) -> None:
    assert hosts <= {endpoint.host for endpoint in required(cloud, location="westeurope")}


def test_endpoints_of_features_and_names_of_probes() -> None:
    assert "azure-policy" in features()
    base = {endpoint.host for endpoint in required(None)}
    more = {endpoint.host for endpoint in required(None, ["azure-policy"])}
    assert more - base == {
        "data.policy.core.windows.net",
        "store.policy.core.windows.net",
        "dc.services.visualstudio.com",
    }
    found = find("abc.hcp.westeurope.azmk8s.io")
    assert found is not None
    assert found.feature == "base"
    login = find("login.microsoftonline.com.")
    assert login is not None
    assert (login.feature, login.optional) == ("base", False)
    assert find("example.org") is None
    assert cloud_id("something new") == "public"


def daemon(name: str, image: str, namespace: str, **labels: str) -> Workload:
    return workload(name, image, "DaemonSet", namespace=namespace, pod_labels=labels)


def names(**inputs: Any) -> dict[str, Confidence]:
    return {found.name: found.confidence for found in recognise(**inputs)}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (
            {
                "daemon_sets": [
                    daemon("calico-node", "docker.io/calico/node:v3.28", "calico-system")
                ],
                "namespaces": ["calico-system"],
                "conflists": ["10-calico.conflist"],
            },
            {"calico-self-managed": Confidence.HIGH},
        ),
        # managed Calico and Cilium are nobody else's
        (
            {
                "daemon_sets": [
                    daemon("calico-node", "mcr.microsoft.com/oss/calico/node:v3", "calico-system")
                ],
                "crds": ["ippools.crd.projectcalico.org"],
            },
            {},
        ),
        (
            {
                "daemon_sets": [
                    daemon(
                        "cilium",
                        "mcr.microsoft.com/containernetworking/cilium/cilium:v1",
                        "kube-system",
                        **{"k8s-app": "cilium"},
                    )
                ],
                "conflists": ["05-cilium.conflist"],
                "crds": ["ciliumnodes.cilium.io"],
            },
            {},
        ),
        # from a private registry
        (
            {
                "daemon_sets": [
                    daemon("calico-node", "corp.azurecr.io/mirror/calico/node:v3", "calico-system")
                ],
                "namespaces": ["calico-system"],
            },
            {"calico-self-managed": Confidence.MEDIUM},
        ),
        # one weak signal
        ({"crds": ["dynakubes.dynatrace.com"]}, {"dynatrace": Confidence.LOW}),
        ({"conflists": ["10-flannel.conflist"]}, {"flannel": Confidence.LOW}),
        ({"namespaces": ["falco"]}, {}),
        (
            {"crds": ["clusterpolicies.kyverno.io"], "namespaces": ["kyverno"]},
            {"kyverno": Confidence.MEDIUM},
        ),
        # AKS's own Gatekeeper and Flux, and the open-source ones
        (
            {
                "deployments": [
                    workload(
                        "gatekeeper-controller",
                        "mcr.microsoft.com/oss/open-policy-agent/gatekeeper:v3",
                        namespace="gatekeeper-system",
                    )
                ],
                "namespaces": ["gatekeeper-system"],
            },
            {},
        ),
        (
            {
                "deployments": [
                    workload(
                        "gatekeeper-controller-manager",
                        "openpolicyagent/gatekeeper:v3",
                        namespace="gatekeeper-system",
                    )
                ]
            },
            {"gatekeeper-oss": Confidence.HIGH},
        ),
        (
            {
                "deployments": [
                    workload(
                        "source-controller",
                        "ghcr.io/fluxcd/source-controller:v1",
                        namespace="flux-system",
                    )
                ]
            },
            {"flux-oss": Confidence.HIGH},
        ),
        # one image, told apart by its label
        (
            {
                "deployments": [
                    workload(
                        "ingress-azure",
                        "mcr.microsoft.com/azure-application-gateway/kubernetes-ingress:1.8",
                        namespace="default",
                        pod_labels={"app": "ingress-azure"},
                    )
                ]
            },
            {"agic-helm": Confidence.HIGH},
        ),
        (
            {
                "deployments": [
                    workload(
                        "ingress-appgw-deployment",
                        "mcr.microsoft.com/azure-application-gateway/kubernetes-ingress:1.8",
                        pod_labels={"app": "ingress-appgw"},
                    )
                ]
            },
            {},
        ),
        ({"deployments": [workload("web", "corp.azurecr.io/shop/web:1", namespace="shop")]}, {}),
    ],
)
def test_third_party(inputs: dict[str, Any], expected: dict[str, Confidence]) -> None:
    assert names(**inputs) == expected


def test_a_recognised_product_names_its_objects_and_evidence() -> None:
    thing = daemon(
        "falcon-node-sensor", "registry.crowdstrike.com/falcon-sensor/eu-1:7", "falcon-system"
    )
    thing.found_in("cluster/resources/apps/daemonsets/falcon-system.json")
    (found,) = recognise(daemon_sets=[thing], namespaces=["falcon-system"])
    assert (found.name, found.category, found.closed_source) == (
        "crowdstrike-falcon",
        "scanner",
        True,
    )
    assert found.objects == ("DaemonSet/falcon-system/falcon-node-sensor",)
    assert found.evidence[0].path == "cluster/resources/apps/daemonsets/falcon-system.json"


def test_signatures_are_unique_and_can_match() -> None:
    seen = [signature.name for signature in signatures()]
    assert len(set(seen)) == len(seen)
    for signature in signatures():
        assert any((signature.images, signature.daemonsets, signature.crds)), signature.name
        assert set(signature.needs) <= {"image", "label", "namespace"}


@pytest.mark.parametrize(
    ("letter", "expected"), [("s1", set()), ("s2", set()), ("s3", {"calico-self-managed"})]
)
def test_samples(letter: str, expected: set[str]) -> None:
    things = list(sample_objects(letter))
    found = names(
        daemon_sets=[t for t in things if isinstance(t, Workload) and t.kind == "DaemonSet"],
        deployments=[t for t in things if isinstance(t, Workload) and t.kind == "Deployment"],
        crds=[t.name for t in things if t.kind == "CustomResourceDefinition"],
        namespaces=[t.name for t in things if t.kind == "Namespace"],
    )
    assert set(found) == expected
