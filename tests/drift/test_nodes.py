"""One node of a pool changed in one way is one finding; what AKS and updates do is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from analyzer.facts.listings import Nodes
from analyzer.facts.node_frames import framed
from tests.drift.worlds import Raw, World, world

DIFFERS = ("customer", "cluster-unsupported", "O-4-node-differs")
#: Updates and agents bring such differences too: alone they do not end a cluster's support.
WEAK = ("customer", "not-supported", "O-4-changed-author-unknown")
POOL = {"base": "overlay", "kubernetes": "1.33", "pools": {"system": 1, "work": 4}}


def pool() -> World:
    return world(**POOL)


def added(line: str) -> Callable[[str], str]:
    return lambda text: f"{text.rstrip()}\n{line}\n"


def replaced(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return edit


def in_json(key: str, value: Any) -> Callable[[str], str]:
    return lambda text: json.dumps(json.loads(text) | {key: value})


#: The file, the edit, and a part of what the finding says.
CHANGES: dict[str, tuple[str, Callable[[str], str], str]] = {
    "a kernel setting": (
        "host/sysctl", added("net.ipv4.tcp_retries2 = 3"), "net.ipv4.tcp_retries2 is 3"
    ),
    "a kubelet flag": (
        "kubelet/flags", replaced("--max-pods=", "--max-pods=9"), "max-pods is 9"
    ),
    "the kubelet's configuration": ("kubelet/config.json", in_json("maxPods", 7), "maxPods is 7"),
    "a drop-in of the kubelet's unit": (
        "kubelet/flags", added("# /etc/systemd/system/kubelet.service.d/99-own.conf\nNice=5"),
        "Nice=5 is present",
    ),
    "the runtime's configuration": (
        "containerd/config.toml", replaced('"runc"', '"crun"'), 'is "crun" and not "runc"'
    ),
    "limits of a service": (
        "host/limits", replaced("kubelet LimitNOFILE", "kubelet LimitCORE=0 LimitNOFILE"),
        "kubelet LimitCORE=0",
    ),
    "a package": ("host/packages", added("falcon-sensor 7.1"), "falcon-sensor is installed"),
    "another runtime": ("host/packages", added("containerd 2.9.9-own"), "containerd is 2.9.9-own"),
    "a mount": (
        "host/mounts", added("nas.example.com:/x /srv/x nfs4 rw,nosuid 0 0"), "/srv/x is nfs4"
    ),
    "a rule of the packet filter": (
        "network/iptables-save", added("*filter\n-A INPUT -p tcp -m tcp --dport 22 -j DROP"),
        "--dport 22 -j DROP is present",
    ),
    "a policy of the packet filter": (
        "network/iptables-save", replaced(":FORWARD ACCEPT", ":FORWARD DROP"),
        "FORWARD policy is DROP and not ACCEPT",
    ),
    "the CNI's configuration": (
        "cni/net.d/15-azure-swift-overlay.conflist", replaced("azure-vnet", "own-vnet"),
        "is own-vnet and not azure-vnet",
    ),
    "a CNI program": (
        "cni/bin.sha256", added(f"{'a' * 64}  /opt/cni/bin/own"), "own is aaaaaaaaaa"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_one_change_on_a_node_is_one_finding(what: str) -> None:
    item, edit, text = CHANGES[what]
    cluster = pool()
    (said,) = cluster.findings(cluster.with_file(-1, item, edit))
    node = sorted(cluster.analysis.loaded.facts.archives.nodes)[-1]
    verdict = WEAK if item in ("host/packages", "host/mounts") else DIFFERS
    assert said.summary == ("AKS-PEER-001", f"Node/{node}", *verdict)
    assert text in said.candidate.hit.saw
    assert said.candidate.hit.drift
    assert "3 other nodes of the pool work" in said.candidate.hit.expected


HARMLESS: dict[str, tuple[str, Callable[[str], str]]] = {
    "a patched package": ("host/packages", added("openssl 9.9.9")),
    "a new kernel package": ("host/packages", added("linux-image-5.15.0-9999-azure 1")),
    "a driver": ("host/packages", added("nvidia-driver-570 570.1")),
    "a pod's mount": (
        "host/mounts",
        added("tmpfs /var/lib/kubelet/pods/1/volumes/kubernetes.io~secret/t tmpfs rw 0 0"),
    ),
    "a counter": ("host/sysctl", added("net.netfilter.nf_conntrack_count = 1")),
    "a rule of Services": ("network/iptables-save", added("-A KUBE-SVC-X -j KUBE-SEP-X")),
    "a jump of the CNI": ("network/iptables-save", added("*filter\n-A FORWARD -j CILIUM_FORWARD")),
    "the node's own address": (
        "kubelet/flags", lambda text: text.replace("--node-ip=10.", "--node-ip=11."),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(HARMLESS))
def test_what_moves_by_itself_is_no_difference(what: str) -> None:
    item, edit = HARMLESS[what]
    cluster = pool()
    kept: Callable[[str], str] = edit
    if item in ("host/mounts", "network/iptables-save"):

        def kept(text: str) -> str:
            return framed(f"nodes/x/{item}", edit(text).encode()).decode()

    changed = cluster.with_file(-1, item, kept)
    assert [said.candidate.hit.saw for said in cluster.findings(changed)] == []


def one_node(edit: Callable[[Raw], None]) -> tuple[World, dict[type[Any], Any]]:
    cluster = pool()
    name = sorted(cluster.analysis.loaded.facts.archives.nodes)[-1]
    return cluster, cluster.changed(Nodes, name, edit)


def test_a_node_of_another_image_is_compared_with_its_like_alone() -> None:
    def surge(node: Raw) -> None:
        label = "kubernetes.azure.com/node-image-version"
        node["metadata"]["labels"][label] = "AKSUbuntu-2204gen2containerd-209912.01.0"

    cluster, nodes = one_node(surge)
    item, edit, _ = CHANGES["a kubelet flag"]
    files = cluster.with_file(-1, item, edit)
    assert cluster.findings({**nodes, **files}) == []


def test_a_younger_node_is_set_up_by_a_newer_release() -> None:
    def young(node: Raw) -> None:
        node["metadata"]["creationTimestamp"] = "2099-01-01T00:00:00Z"

    cluster, nodes = one_node(young)
    item, edit, _ = CHANGES["a kubelet flag"]
    assert cluster.findings({**nodes, **cluster.with_file(-1, item, edit)}) == []


PACKET_FILTER = b"""# Generated by iptables-save v1.8.7
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [12:720]
:KUBE-SERVICES - [0:0]
[3:180] -A OUTPUT -m comment --comment "-A INPUT in words" -j KUBE-SERVICES
-A KUBE-SERVICES -d 10.0.0.1/32 -j KUBE-SVC-X
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
[1:40] -A INPUT -s 10.1.2.3/32 -j DROP
-A KUBE-FORWARD -j ACCEPT
COMMIT
"""


def test_only_the_frame_of_a_packet_filter_is_kept() -> None:
    kept = framed("nodes/a/network/iptables-save", PACKET_FILTER).decode().splitlines()
    assert kept == [
        "*nat",
        ":OUTPUT ACCEPT [12:720]",
        '[3:180] -A OUTPUT -m comment --comment "-A INPUT in words" -j KUBE-SERVICES',
        "*filter",
        ":INPUT DROP [0:0]",
        ":FORWARD ACCEPT [0:0]",
        "[1:40] -A INPUT -s 10.1.2.3/32 -j DROP",
    ]
    assert framed("nodes/a/network/iptables-save", b"") == b""
    assert framed("nodes/a/host/sysctl", PACKET_FILTER) == PACKET_FILTER


def test_five_thousand_nodes_are_compared_by_variant() -> None:
    """The pool's files are read once for each text that is there, not once for each node."""
    from analyzer.baselines import node_settings
    from analyzer.baselines.cohorts import Cohort, odd_nodes
    from analyzer.facts.node_files import NodeFiles, TextFile

    reads = 0

    def counting(text: str) -> dict[str, str]:
        nonlocal reads
        reads += 1
        return node_settings.packages(text)

    aspect = node_settings.Aspect("packages", "packages", ("host/packages",), counting)
    nodes = []
    for number in range(5000):
        text = "bash 5.1\ncurl 8.0\n" + ("own-agent 1\n" if number == 77 else "")
        file = TextFile(f"nodes/n{number}/host/packages", text)
        nodes.append(NodeFiles(f"n{number}", {"host/packages": file}))
    (found,) = odd_nodes(Cohort("work", "image", "v1.33.5", "size"), aspect, nodes)
    assert (found.nodes, len(found.majority)) == (("n77",), 4999)
    assert [row.path for row in found.rows] == ["own-agent"]
    assert reads == 2
