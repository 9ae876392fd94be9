"""The node script: on this machine, on a made-up host, with tools that hang, fail or babble."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.needs import require

from .canaries import MARK
from .conftest import COLLECTORS, node_env, rows, stub
from .host import make_host

Members = dict[str, bytes]
ONLY_PROBES = "host/*,kubelet/*,containerd/*,network/*,cni/*,azure/*"

EXPECTED = {
    "host/os-release",
    "host/uname",
    "host/uptime",
    "host/clock",
    "host/cpuinfo",
    "host/meminfo",
    "host/loadavg",
    "host/pressure",
    "host/mounts",
    "host/df",
    "host/df-inodes",
    "host/ps",
    "host/failed-units",
    "host/sysctl",
    "host/modules",
    "host/dmesg",
    "host/packages",
    "host/reboot-required",
    "host/limits",
    "host/cgroup",
    "kubelet/flags",
    "kubelet/config.json",
    "kubelet/journal.log",
    "kubelet/healthz.txt",
    "kubelet/cert-dates",
    "kubelet/static-pods",
    "containerd/config.toml",
    "containerd/version.txt",
    "containerd/journal.log",
    "containerd/crictl-info.json",
    "containerd/crictl-ps.json",
    "containerd/crictl-pods.json",
    "containerd/crictl-images.json",
    "containerd/crictl-stats.json",
    "network/addr.json",
    "network/route.json",
    "network/rule.json",
    "network/link-stats.json",
    "network/sockets",
    "network/nstat",
    "network/iptables-save",
    "network/ip6tables-save",
    "network/nft-ruleset",
    "network/ipset",
    "network/ipvs",
    "network/conntrack-stats",
    "network/resolv.conf",
    "network/hosts",
    "network/ethtool",
    "azure/instance.json",
    "azure/extensions",
    "azure/waagent.log",
    "azure/aks-log-collector.zip",
    "probes/dns.json",
    "probes/api.json",
    "probes/egress.json",
    "cni/bin.sha256",
}


def run_node(shell: tuple[str, ...], out: Path, **env: str) -> Members:
    """Runs the script and reads its archive."""
    result = subprocess.run(
        [*shell, str(COLLECTORS / "node/collect-node.sh"), "--out", str(out)],
        env=node_env(**env),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert {p.name for p in out.iterdir()} == {
        "node.tar.gz",
        "node.tar.gz.sha256",
        "done",
        "collector.log",
    }
    assert (out / "collector.log").read_text(encoding="utf-8") == ""
    with tarfile.open(out / "node.tar.gz") as archive:
        return {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]


def test_this_machine_as_a_node(shell: tuple[str, ...], tmp_path: Path) -> None:
    """Every item has a row with a known word or a file; nothing is left behind."""
    found = run_node(shell, tmp_path / "out")
    collection = rows(found["collection.tsv"].decode())
    assert EXPECTED - set(collection) == set()
    for row in collection.values():
        assert row["note"] == "" or row["note"].split(":")[0] in {
            "missing-tool",
            "absent",
            "failed",
            "forbidden",
            "not-asked",
        }, row
        if row["note"] == "":
            assert int(row["bytes"]) == len(found[row["path"]]), row
    for name, data in found.items():
        if name.endswith(".json"):
            json.loads(data)
    assert found["host/uname"].decode().startswith("Linux ")
    assert all(
        name.split("/")[0]
        in {
            "collection.tsv",
            "masked.tsv",
            "host",
            "kubelet",
            "containerd",
            "cni",
            "network",
            "azure",
            "probes",
        }
        for name in found
    )


def test_made_up_host(shell: tuple[str, ...], tmp_path: Path) -> None:
    """Files are taken from the root that is given, and where they belong; no secret is in any."""
    root = make_host(tmp_path / "root")
    found = run_node(shell, tmp_path / "out", HOST_ROOT=str(root))
    assert found["host/os-release"].decode().startswith('NAME="Ubuntu"')
    assert found["cni/net.d/10-azure.conflist"].startswith(b'{"name": "azure"')
    assert b"/opt/cni/bin/azure-vnet" in found["cni/bin.sha256"]
    assert (
        found["cni/azure-vnet.json"]
        and found["cni/azure-endpoints.json"]
        and found["cni/azure-vnet.log"]
    )
    assert found["cni/host-local"] == b"azure/10.244.0.5 abcdef\n"
    assert found["azure/cluster-provision.log"].startswith(b"2026 provision")
    assert found["azure/aks/provision.json"] == b'{"ExitCode": "0"}\n'
    assert (
        found["azure/extensions"].decode().splitlines()[1]
        == "vmssCSE\tMicrosoft.Azure.Extensions.CustomScript-2.1.10\tsuccess"
    )
    assert found["kubelet/config.json"].startswith(b'{"kind": "KubeletConfiguration"')
    assert (
        b"# /etc/default/kubelet\n" in found["kubelet/flags"]
        and b"10-httpproxy.conf" in found["kubelet/flags"]
    )
    assert (
        found["host/limits"] == b"kubelet LimitNOFILE=1048576 LimitNPROC=200 LimitCORE=unlimited\n"
    )
    assert found["host/pressure"].startswith(b"cpu some avg10=0.06")
    assert found["host/reboot-required"] == b"no\n"
    with zipfile.ZipFile(BytesIO(found["azure/aks-log-collector.zip"])) as archive:
        assert archive.namelist() == ["collect/crictl_version.txt"]
    assert json.loads(found["probes/api.json"])[0]["result"] == "refused"
    leaking = [name for name, data in found.items() if MARK.encode() in data]
    assert leaking == []
    assert not any(
        "kubeconfig" in name or name.endswith((".key", ".pem", ".settings", "azure.json", ".xml"))
        for name in found
    )
    collection = rows(found["collection.tsv"].decode())
    order = list(collection)  # of worth: what is cheap and telling first, the largest last
    assert order[0] == "host/os-release" and order[-1] == "azure/aks-log-collector.zip"
    assert (
        order.index("kubelet/flags")
        < order.index("host/packages")
        < order.index("cni/azure-vnet.log")
    )
    assert collection["cni/net.d/calico-kubeconfig"]["note"].startswith("not-asked")
    assert collection["kubelet/flags"]["masked"] == "1"
    assert b"private-key\t" in found["masked.tsv"]


def test_tools_that_hang_fail_and_babble(shell: tuple[str, ...], tmp_path: Path) -> None:
    """One bad tool costs its own item and its time limit, nothing else."""
    tools = tmp_path / "bin"
    stub(tools, "df", "sleep 600")
    stub(tools, "iptables-save", "trap '' TERM; echo '*filter'; sleep 600")
    lock = r"xtables\nlock\tC:\new\c 100%s"  # nothing in a message is an escape
    stub(tools, "ip6tables-save", f"echo partial; printf '%s\\n' '{lock}' >&2; exit 4")
    stub(tools, "nft", "exec yes '10 GB of rubbish'")
    stub(tools, "crictl", "head -c 30000 /dev/urandom; exit 3")
    stub(tools, "journalctl", "sleep 600")
    stub(tools, "ps", "kill -9 $$")
    stub(tools, "dmesg", "head -c 40000000 /dev/zero; echo end")
    start = time.monotonic()
    found = run_node(
        shell,
        tmp_path / "out",
        HOST_ROOT=str(make_host(tmp_path / "root")),
        PATH=f"{tools}:{os.environ['PATH']}",
        ITEM_MAX_S="1",
    )
    assert time.monotonic() - start < 150
    collection = rows(found["collection.tsv"].decode())
    words = {item: collection[item]["note"].split(":")[0] for item in collection}
    assert (
        words["host/df"]
        == words["network/iptables-save"]
        == words["kubelet/journal.log"]
        == "timeout"
    )
    assert found["network/iptables-save"] == b"*filter\n"
    no_lock = collection["network/ip6tables-save"]
    assert (no_lock["note"], no_lock["exit"]) == (f"failed: {lock}", "4")
    assert (
        words["containerd/crictl-info.json"] == "failed"
        and "containerd/crictl-info.json" not in found
    )
    assert (
        collection["network/nft-ruleset"]["truncated"] == "1"
        and len(found["network/nft-ruleset"]) < 9_000_000
    )
    assert words["network/addr.json"] in ("", "missing-tool") and words["azure/waagent.log"] == ""
    assert (
        subprocess.run(["pgrep", "-f", str(tools)], capture_output=True, check=False).stdout == b""
    )


def test_deadline_and_size_limit(shell: tuple[str, ...], tmp_path: Path) -> None:
    """What did not fit is named, what came first is there."""
    root = make_host(tmp_path / "root")
    (root / "var/log/waagent.log").write_text("x" * 99 + "\n", encoding="utf-8")
    for i in range(30):
        (root / f"var/log/azure/big{i}.log").write_text(("y" * 99 + "\n") * 9000, encoding="utf-8")
    (root / "var/lib/waagent/logcollector/logs.zip").write_bytes(b"PK" + bytes(5_000_000))
    found = run_node(shell, tmp_path / "out", HOST_ROOT=str(root), MAX_NODE_MB="4")
    notes = {item: row["note"] for item, row in rows(found["collection.tsv"].decode()).items()}
    assert notes["azure/aks-log-collector.zip"].startswith("no-space")
    assert notes["host/os-release"] == ""
    assert sum(len(data) for data in found.values()) < 6_000_000
    late = run_node(shell, tmp_path / "late", HOST_ROOT=str(root), NODE_DEADLINE_S="0")
    assert {
        row["note"].split(":")[0] for row in rows(late["collection.tsv"].decode()).values()
    } <= {"deadline", "absent", "not-asked", ""}


def test_memory_stays_small(tmp_path: Path) -> None:
    """No process of the node script needs more than 64 MiB, also with logs of 200 MB."""
    root = make_host(tmp_path / "root")
    with (root / "var/log/waagent.log").open("w", encoding="utf-8") as log:
        for i in range(2_000):
            line = f"line {i} of a log that is much longer than what is kept of it, password=x{i}\n"
            log.write(line * 1_000)
    stub(
        tmp_path / "bin",
        "iptables-save",
        "yes '-A KUBE-SVC -m comment --comment x -j ACCEPT' | head -c 200000000",
    )
    # a small process of its own, since the peak is that of all children so far
    measure = (
        "import resource, subprocess, sys; "
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    env = node_env(
        HOST_ROOT=str(root), PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}", ITEM_MAX_S="30"
    )
    script = [
        sys.executable,
        "-c",
        measure,
        "dash",
        str(COLLECTORS / "node/collect-node.sh"),
        "--out",
        str(tmp_path / "out"),
    ]
    result = subprocess.run(script, env=env, capture_output=True, text=True, check=True)
    assert int(result.stdout) < 64 * 1024


def test_egress_probes(shell: tuple[str, ...], tmp_path: Path) -> None:
    """Nothing listens on loopback, and the result says so; without dig getent is asked."""
    require("curl")
    root = make_host(tmp_path / "root")
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="utf-8")
    found = run_node(
        shell,
        tmp_path / "out",
        HOST_ROOT=str(root),
        SKIP=ONLY_PROBES,
        EGRESS_TARGETS="localhost:1 127.0.0.1:1",
        ITEM_MAX_S="20",
    )
    egress = json.loads(found["probes/egress.json"])
    assert [(p["name"], p["port"], p["protocol"], p["result"]) for p in egress] == [
        ("localhost", 1, "https", "refused"),
        ("127.0.0.1", 1, "https", "refused"),
    ]
    assert all({"address", "ms", "at", "detail"} <= set(p) for p in egress)


DIG = """
case "$*" in
  *@10.0.0.10*) echo ';; communications error: timed out'; exit 9 ;;
  *localhost*) echo ';; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1' ;;
  *) echo ';; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1'
     echo 'x. 60 IN CNAME y.'; echo 'y. 60 IN A 192.0.2.7' ;;
