"""Gates: yes, no, unknown, fixed here, and versions whose fix may have been taken back."""

from __future__ import annotations

import pytest

from analyzer.bugs import GateFacts, NodeGate, load_bugs
from analyzer.bugs.gates import ask, fixed_by_version
from analyzer.bugs.schema import Gate

NODE = NodeGate(
    name="n1",
    kernel="5.15.0-1094-azure",
    os="linux",
    os_image="Ubuntu 22.04.5 LTS",
    node_image="AKSUbuntu-2204gen2containerd-202509.11.0",
    containerd="1.7.28-1",
    runc="1.2.6",
    kubelet="v1.32.4",
    vm_size="Standard_D4s_v6",
    cgroup_version="2",
    fips="false",
    kubelet_flags="--max-pods=110 cpu-manager-policy=static",
    labels=("agentpool=np1",),
    images=("docker.io/falcosecurity/falco:0.40.0",),
)
FACTS = GateFacts(
    server_version="1.32.4",
    network_plugin="azure",
    network_dataplane="cilium",
    ip_families="ipv4,ipv6",
    nap="false",
    packages={"coredns": ("v1.11.3-6",), "cilium": ("1.14.9", "1.14.18-250107")},
    nodes={"n1": NODE},
)


def gate(fact: str, op: str, value: str, basis: str = "stated") -> Gate:
    return Gate.model_validate({"fact": fact, "op": op, "value": value, "basis": basis})


@pytest.mark.parametrize(
    ("fact", "op", "value", "holds"),
    [
        ("kernel", "range", ">=5.15.0-1093,<5.15.0-1096", True),
        ("kernel", "lt", "4.15.0-1057", False),
        ("kernel", "regex", r"^5\.15\.", True),
        ("kernel", "eq", "5.4.0-1095-azure", False),
        ("os", "eq", "windows", False),
        ("os_image", "contains", "Ubuntu 22.04", True),
        ("os_image", "regex", "Ubuntu|Azure Linux 3", True),
        ("node_image", "lt", "202510.03.0", True),
        ("node_image", "range", ">=202508.06.0,<202508.20.0", False),
        ("node_image", "contains", "2004fips", False),
        ("containerd", "lt", "1.7.29", True),
        ("runc", "lt", "1.1.12", False),
        ("kubelet", "ge", "1.28.0", True),
        ("vm_size", "regex", "_v[67]$", True),
        ("cgroup_version", "eq", "2", True),
        ("fips", "eq", "true", False),
        ("kubelet_flag", "contains", "cpu-manager-policy=static", True),
        ("pod_image_on_node", "contains", "falco", True),
        ("server_version", "range", ">=1.32.0,<1.32.5", True),
        ("network_plugin", "eq", "azure", True),
        ("ip_families", "contains", "ipv6", True),
        ("coredns", "eq", "1.12.0", False),
        ("cilium", "lt", "1.14.10", True),
        ("nap", "eq", "true", False),
        ("acns", "eq", "true", None),
        ("network_policy", "eq", "azure", None),
        ("kube_proxy", "ge", "1.31.0", None),
        ("unheard-of", "eq", "1", None),
    ],
)
def test_answers(fact: str, op: str, value: str, holds: bool | None) -> None:
    answer = ask(gate(fact, op, value), FACTS, NODE)
    assert answer.holds is holds
    assert answer.why
    assert answer.stated or holds is None


@pytest.mark.parametrize(
    ("version", "holds", "fixed"),
    [
        ("1.7.28", True, False),
        ("1.7.31", False, True),
        ("2.0.5", True, False),
        ("2.0.9-1", False, True),
        ("2.2.4-4.azl3", False, True),
        ("2.0.0-6.azl3", None, False),
        ("1.6.0-2.cm2", None, False),
        (None, None, False),
    ],
)
def test_containerd_lines_of_releases(version: str | None, holds: bool | None, fixed: bool) -> None:
    """A release above the bound of its line is fixed; Azure Linux in the range is in doubt."""
    ranges = "<1.7.31 || >=2.0.0,<2.0.8 || >=2.1.0,<2.1.7 || >=2.2.0,<2.2.2"
    node = NodeGate(name="n", containerd=version)
    answer = ask(gate("containerd", "range", ranges), GateFacts(), node)
    assert (answer.holds, answer.fixed) == (holds, fixed)


def test_a_version_below_all_lines_is_not_called_fixed() -> None:
    node = NodeGate(name="n", runc="1.0.0")
    answer = ask(gate("runc", "range", ">=1.3.0,<1.3.6 || >=1.4.0,<1.4.2"), GateFacts(), node)
    assert (answer.holds, answer.fixed) == (False, False)


def test_without_a_node_one_affected_node_is_enough() -> None:
    facts = GateFacts(
        nodes={"a": NodeGate(name="a", runc="1.4.2"), "b": NodeGate(name="b", runc="1.4.0")}
    )
    assert ask(gate("runc", "range", ">=1.4.0,<1.4.1"), facts, None).holds is True
    fixed = GateFacts(nodes={"a": NodeGate(name="a", runc="1.4.2")})
    assert ask(gate("runc", "range", ">=1.4.0,<1.4.1"), fixed, None).fixed


@pytest.mark.parametrize(
    ("bug", "packages", "image", "holds"),
    [
        ("npm-iptables-legacy-detection", {"azure-npm": ("v1.5.39",)}, None, False),
        ("npm-iptables-legacy-detection", {"azure-npm": ("v1.5.30",)}, None, "silent"),
        ("npm-iptables-legacy-detection", {"azure-npm": ("v1.5.30", "v1.5.39")}, None, "silent"),
        ("npm-iptables-legacy-detection", {}, None, "silent"),
        ("containerd-pause-image-gc", {}, "AKSUbuntu-2204gen2containerd-202509.11.0", None),
        ("containerd-pause-image-gc", {}, "AKSUbuntu-2204gen2containerd-202505.01.0", "silent"),
    ],
)
def test_versions_of_affected_packages(
    bug: str, packages: dict[str, tuple[str, ...]], image: str | None, holds: object
) -> None:
    """A stated fix vetoes, an inferred one leaves a doubt."""
    node = NodeGate(name="n", node_image=image)
    answer = fixed_by_version(load_bugs().get(bug), GateFacts(packages=packages), node)
    assert (answer.holds if answer else "silent") == holds
