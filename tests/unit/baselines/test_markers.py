"""Whose an object is: several marks together, and the traps that one mark alone would fall into."""

from __future__ import annotations

from typing import Any

import pytest
from baseline_builders import cluster, managed, obj, sample_objects, workload

from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.images import foreign_image, parse_image
from analyzer.baselines.markers import component_of, is_managed_namespace, whose
from analyzer.baselines.object_kind import kind_of
from analyzer.facts.identity import Aks, Identity, NetworkMode, PolicyEngine
from analyzer.model.owner import Confidence

AKS = {"kubernetes.azure.com/managedby": "aks"}
ENO = {**AKS, "app.kubernetes.io/managed-by": "Eno"}
ADDON = {**AKS, "addonmanager.kubernetes.io/mode": "Reconcile"}
HOSTED = {
    "helm.toolkit.fluxcd.io/name": "cilium-adapter-helmrelease",
    "helm.toolkit.fluxcd.io/namespace": "64b6f0a1c2d3e4f5a6b7c8d9",
}
MCR = "mcr.microsoft.com"
BY_ENO = [managed("eno", {"f:spec": {}}, "Apply")]
BY_HELM = [managed("helm", {"f:spec": {"f:template": {}}})]
BY_KUBECTL = [managed("kubectl-client-side-apply", {"f:spec": {"f:template": {}}})]
CALICO = cluster(NetworkMode.KUBENET, policy=PolicyEngine.CALICO)
BYOCNI = cluster(NetworkMode.BYOCNI)
NODE = f"{MCR}/oss/v2/calico/node"


def w(*args: Any, **kwargs: Any) -> Any:
    return workload(*args, **kwargs)


@pytest.mark.parametrize(
    ("thing", "identity", "owner", "confidence"),
    [
        # AKS's own, whatever generation of its machinery signed it
        (
            w("coredns", f"{MCR}/oss/v2/kubernetes/coredns:v1.12.1-7", labels=ENO),
            None,
            "aks",
            "high",
        ),
        (w("coredns", f"{MCR}/oss/kubernetes/coredns:v1.9.4", labels=ADDON), None, "aks", "high"),
        (
            w(
                "cilium",
                f"{MCR}/containernetworking/cilium/cilium:v1.17.9",
                "DaemonSet",
                labels=HOSTED,
            ),
            None,
            "aks",
            "high",
        ),
        # ... and without any label, where name, namespace and image still speak for it
        (w("coredns", f"{MCR}/oss/kubernetes/coredns:v1.9.3"), None, "aks", "high"),
        # a managed component stays AKS's when a customer swaps its image: that is drift
        (
            w("coredns", "docker.io/coredns/coredns:1.11", labels=ENO, managedFields=BY_ENO),
            None,
            "aks",
            "medium",
        ),
        # in kube-system from Microsoft's registry, and still the customer's
        (w("hubble-ui", f"{MCR}/oss/cilium/hubble-ui:v0.13"), None, "customer", "high"),
        (
            w("hubble-ui", f"{MCR}/oss/cilium/hubble-ui:v0.13", labels=AKS),
            None,
            "customer",
            "medium",
        ),
        (
            w("node-local-dns", "registry.k8s.io/dns/k8s-dns-node-cache:1.23", "DaemonSet"),
            None,
            "customer",
            "high",
        ),
        # Calico: by AKS's operator without label, by a customer's operator, and on BYOCNI
        (w("calico-node", NODE, "DaemonSet", namespace="calico-system"), CALICO, "aks", "high"),
        (
            w("calico-node", f"{NODE}@sha256:{'a' * 64}", "DaemonSet", namespace="calico-system"),
            CALICO,
            "aks",
            "high",
        ),
        (
            w("calico-node", "docker.io/calico/node:v3.28", "DaemonSet", namespace="calico-system"),
            BYOCNI,
            "customer",
            "high",
        ),
        (
            w(
                "tigera-operator",
                f"{MCR}/oss/tigera/operator:v1.36",
                namespace="tigera-operator",
                labels=ADDON,
            ),
            CALICO,
            "aks",
            "high",
        ),
        (
            w(
                "tigera-operator",
                "quay.io/tigera/operator:v1.34",
                namespace="tigera-operator",
                managedFields=BY_HELM,
            ),
            BYOCNI,
            "customer",
            "high",
        ),
        # the same names as AKS's, in the customer's own namespaces or from other registries
        (
            w(
                "gatekeeper-controller-manager",
                "docker.io/openpolicyagent/gatekeeper:v3",
                namespace="gatekeeper-system",
                managedFields=BY_HELM,
            ),
            None,
            "customer",
            "high",
        ),
        (
            w(
                "keda-operator",
                "ghcr.io/kedacore/keda:2.16",
                namespace="keda",
                managedFields=BY_HELM,
            ),
            None,
            "customer",
            "high",
        ),
        (
            w(
                "azure-wi-webhook-controller-manager",
                f"{MCR}/oss/azure/workload-identity/webhook:v1.5",
                namespace="azure-workload-identity-system",
                managedFields=BY_HELM,
            ),
            None,
            "customer",
            "high",
        ),
        (
            w(
                "source-controller",
                "ghcr.io/fluxcd/source-controller:v1.2",
                namespace="flux-system",
                managedFields=BY_KUBECTL,
            ),
            None,
            "customer",
            "high",
        ),
        # a customer's workload in kube-system, and one with a forged label
        (
            w(
                "log-shipper",
                "myacr.azurecr.io/log-shipper:1",
                "DaemonSet",
                managedFields=BY_KUBECTL,
            ),
            None,
            "customer",
            "high",
        ),
        (
            w(
                "log-shipper",
                "myacr.azurecr.io/log-shipper:1",
                labels=AKS,
                managedFields=BY_KUBECTL,
            ),
            None,
            "customer",
            "medium",
        ),
        (
            w(
                "web",
                f"{MCR}/oss/nginx/nginx:1.25",
                namespace="shop",
                labels=AKS,
                managedFields=BY_KUBECTL,
            ),
            None,
            "customer",
            "medium",
        ),
        # a chart of the customer that pulls from Microsoft's registry
        (
            w(
                "ingress",
                f"{MCR}/oss/kubernetes/ingress/nginx-ingress-controller:v1",
                namespace="ingress-basic",
            ),
            None,
            "customer",
            "medium",
        ),
        (
            w("ingress", "registry.k8s.io/x:v1", annotations={"meta.helm.sh/release-name": "web"}),
            None,
            "customer",
            "high",
        ),
        # AKS's Helm releases name themselves
        (
            w(
                "keda-operator",
                f"{MCR}/oss/v2/kedacore/keda:2.16",
                annotations={"meta.helm.sh/release-name": "aks-managed-keda"},
            ),
            None,
            "aks",
            "high",
        ),
        # not enough to tell
        (w("mystery", f"{MCR}/something/new:v1"), None, "unknown", "low"),
    ],
)
def test_workloads(
    catalogue: Catalogue, thing: Any, identity: Identity | None, owner: str, confidence: str
) -> None:
    verdict = whose(thing, catalogue, identity or cluster())
    assert (verdict.owner, verdict.confidence.value) == (owner, confidence), verdict.reasons
    assert verdict.reasons


