"""What runs, as a bundle shows it; what it does not show is unknown and never "no"."""

from __future__ import annotations

from analyzer.bugs import gate_facts
from analyzer.facts.azure import AzureExports
from analyzer.facts.facts import Facts
from analyzer.facts.identity import Dataplane, NetworkMode, PolicyEngine
from analyzer.facts.logkinds import LogKind
from analyzer.facts.logs import Logs
from tests.unit.bugs.test_bug_match import NODE, facts, node, pod


def test_an_empty_bundle_knows_nothing() -> None:
    runs = gate_facts(
        facts(
            mode=NetworkMode.UNKNOWN,
            dataplane=Dataplane.UNKNOWN,
            policy=PolicyEngine.UNKNOWN,
            version=None,
        )
    )
    shown = {
        name: getattr(runs, name)
        for name in runs.__dataclass_fields__
        if name not in ("packages", "nodes", "collected_at")
    }
    assert set(shown.values()) == {None}
    assert not runs.packages
    assert not runs.nodes


def test_versions_of_a_node() -> None:
    row = node(image="AKSUbuntu-2204gen2containerd-202509.11.0", containerd="1.7.28-1")
    runs = gate_facts(facts(nodes=[row], runc="1.2.6", pods=[pod("a", image="x/falco:1")]))
    one = runs.nodes[NODE]
    assert (one.kernel, one.kubelet, one.containerd) == ("5.15.0-1102-azure", "v1.32.4", "1.7.28-1")
    assert one.node_image == "AKSUbuntu-2204gen2containerd-202509.11.0"
    assert (one.runc, one.os, one.fips) == ("1.2.6", "linux", "false")
    assert one.images == ("x/falco:1",)


def test_the_mode_tells_plugin_and_addresses() -> None:
    modes = {
        NetworkMode.NODE_SUBNET: ("azure", "node-subnet"),
        NetworkMode.OVERLAY: ("azure", "overlay"),
        NetworkMode.KUBENET: ("kubenet", "kubenet"),
        NetworkMode.BYOCNI: ("none", None),
    }
    for mode, wanted in modes.items():
        runs = gate_facts(facts(mode=mode))
        assert (runs.network_plugin, runs.ipam_mode) == wanted


def test_packages_come_from_images_in_system_namespaces() -> None:
    pods = [
        pod("coredns-1", image="mcr.microsoft.com/oss/v2/kubernetes/coredns:v1.12.1-7"),
        pod("coredns-2", image="mcr.microsoft.com/oss/v2/kubernetes/coredns:v1.11.3-6@sha256:ab"),
        pod("kube-proxy-a", image="mcr.microsoft.com/oss/kubernetes/kube-proxy:v1.32.4"),
        pod(
            "konnectivity-agent-a",
            image="mcr.microsoft.com/oss/v2/kubernetes/apiserver-network-proxy/agent:v0.31.4",
        ),
        pod("own", "app", image="example.test/coredns:v9.9.9"),
        pod("latest", image="mcr.microsoft.com/x/y:latest"),
    ]
    packages = gate_facts(facts(pods=pods)).packages
    assert packages["coredns"] == ("v1.11.3-6", "v1.12.1-7")
    assert packages["kube-proxy"] == ("v1.32.4",)
    assert packages["konnectivity-agent"] == ("v0.31.4",)
    assert "y" not in packages


def test_settings() -> None:
    config = {
        "metadata": {"name": "cilium-config", "namespace": "kube-system"},
        "data": {"enable-wireguard": "true"},
    }
    spot, made = node("a"), node("b")
    spot["metadata"]["labels"]["kubernetes.azure.com/scalesetpriority"] = "spot"
    made["metadata"]["labels"]["karpenter.sh/nodepool"] = "default"
    runs = gate_facts(facts(nodes=[spot, made], config_maps=[config]))
    assert (runs.wireguard, runs.has_spot_pool, runs.nap) == ("true", "true", "true")
    plain = gate_facts(facts(nodes=[node()]))
    assert (plain.wireguard, plain.has_spot_pool, plain.nap) == (None, "false", None)


def test_the_arm_export_tells_more() -> None:
    export = {
        "networkProfile": {
            "advancedNetworking": {"enabled": True},
            "ipFamilies": ["IPv4", "IPv6"],
        },
        "securityProfile": {"azureKeyVaultKms": {"enabled": False}},
        "nodeProvisioningProfile": {"mode": "Manual"},
    }
    for document in (export, {"properties": export}):
        azure = AzureExports({"managed-cluster": document})
        runs = gate_facts(Facts(**{**vars(facts()), "azure": azure}))
        assert (runs.acns, runs.kms, runs.nap) == ("true", "false", "false")
        assert runs.ip_families == "ipv4,ipv6"


def test_cgroup_version() -> None:
    item = f"nodes/{NODE}/host/cgroup"
    second = facts(nodes=[node()], logs={item: "cgroup2fs\ncontrollers: cpu io memory\n"})
    assert gate_facts(second).nodes[NODE].cgroup_version == "2"
    asked = Logs(read=frozenset({(NODE, LogKind.CGROUPS)}))
    first = Facts(**{**vars(facts(nodes=[node()])), "logs": asked})
    assert gate_facts(first).nodes[NODE].cgroup_version == "1"
    assert gate_facts(facts(nodes=[node()])).nodes[NODE].cgroup_version is None
