"""Objects find their component by kind, namespace and name."""

from __future__ import annotations

import pytest

from analyzer.baselines.catalogue import Catalogue, add_on_id, source_link


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "component"),
    [
        ("Deployment", "kube-system", "coredns", "coredns"),
        ("Pod", "kube-system", "coredns-59b6bf8b4f-46t8p", "coredns"),
        ("Pod", "kube-system", "csi-azuredisk-node-96gdm", "csi-azuredisk-node"),
        ("ReplicaSet", "kube-system", "metrics-server-58df99c858", "metrics-server"),
        ("Pod", "kube-system", "coredns-autoscaler-5655d66f64-mgtzn", "coredns-autoscaler"),
        ("ConfigMap", "kube-system", "coredns", "coredns"),
        ("ConfigMap", "kube-system", "coredns-custom", "coredns"),
        ("Service", "kube-system", "kube-dns", "coredns"),
        ("ClusterRoleBinding", None, "aks-service-rolebinding", "aks-rbac"),
        ("ClusterRole", None, "aks-service", "aks-rbac"),
        ("CustomResourceDefinition", None, "nodenetworkconfigs.acn.azure.com", "azure-cns"),
        (
            "MutatingWebhookConfiguration",
            None,
            "aks-node-mutating-webhook",
            "aks-admission-webhooks",
        ),
        ("Deployment", "aks-istio-system", "istiod-asm-1-27", "istiod"),
        ("DaemonSet", "kube-system", "ama-logs-windows", "ama-logs-windows"),
        ("DaemonSet", "kube-system", "ama-metrics-node-xl", "ama-metrics-node"),
        ("Deployment", "app-routing-system", "nginx-internal-0", "app-routing-nginx"),
    ],
)
def test_find(
    catalogue: Catalogue, kind: str, namespace: str | None, name: str, component: str
) -> None:
    found = catalogue.find(kind, namespace, name)
    assert found is not None
    assert found.id == component


@pytest.mark.parametrize(
    ("kind", "namespace", "name"),
    [
        ("Deployment", "shop", "coredns"),
        ("Deployment", "kube-system", "coredns2"),
        ("DaemonSet", "kube-system", "coredns"),
        ("Deployment", "default", "nginx-internal"),
        ("Pod", "kube-system", "coredns"),
        ("StorageClass", None, "own-class"),
        ("ConfigMap", "kube-system", "own-settings"),
    ],
)
def test_find_nothing(catalogue: Catalogue, kind: str, namespace: str | None, name: str) -> None:
    assert catalogue.find(kind, namespace, name) is None


def test_allowed_objects(catalogue: Catalogue) -> None:
    found = catalogue.allowed("ConfigMap", "kube-system", "coredns-custom")
    assert found is not None
    assert found[0].id == "coredns"
    assert found[1].content == "customer"
    assert catalogue.allowed("ConfigMap", "kube-system", "coredns") is None
    mesh = catalogue.allowed("ConfigMap", "aks-istio-system", "istio-shared-configmap-asm-1-27")
    assert mesh is not None
    assert mesh[1].keys == ("data.mesh",)


def test_an_unknown_id_is_an_error(catalogue: Catalogue) -> None:
    with pytest.raises(KeyError):
        catalogue.get("no-such-component")


def test_names_of_add_ons_and_links_of_sources() -> None:
    assert add_on_id("azureKeyvaultSecretsProvider") == "azure-keyvault-secrets-provider"
    assert add_on_id("web_application_routing") == "app-routing"
    assert add_on_id("something-else") is None
    assert source_link("docs:faq.yml").endswith("/articles/aks/faq.yml")
    assert source_link("https://example.org/a") == "https://example.org/a"


def test_on_byocni_the_excluded_area_is_the_cni_and_not_the_rest(catalogue: Catalogue) -> None:
    excluded = {c.id for c in catalogue.components if c.pod_network_part}
    assert {"azure-cns", "cilium", "azure-npm", "calico-node", "azure-ip-masq-agent"} <= excluded
    assert not excluded & {"coredns", "kube-proxy", "konnectivity-agent", "kubelet", "localdns"}
