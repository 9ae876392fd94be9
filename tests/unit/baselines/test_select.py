"""What is expected in each network mode, and what is left open."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from baseline_builders import cluster, sample_objects

from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.markers import component_of
from analyzer.baselines.select import expected, expected_outside
from analyzer.facts.identity import Aks, Dataplane, Identity, NetworkMode, PolicyEngine, Pool

CORE = {
    "cloud-node-manager",
    "coredns",
    "coredns-autoscaler",
    "csi-azuredisk-node",
    "csi-azurefile-node",
    "konnectivity-agent",
    "konnectivity-agent-autoscaler",
    "metrics-server",
}
CALICO = {"tigera-operator", "calico-node", "calico-typha", "calico-kube-controllers"}


def certain(catalogue: Catalogue, identity: Identity) -> set[str]:
    return {e.component.id for e in expected(catalogue, identity) if e.certain}


def open_questions(catalogue: Catalogue, identity: Identity) -> set[str]:
    linux = (e for e in expected(catalogue, identity) if e.component.os == "linux")
    return {e.component.id for e in linux if not e.certain}


@pytest.mark.parametrize(
    ("identity", "more"),
    [
        (cluster(NetworkMode.OVERLAY), {"kube-proxy", "azure-cns", "azure-ip-masq-agent"}),
        (cluster(NetworkMode.POD_SUBNET), {"kube-proxy", "azure-cns"}),
        (
            cluster(NetworkMode.NODE_SUBNET, version="1.32.7"),
            {"kube-proxy", "azure-cns", "azure-ip-masq-agent"},
        ),
        (cluster(NetworkMode.NODE_SUBNET, version="1.31.9"), {"kube-proxy", "azure-ip-masq-agent"}),
        (cluster(NetworkMode.KUBENET), {"kube-proxy", "azure-ip-masq-agent"}),
        (cluster(NetworkMode.KUBENET, policy=PolicyEngine.CALICO), {"kube-proxy"} | CALICO),
        (
            cluster(NetworkMode.OVERLAY, policy=PolicyEngine.AZURE),
            {"kube-proxy", "azure-cns", "azure-ip-masq-agent", "azure-npm"},
        ),
        (
            cluster(dataplane=Dataplane.CILIUM, policy=PolicyEngine.CILIUM, proxy="none"),
            {"cilium", "cilium-operator", "azure-cns", "azure-ip-masq-agent"},
        ),
        (cluster(NetworkMode.BYOCNI), {"kube-proxy"}),
        (cluster(NetworkMode.BYOCNI, proxy="none"), set()),
        (
            cluster(NetworkMode.BYOCNI, policy=PolicyEngine.CALICO, dataplane=Dataplane.CILIUM),
            set(),
        ),
    ],
)
def test_each_mode(catalogue: Catalogue, identity: Identity, more: set[str]) -> None:
    assert certain(catalogue, identity) == CORE | more
    assert open_questions(catalogue, identity) == set()


def test_an_unknown_mode_leaves_the_network_open(catalogue: Catalogue) -> None:
    unknown = cluster(
        NetworkMode.UNKNOWN,
        dataplane=Dataplane.UNKNOWN,
        policy=PolicyEngine.UNKNOWN,
        proxy="unknown",
    )
    assert certain(catalogue, unknown) == CORE
    assert {"azure-cns", "cilium", "kube-proxy", "calico-node"} <= open_questions(
        catalogue, unknown
    )


def test_an_unknown_version_leaves_what_depends_on_it_open(catalogue: Catalogue) -> None:
    identity = cluster(NetworkMode.NODE_SUBNET, version=None)
    later = {"azure-cns", "cloud-node-manager", "csi-azuredisk-node", "csi-azurefile-node"}
    assert open_questions(catalogue, identity) == later


def test_a_roll_out_is_open_until_it_is_over(catalogue: Catalogue) -> None:
    name = "konnectivity-agent-autoscaler"
    before = cluster(at=datetime(2025, 3, 1, tzinfo=UTC))
    during = cluster(at=datetime(2025, 5, 1, tzinfo=UTC))
    assert name not in {e.component.id for e in expected(catalogue, before)}
    assert open_questions(catalogue, during) == {name}
    assert open_questions(catalogue, cluster(at=None)) == {name}


def test_nothing_is_expected_of_a_cluster_that_is_not_aks(catalogue: Catalogue) -> None:
    assert expected(catalogue, cluster(aks=Aks.NO)) == ()
    assert certain(catalogue, cluster(aks=Aks.UNKNOWN)) == set()


@pytest.mark.parametrize("name", ["omsagent", "monitoring", "containerInsights"])
def test_an_add_on_counts_by_any_of_its_names(catalogue: Catalogue, name: str) -> None:
    identity = cluster(add_ons=frozenset({name}), add_ons_known=True)
    assert {"ama-logs", "ama-logs-rs"} <= certain(catalogue, identity)


def test_silence_about_add_ons_expects_none(catalogue: Catalogue) -> None:
    for known in (True, False):
        names = {e.component.id for e in expected(catalogue, cluster(add_ons_known=known))}
        assert not names & {"ama-logs", "keda-operator", "istiod", "flux"}


def test_windows_parts_are_certain_only_with_a_windows_pool(catalogue: Catalogue) -> None:
    windows = cluster(pools=(Pool("win", os_sku="Windows2022"),))
    assert "csi-azuredisk-node-win" in certain(catalogue, windows)
    assert "csi-azuredisk-node-win" not in certain(catalogue, cluster())


def test_customer_software_and_hosted_parts_are_not_expected_in_the_cluster(
    catalogue: Catalogue,
) -> None:
    names = {e.component.id for e in expected(catalogue, cluster())}
    assert not names & {"hubble-ui", "node-local-dns", "kube-apiserver", "kubelet"}
    outside = {e.component.id for e in expected_outside(catalogue, cluster())}
    assert {"kube-apiserver", "kubelet", "containerd", "aks-rbac"} <= outside


@pytest.mark.parametrize(
    ("letter", "identity"),
    [
        ("s1", cluster(at=datetime(2025, 12, 2, tzinfo=UTC), add_ons=frozenset({"omsagent"}))),
        ("s2", cluster(NetworkMode.NODE_SUBNET, version="1.32.7")),
        ("s3", cluster(NetworkMode.BYOCNI, version="1.31.8")),
    ],
)
def test_sample_bundles_have_everything_that_is_certain(
    catalogue: Catalogue, letter: str, identity: Identity
) -> None:
    shown = {c.id for o in sample_objects(letter) if (c := component_of(o, catalogue))}
    assert certain(catalogue, identity) <= shown