esac
"""


def test_name_probes(shell: tuple[str, ...], tmp_path: Path) -> None:
    """Each server of the node is asked, and the cluster's own; the result has one of the words."""
    root = make_host(tmp_path / "root")
    resolv = root / "run/systemd/resolve/resolv.conf"
    resolv.parent.mkdir(parents=True)
    resolv.write_text("nameserver 192.0.2.1\n", encoding="utf-8")
    stub(tmp_path / "bin", "dig", DIG)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    found = run_node(
        shell,
        tmp_path / "out",
        HOST_ROOT=str(root),
        SKIP=ONLY_PROBES.replace("network/*,", ""),
        CLUSTER_DNS="10.0.0.10",
        PATH=path,
    )
    probes = [
        (p["name"], p["server"], p["result"], p["address"])
        for p in json.loads(found["probes/dns.json"])
    ]
    assert probes == [
        ("127.0.0.1", "192.0.2.1", "ok", "192.0.2.7"),
        ("localhost", "192.0.2.1", "nxdomain", ""),
        ("kubernetes.default.svc.cluster.local.", "10.0.0.10", "timeout", ""),
    ]
    assert found["network/resolv.conf"] == b"nameserver 192.0.2.1\n"
    assert b"168.63.129.16" in found["network/resolved.conf"]


@pytest.mark.parametrize("option", [["--nope"], ["--out"]])
def test_wrong_usage(shell: tuple[str, ...], option: list[str]) -> None:
    """Exit code 2."""
    assert (
        subprocess.run(
            [*shell, str(COLLECTORS / "node/collect-node.sh"), *option],
            capture_output=True,
            check=False,
        ).returncode
        == 2
    )