@pytest.mark.parametrize(
    ("raw", "owner"),
    [
        (
            {
                "kind": "ConfigMap",
                "metadata": {"name": "coredns", "namespace": "kube-system", "labels": ENO},
            },
            "aks",
        ),
        (
            {
                "kind": "ConfigMap",
                "metadata": {"name": "coredns-custom", "namespace": "kube-system", "labels": ADDON},
            },
            "customer",
        ),
        (
            {"kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt", "namespace": "shop"}},
            "aks",
        ),
        ({"kind": "Service", "metadata": {"name": "kubernetes", "namespace": "default"}}, "aks"),
        ({"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}}, "customer"),
        (
            {
                "kind": "Node",
                "metadata": {"name": "n", "labels": {"kubernetes.azure.com/cluster": "MC_x"}},
                "spec": {"providerID": "azure:///x"},
            },
            "aks",
        ),
        (
            {
                "kind": "ClusterRole",
                "metadata": {
                    "name": "admin",
                    "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
                },
            },
            "aks",
        ),
        (
            {
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "aks-service-rolebinding", "labels": ENO},
            },
            "aks",
        ),
        (
            {
                "kind": "Pod",
                "metadata": {
                    "name": "coredns-59b6bf8b4f-46t8p",
                    "namespace": "kube-system",
                    "labels": AKS,
                },
                "spec": {"containers": [{"image": f"{MCR}/oss/v2/kubernetes/coredns:v1"}]},
            },
            "aks",
        ),
    ],
)
def test_other_objects(catalogue: Catalogue, raw: dict[str, Any], owner: str) -> None:
    verdict = whose(obj(raw), catalogue, cluster())
    assert verdict.owner == owner, verdict.reasons


def test_nothing_is_aks_on_another_cluster(catalogue: Catalogue) -> None:
    thing = workload("coredns", "rancher/mirrored-coredns-coredns:1.9", labels=AKS)
    assert whose(thing, catalogue, cluster(aks=Aks.NO)).owner == "unknown"
    verdict = whose(thing, catalogue, cluster(aks=Aks.UNKNOWN))
    assert verdict.confidence is Confidence.LOW


def test_the_weightiest_reasons_come_first(catalogue: Catalogue) -> None:
    thing = workload("coredns", f"{MCR}/oss/v2/kubernetes/coredns:v1.12.1", labels=ENO)
    reasons = whose(thing, catalogue, cluster()).reasons
    assert reasons[0].startswith("label ")
    assert reasons[-1] == "namespace kube-system"


