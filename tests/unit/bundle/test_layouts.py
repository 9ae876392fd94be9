"""Foreign layouts: where their files belong, and what they cannot hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from analyzer.bundle import BundleError, open_bundle
from analyzer.bundle.layouts import recognise
from analyzer.bundle.layouts.node_folder import canonical
from analyzer.model.gap import Presence
from tests.unit.bundle.tarballs import SAMPLES, gz, opened, read_all, tar_of, write_folder, zst

DUMP = {
    "nodes.json": b'{"items":[]}',
    "default/pods.json": b'{"items":[]}',
    "kube-system/events.json": b'{"items":[1]}',
    "kube-system/replication-controllers.json": b'{"items":[2]}',
    "kube-system/services.json": b'{"items":[3]}',
    "kube-system/daemonsets.json": b'{"items":[4]}',
    "kube-system/deployments.json": b'{"items":[5]}',
    "kube-system/replicasets.json": b'{"items":[6]}',
    "kube-system/pods.json": b'{"items":[7]}',
    "kube-system/coredns-1/logs.txt": b"==== START logs for container c ====\n",
}
DUMP_PLACES = {
    "nodes.json": "cluster/resources/core/nodes.json",
    "default/pods.json": "cluster/resources/core/pods/default.json",
    "kube-system/events.json": "cluster/resources/core/events/kube-system.json",
    "kube-system/replication-controllers.json": (
        "cluster/resources/core/replicationcontrollers/kube-system.json"
    ),
    "kube-system/services.json": "cluster/resources/core/services/kube-system.json",
    "kube-system/daemonsets.json": "cluster/resources/apps/daemonsets/kube-system.json",
    "kube-system/deployments.json": "cluster/resources/apps/deployments/kube-system.json",
    "kube-system/replicasets.json": "cluster/resources/apps/replicasets/kube-system.json",
    "kube-system/pods.json": "cluster/resources/core/pods/kube-system.json",
    "kube-system/coredns-1/logs.txt": "cluster/logs/kube-system/coredns-1/logs.log",
}
NODE = {
    "etc/cni/net.d/10-azure.conflist": b"{}",
    "etc/default/kubelet": b"KUBELET_FLAGS=\n",
    "etc/containerd/config.toml": b"version = 2\n",
    "var/log/azure-vnet.log": b"vnet\n",
    "var/log/azure-vnet-ipam.log": b"ipam\n",
    "var/log/azure-cns.log": b"cns\n",
    "var/run/azure-vnet.json": b"{}",
    "var/log/syslog": b"sys\n",
    "iptables-save.txt": b"*filter\n",
    "var/log/something-else.log": b"text\n",
}
NODE_PLACES = {
    "etc/cni/net.d/10-azure.conflist": "cni/net.d/10-azure.conflist",
    "etc/default/kubelet": "kubelet/flags",
    "etc/containerd/config.toml": "containerd/config.toml",
    "var/log/azure-vnet.log": "cni/azure-vnet.log",
    "var/log/azure-vnet-ipam.log": "cni/azure-vnet-ipam.log",
    "var/log/azure-cns.log": "cni/azure-cns.log",
    "var/run/azure-vnet.json": "cni/azure-vnet.json",
    "var/log/syslog": "host/syslog",
    "iptables-save.txt": "network/iptables-save",
    "var/log/something-else.log": "files/var/log/something-else.log",
}


@pytest.mark.parametrize("top", ["", "dump/"])
@pytest.mark.parametrize("shape", ["folder", "tar", "tar.gz", "tar.zst"])
def test_cluster_info_dump(shape: str, top: str, tmp_path: Path) -> None:
    files = {f"{top}{name}": data for name, data in DUMP.items()}
    pack = {"tar": lambda d: d, "tar.gz": gz, "tar.zst": zst}
    source: object = (
        write_folder(tmp_path / "d", files) if shape == "folder" else pack[shape](tar_of(files))
    )
    bundle = opened(source)  # type: ignore[arg-type]
    found = {member.path: (member.found_at, member.read()) for _, member in bundle.members()}
    assert found == {DUMP_PLACES[n]: (f"{top}{n}", data) for n, data in DUMP.items()}
    assert (bundle.layout, bundle.format) == ("cluster-info-dump", 0)


def test_cluster_info_dump_in_yaml_keeps_its_suffix() -> None:
    files = {
        "nodes.yaml": b"items: []\n",
        "kube-system/pods.yaml": b"items: []\n",
        "kube-system/services.yaml": b"items: []\n",
    }
    members, inventory = read_all(tar_of(files))
    assert "cluster/resources/core/pods/kube-system.yaml" in members
    assert inventory.state("cluster/resources/core/nodes.json").presence is Presence.PRESENT
    pods = inventory.state("cluster/resources/core/pods/*.json")
    assert pods.presence is Presence.PRESENT


def test_what_a_dump_cannot_hold_was_not_asked_for() -> None:
    inventory = read_all(tar_of(DUMP))[1]
    for path in (
        "cluster/resources/core/configmaps/kube-system.json",
        "cluster/resources/apps/statefulsets/*.json",
        "cluster/version.json",
        "nodes/n1/host/df",
        "azure/nsg.json",
    ):
        state = inventory.state(path)
        assert state.presence is Presence.NOT_ASKED
        assert "cluster-info-dump" in state.note
    assert not inventory.complete
    assert "cluster" in {gap.path for gap in inventory.gaps()}


@pytest.mark.parametrize("prefix", ["", "nodes/{}/", "case/nodes/{}/", "{}/"])
@pytest.mark.parametrize("shape", ["folder", "tar.gz"])
def test_node_folder(prefix: str, shape: str, tmp_path: Path) -> None:
    node = "aks-pool-vmss000000"
    top = prefix.format(node)
    files = {f"{top}{name}": data for name, data in NODE.items()}
    path = tmp_path / (node if shape == "folder" else f"{node}.tar.gz")
    if shape == "folder":
        write_folder(path, files)
    else:
        path.write_bytes(gz(tar_of(files)))
    bundle = open_bundle(path)
    found = {member.path: (member.found_at, member.read()) for _, member in bundle.members()}
    assert found == {
        f"nodes/{node}/{NODE_PLACES[n]}": (f"{top}{n}", data) for n, data in NODE.items()
    }
    assert bundle.layout == "node-folder"
    assert bundle.finish().nodes == (node,)


def test_several_nodes_in_folders() -> None:
    files = {f"nodes/{n}/etc/default/kubelet": n.encode() for n in ("a", "b")}
    members, inventory = read_all(tar_of(files))
    assert inventory.nodes == ("a", "b")
    assert members["nodes/b/kubelet/flags"] == b"b"


def test_pieces_of_one_file_stay_beside_it() -> None:
    files = {
        "nodes/a/var/run/azure-vnet.json": b"{}",
        "nodes/a/var/run/azure-vnet.json.truncated.txt": b"{",
    }
    for source in (tar_of(files), gz(tar_of(files))):
        members, inventory = read_all(source)
        assert members == {
            "nodes/a/cni/azure-vnet.json": b"{}",
            "nodes/a/files/var/run/azure-vnet.json.truncated.txt": b"{",
        }
        assert inventory.state("nodes/a/cni/azure-vnet.json").presence is Presence.PRESENT


def test_credentials_are_never_read() -> None:
    secret = {
        "etc/kubernetes/azure.json": b"SECRET",
        "etc/kubernetes/certs/client.key": b"SECRET",
        "var/lib/kubelet/pki/kubelet-client-current.pem": b"SECRET",
        "var/lib/waagent/ovf-env.xml": b"SECRET",
        "root/.ssh/id_rsa": b"SECRET",
    }
    members, inventory = read_all(tar_of({**NODE, **secret}))
    assert b"SECRET" not in members.values()
    assert len([gap for gap in inventory.gaps() if "credentials" in gap.detail]) == len(secret)


def test_other_tools_folders_are_no_bundles() -> None:
    for names in (
        ["version.yaml", "cluster-resources/README.md"],
        ["namespaces/README.yaml", "k8s-pods.yaml", "sosreport/readme"],
        ["README.md", "src/main.py", "etc/nothing"],
        ["a/b/c/d/pods.json", "a/b/c/d/events.json"],
    ):
        assert recognise(names, "x") is None


@pytest.mark.parametrize(
    ("found", "item"),
    [
        ("run/azure-vnet.json", "cni/azure-vnet.json"),
        ("var/run/azure-vnet.json.old", "cni/azure-vnet.json"),
        ("var/lib/azure-network/azure-vnet-ipam.json", "cni/azure-vnet-ipam.json"),
        ("collect/iptables.txt", ""),
        ("var/log/azure/cluster-provision.log", "azure/cluster-provision.log"),
        ("var/log/azure/custom.log", "azure/custom.log"),
        ("collect/journalctl_kubelet.txt", "kubelet/journal.log"),
        ("proc/version", "host/uname"),
        ("var/log/unknown", ""),
        ("x/etc/default/kubelet", ""),
    ],
)
def test_node_table(found: str, item: str) -> None:
    assert canonical(found) == item


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not here")
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_recorded_dump(form: str) -> None:
    members, inventory = read_all(SAMPLES / f"11-recorded-api-server-1.36/cluster-info-dump-{form}")
    nodes = yaml.load(members[f"cluster/resources/core/nodes.{form}"], Loader=yaml.CSafeLoader)
    assert nodes["items"]
    assert inventory.state("cluster/resources/core/pods/*.json").presence is Presence.PRESENT
    assert inventory.state("cluster/logs/**").presence is Presence.PRESENT


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not here")
@pytest.mark.parametrize(
    ("case", "paths"),
    [
        ("04-azurecni-1.29-node-files", ["cni/net.d/10-azure.conflist", "cni/azure-vnet.log"]),
        ("05-overlay-1.29-cns-and-conflist", ["cni/net.d/15-azure-swift-overlay.conflist"]),
        ("08-iptables-aks-node", ["network/iptables-save"]),
    ],
)
def test_recorded_node_files(case: str, paths: list[str]) -> None:
    _, inventory = read_all(SAMPLES / case)
    assert inventory.nodes
    for path in paths:
        states = [inventory.state(f"nodes/{node}/{path}").presence for node in inventory.nodes]
        assert Presence.PRESENT in states
    for folder in sorted((SAMPLES / case / "nodes").iterdir()):
        assert read_all(folder)[1].nodes == (folder.name,)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not here")
def test_folders_without_a_bundle() -> None:
    for case in ("01-aks-1.24-kubenet-healthy", "07-trivy-vhd-report"):
        with pytest.raises(BundleError):
            open_bundle(SAMPLES / case)
    with pytest.raises(BundleError, match="name one of the archives"):
        open_bundle(SAMPLES / "12-bundles-format-1")
