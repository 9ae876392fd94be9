"""Nodes of a pool against each other, and against what AKS sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from baseline_builders import obj, sample_archives, sample_objects

from analyzer.baselines.cohorts import cohorts, outliers
from analyzer.baselines.node_config import (
    conflist_of_aks,
    image_rows,
    kubelet_flag_rows,
    managed_chain,
    managed_unit,
    sysctl_rows,
)
from analyzer.baselines.node_settings import (
    iptables_frame,
    json_settings,
    kubelet_flags,
    sysctls,
    toml_settings,
)
from analyzer.facts.identity import NetworkMode
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.facts.objects import Node

IMAGE = "AKSUbuntu-2204gen2containerd-202511.20.0"
FLAGS = """\
# /etc/default/kubelet
KUBELET_FLAGS=--max-pods=250 --node-ip=10.224.0.{number} --read-only-port=0
KUBELET_NODE_LABELS=agentpool=work,x={number}
# /etc/systemd/system/kubelet.service
[Service]
Restart=always
"""
SYSCTL = "fs.nr_open = 1048576\nnet.netfilter.nf_conntrack_count = {number}\nvm.swappiness = 60\n"


def node(number: int, **labels: str) -> Node:
    name = f"aks-work-12345678-vmss{number:06x}"
    own = {
        "kubernetes.azure.com/agentpool": "work",
        "kubernetes.azure.com/node-image-version": IMAGE,
        "node.kubernetes.io/instance-type": "Standard_D4s_v5",
    }
    changed = {key.replace("__", "/"): value for key, value in labels.items()}
    info = {"kubeletVersion": "v1.33.5", "containerRuntimeVersion": "containerd://1.7.29-1"}
    raw = {"kind": "Node", "metadata": {"name": name, "labels": {**own, **changed}}}
    found = obj({**raw, "status": {"nodeInfo": info}})
    assert isinstance(found, Node)
    return found


def files(number: int, **changes: str) -> NodeFiles:
    name = node(number).name
    texts = {"kubelet/flags": FLAGS, "host/sysctl": SYSCTL}
    texts = {item: text.replace("{number}", str(number)) for item, text in texts.items()}
    for key, text in changes.items():
        texts[key.replace("__", "/")] = text
    return NodeFiles(name, {k: TextFile(f"nodes/{name}/{k}", v) for k, v in texts.items()})


def archives(*nodes: NodeFiles) -> NodeArchives:
    return NodeArchives({found.node: found for found in nodes})


def test_nodes_alike_but_for_their_own_address_are_one_variant() -> None:
    nodes = [node(n) for n in range(5)]
    assert outliers(nodes, archives(*(files(n) for n in range(5)))) == ()


def test_a_node_that_differs_is_named_with_what_differs() -> None:
    nodes = [node(n) for n in range(5)]
    odd = files(
        4, host__sysctl=SYSCTL.replace("swappiness = 60", "swappiness = 1").format(number=4)
    )
    (found,) = outliers(nodes, archives(*(files(n) for n in range(4)), odd))
    assert (found.aspect.id, found.nodes) == ("sysctl", (nodes[4].name,))
    assert found.majority == tuple(node.name for node in nodes[:4])
    (row,) = found.rows
    assert (row.path, row.expected, row.actual) == ("vm.swappiness", "60", "1")
    assert [file.path for file in found.files] == [f"nodes/{nodes[4].name}/host/sysctl"]


@pytest.mark.parametrize(
    ("addition", "path"),
    [
        (
            "# /etc/systemd/system/kubelet.service.d/99-own.conf\n[Service]\nEnvironment=A=b\n",
            "A=b",
        ),
        ("", "--x"),
    ],
)
def test_a_drop_in_or_flag_of_one_node(addition: str, path: str) -> None:
    text = (FLAGS if addition else FLAGS.replace("--max-pods", "--x=1 --max-pods")) + addition
    odd = files(4, kubelet__flags=text.format(number=4))
    nodes = [node(n) for n in range(5)]
    (found,) = outliers(nodes, archives(*(files(n) for n in range(4)), odd))
    assert any(path.lstrip("-") in row.path for row in found.rows)
    assert all(row.expected == "absent" for row in found.rows)


def test_no_majority_is_no_outlier() -> None:
    odd = {n: files(n, host__sysctl="vm.swappiness = 1") for n in (0, 1)}
    nodes = [node(n) for n in range(4)]
    assert outliers(nodes, archives(odd[0], odd[1], files(2), files(3))) == ()
    assert outliers(nodes[:2], archives(odd[0], files(1))) == ()


def test_upgrades_surge_nodes_and_patches_explain_differences() -> None:
    other = "AKSUbuntu-2204gen2containerd-202512.06.0"
    nodes = [node(n) for n in range(4)]
    surge = node(4, **{"kubernetes.azure.com__node-image-version": other})
    groups = cohorts([*nodes, surge])
    assert sorted(len(names) for names in groups.values()) == [1, 4]
    odd = files(4, host__sysctl="vm.swappiness = 1")
    assert outliers([*nodes, surge], archives(*(files(n) for n in range(4)), odd)) == ()


def test_a_node_without_the_file_is_not_compared() -> None:
    nodes = [node(n) for n in range(4)]
    empty = NodeFiles(nodes[3].name, {})
    assert outliers(nodes, archives(*(files(n) for n in range(3)), empty)) == ()


@pytest.mark.parametrize("letter", ["s1", "s2", "s3"])
def test_sample_nodes_are_alike_and_as_aks_sets_them(letter: str) -> None:
    nodes = [thing for thing in sample_objects(letter) if isinstance(thing, Node)]
    found = sample_archives(letter)
    minors = {"s1": "1.33", "s2": "1.32", "s3": "1.31"}
    assert len(found.nodes) >= 4
    assert outliers(nodes, found) == ()
    for archive in found:
        assert sysctl_rows(sysctls(archive.files["host/sysctl"].text)) == ()
        flags = kubelet_flags(archive.files["kubelet/flags"].text)
        assert kubelet_flag_rows(flags, minors[letter]) == ()
    for thing in nodes:
        assert image_rows(thing) == ()


@pytest.mark.parametrize(
    ("settings", "byocni", "paths"),
    [
        ({"net.ipv4.ip_forward": "0"}, False, ["net.ipv4.ip_forward"]),
        ({"net.ipv4.ip_forward": "0"}, True, []),
        ({"kernel.panic": "0"}, True, ["kernel.panic"]),
        ({"vm.swappiness": "10", "net.core.somaxconn": "65535"}, False, []),
        ({"net.core.somaxconn": "128"}, False, ["net.core.somaxconn"]),
        ({"fs.nr_open": "1073741816"}, False, []),
        ({"net.netfilter.nf_conntrack_max": "65536"}, False, []),
        ({}, False, []),
    ],
)
def test_kernel_settings(settings: dict[str, str], byocni: bool, paths: list[str]) -> None:
    assert [row.path for row in sysctl_rows(settings, byocni=byocni)] == paths


def test_kubelet_flags_against_aks() -> None:
    flags = {"anonymous-auth": "true", "serialize-image-pulls": "true", "max-pods": "30"}
    rows = kubelet_flag_rows(flags, "1.33")
    assert [row.path for row in rows] == ["--anonymous-auth", "--serialize-image-pulls"]
    assert [row.path for row in kubelet_flag_rows(flags, "1.30")] == ["--anonymous-auth"]
    assert kubelet_flag_rows({}, "1.33") == ()
    hardened = {"enforce-node-allocatable": "pods,kube-reserved,system-reserved"}
    assert kubelet_flag_rows(hardened, "1.36") == ()
    (row,) = kubelet_flag_rows({"enforce-node-allocatable": "none"}, "1.36")
    assert row.expected == "pods"


def runtime(label: str, reported: str) -> Node:
    raw: dict[str, Any] = {"kind": "Node", "metadata": {"name": "n"}}
    raw["metadata"]["labels"] = {"kubernetes.azure.com/node-image-version": label}
    found = obj({**raw, "status": {"nodeInfo": {"containerRuntimeVersion": reported}}})
    assert isinstance(found, Node)
    return found


@pytest.mark.parametrize(
    ("label", "reported", "drifts"),
    [
        (IMAGE, "containerd://1.7.29-1", False),
        (IMAGE, "containerd://1.6.9", True),
        (IMAGE, "docker://20.10.7", True),
        (f"{IMAGE}-2025.12.01", "containerd://1.7.30-1", False),
        ("AKSUbuntu-2204gen2containerd-202702.01.0", "containerd://2.9.0-1", False),
        ("AKSWindows-2022-containerd-20348.5386.260715", "containerd://1.7.20+azure", False),
        ("own-image", "containerd://1.6.9", False),
    ],
)
def test_the_runtime_of_an_image(label: str, reported: str, drifts: bool) -> None:
    assert bool(image_rows(runtime(label, reported))) is drifts


def test_names_of_aks_on_a_node() -> None:
    assert conflist_of_aks("15-azure-swift-overlay.conflist") == (NetworkMode.OVERLAY,)
    assert conflist_of_aks("10-flannel.conflist") is None
    assert managed_chain("KUBE-SVC-ABC")
    assert managed_chain("IP-MASQ-AGENT")
    assert not managed_chain("OWN-FIREWALL")
    assert managed_unit("kubelet.service")
    assert managed_unit("aks-log-collector.timer")
    assert not managed_unit("own-agent.service")


def test_settings_of_files() -> None:
    assert json_settings('{"a": {"b": [1, 2]}, "plugins": [{"type": "x"}]}') == {
        "a.b": "1, 2",
        "plugins[0].type": "x",
    }
    assert json_settings("{") == {}
    assert toml_settings('version = 2\n[a."b"]\n  c = "d"\n# e = f\n') == {
        "[] version": "2",
        '[a."b"] c': '"d"',
    }
    frame = iptables_frame(
        "*filter\n:FORWARD DROP [1:2]\n:KUBE-X - [0:0]\n-A FORWARD -s 10.0.0.0/8 -j DROP\n"
        "-A FORWARD -j KUBE-X\nCOMMIT\n"
    )
    assert frame == {
        "filter FORWARD policy": "DROP",
        "filter FORWARD: -s 10.0.0.0/8 -j DROP": "present",
    }


def many(count: int) -> Iterator[NodeFiles]:
    for number in range(count):
        yield files(number)


def test_a_large_pool_is_compared_by_variant() -> None:
    count = 400
    nodes = [node(number) for number in range(count)]
    odd = files(7, host__sysctl="vm.swappiness = 1")
    found = outliers(nodes, archives(*many(7), odd, *(files(n) for n in range(8, count))))
    assert [(o.aspect.id, o.nodes) for o in found] == [("sysctl", (nodes[7].name,))]
    assert len(found[0].majority) == 399


def test_each_setting_is_judged_on_its_own() -> None:
    """A value that differs on every node hides no difference beside it, and makes none."""
    count = 6
    nodes = [node(number) for number in range(count)]
    own = {n: files(n, host__sysctl=f"own.value = {n}\nvm.swappiness = 60\n") for n in range(count)}
    assert outliers(nodes, archives(*own.values())) == ()
    own[3] = files(3, host__sysctl="own.value = 3\nvm.swappiness = 1\n")
    (found,) = outliers(nodes, archives(*own.values()))
    assert [(row.path, row.expected, row.actual) for row in found.rows] == [
        ("vm.swappiness", "60", "1")
    ]


def test_a_kernel_setting_that_a_node_lacks_is_no_difference() -> None:
    nodes = [node(number) for number in range(4)]
    own = [files(n) for n in range(3)]
    more = files(3, host__sysctl="vm.swappiness = 60\nfs.some.module = 1\n")
    assert outliers(nodes, archives(*own, more)) == ()


def test_lines_of_its_own_on_every_node_are_no_difference() -> None:
    nodes = [node(number) for number in range(5)]
    own = [files(n, host__packages=f"bash 5\nagent-{n * 7} 1\n") for n in range(5)]
    assert outliers(nodes, archives(*own)) == ()