@pytest.mark.parametrize(
    ("letter", "identity"),
    [
        ("s1", cluster()),
        ("s2", cluster(NetworkMode.NODE_SUBNET, version="1.32.7")),
        ("s3", cluster(NetworkMode.BYOCNI, version="1.31.8")),
    ],
)
def test_samples_are_told_apart_without_a_mistake(
    catalogue: Catalogue, letter: str, identity: Identity
) -> None:
    own_calico = {"calico-system", "tigera-operator"}
    seen = 0
    for thing in sample_objects(letter):
        if thing.kind not in ("Deployment", "DaemonSet", "ReplicaSet", "Pod"):
            continue
        verdict = whose(thing, catalogue, identity)
        aks = is_managed_namespace(thing.namespace) and thing.namespace not in own_calico
        assert verdict.owner == ("aks" if aks else "customer"), (str(thing.subject), verdict)
        assert verdict.confidence is Confidence.HIGH
        seen += 1
    assert seen > 40


def test_managed_namespaces() -> None:
    assert is_managed_namespace("kube-system")
    assert is_managed_namespace("aks-istio-ingress")
    assert not is_managed_namespace("default")
    assert not is_managed_namespace("kube-systems")
    assert not is_managed_namespace(None)


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag"),
    [
        ("nginx", "docker.io", "library/nginx", ""),
        ("calico/node:v3", "docker.io", "calico/node", "v3"),
        ("localhost:5000/a/b:1", "localhost:5000", "a/b", "1"),
        ("mcr.microsoft.com/a/b:v1@sha256:abc", "mcr.microsoft.com", "a/b", "v1"),
        ("mcr.microsoft.com/a/b@sha256:abc", "mcr.microsoft.com", "a/b", ""),
    ],
)
def test_image_references(text: str, registry: str, repository: str, tag: str) -> None:
    image = parse_image(text)
    assert (image.registry, image.repository, image.tag) == (registry, repository, tag)


@pytest.mark.parametrize(
    ("component", "image", "foreign"),
    [
        ("coredns", f"{MCR}/oss/kubernetes/coredns:v1.9.4", False),
        ("coredns", f"{MCR}/oss/v2/kubernetes/coredns:v1.12.1-7", False),
        ("coredns", f"{MCR}/oss/v2/kubernetes/coredns@sha256:{'0' * 64}", False),
        ("coredns", "mcr.azk8s.cn/oss/v2/kubernetes/coredns:v1.12.1-7", False),
        ("coredns", "mcr.azure.cn/oss/v2/kubernetes/coredns:v1.12.1-7", False),
        ("coredns", "corp.azurecr.io/aks-managed-repository/oss/v2/kubernetes/coredns:v1", False),
        ("coredns", "corp.azurecr.io/oss/v2/kubernetes/coredns:v1", True),
        ("coredns", "docker.io/coredns/coredns:1.11.1", True),
        ("coredns", "coredns/coredns:1.11.1", True),
        ("coredns", "mcr.microsoft.com.evil.example/oss/v2/kubernetes/coredns:v1", True),
        ("coredns", f"{MCR}/oss/bitnami/redis:6", True),
        ("coredns", f"{MCR}/oss/v3/kubernetes/coredns:v2", False),
        ("azure-cns", f"{MCR}/containernetworking/new-helper:v1", False),
        ("kube-proxy", f"{MCR}/oss/v2/kubernetes/kube-proxy:v1.33.7-16", False),
    ],
)
def test_foreign_images(catalogue: Catalogue, component: str, image: str, foreign: bool) -> None:
    reason = foreign_image(image, catalogue.get(component))
    assert (reason is not None) is foreign, reason


def test_foreign_image_without_a_component() -> None:
    assert foreign_image(f"{MCR}/anything:1", None) is None
    assert foreign_image("quay.io/x/y:1", None) == "quay.io is not Microsoft's registry"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("cluster/resources/apps/daemonsets/kube-system.json", "DaemonSet"),
        ("cluster-info-dump/kube-system/deployments.json", "Deployment"),
        ("cluster/resources/apps/replicasets.json", "ReplicaSet"),
        ("", "Workload"),
    ],
)
def test_a_listing_may_leave_the_kind_out(path: str, kind: str) -> None:
    thing = workload("kube-proxy", f"{MCR}/oss/v2/kubernetes/kube-proxy:v1.33.5", kind="")
    thing.found_in(path)
    assert kind_of(thing) == kind


def test_a_daemon_set_without_kind_finds_its_component(catalogue: Catalogue) -> None:
    thing = workload("kube-proxy", f"{MCR}/oss/v2/kubernetes/kube-proxy:v1.33.5", kind="")
    thing.found_in("cluster/resources/apps/daemonsets/kube-system.json")
    component = component_of(thing, catalogue)
    assert component is not None
    assert component.id == "kube-proxy"
