"""Details of each tool's form: refusals, rotated logs, files of nodes, logs of pods on a node."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.bundle import Inventory, Limits, open_bundle
from analyzer.bundle.layouts import recognise
from analyzer.bundle.rotated import MOST, unpacked_log
from analyzer.facts.logkinds import LogKind, log_kind, place
from analyzer.model.gap import Presence
from tests.importers.conftest import diagnosis_in, tree_of
from tests.importers.forms import (
    CLUSTER_FORMS,
    NODE_FORMS,
    Files,
    Tree,
    folder,
    node_items,
    resources,
    stamp,
    tarred,
    typed,
    zipped,
)


def read(
    source: Path | io.BytesIO, limits: Limits | None = None
) -> tuple[dict[str, bytes], Inventory]:
    """Canonical path and content of all members, and the inventory."""
    bundle = open_bundle(source, limits=limits or Limits())
    found = {member.path: member.read() for _, member in bundle.members()}
    return found, bundle.finish()


def with_extra(form: str, tree: Tree, extra: Files) -> Files:
    """The files of a form, with more of them in its top folder."""
    files = CLUSTER_FORMS[form][0](tree)
    top = next(iter(files)).split("/")[0]
    return files | {f"{top}/{name}": data for name, data in extra.items()}


PDB = "cluster-resources/pod-disruption-budgets"
ERRORS: Files = {
    f"{PDB}-errors.json": json.dumps(
        {
            "billing": 'poddisruptionbudgets.policy is forbidden: User "x" cannot list resource',
            "shop": "the server could not find the requested resource",
            "slow": "context deadline exceeded",
        }
    ).encode(),
    "cluster-resources/volumeattachments-errors.json": b'["connection refused"]',
    "cluster-resources/auth-cani-list-errors.json": b'["not of a listing"]',
    "cluster-resources/pods/logs/billing/p/app-logs-errors.log": b"container is waiting to start",
}


@pytest.fixture(scope="module")
def refused(crashing: Tree) -> tuple[dict[str, bytes], Inventory]:
    """A support bundle with files of errors."""
    kept = {k: v for k, v in crashing.items() if "poddisruption" not in k and "volumeatt" not in k}
    files = with_extra("troubleshoot", kept, ERRORS)
    return read(io.BytesIO(tarred(files)))


@pytest.mark.parametrize(
    ("path", "presence", "said"),
    [
        ("resources/policy/poddisruptionbudgets/billing.json", Presence.FORBIDDEN, "cannot list"),
        ("resources/policy/poddisruptionbudgets/shop.json", Presence.ABSENT, "could not find"),
        ("resources/policy/poddisruptionbudgets/slow.json", Presence.FAILED, "timeout"),
        ("resources/storage.k8s.io/volumeattachments.json", Presence.FAILED, "connection refused"),
        ("logs/billing/p/app.log", Presence.FAILED, "waiting to start"),
    ],
)
def test_an_error_of_troubleshoot_is_no_absence(
    path: str, presence: Presence, said: str, refused: tuple[dict[str, bytes], Inventory]
) -> None:
    members, inventory = refused
    state = inventory.state(f"cluster/{path}")
    assert f"cluster/{path}" not in members
    assert state.presence is presence
    assert said in state.note


def test_rules_do_not_know_what_was_refused(crashing: Tree, tmp_path: Path) -> None:
    """A forbidden list of pods: what needs pods answers unknown, and names the refusal."""
    kept = {k: v for k, v in crashing.items() if "/core/pods/" not in k and "/logs/" not in k}
    error = {"cluster-resources/pods-errors.json": b'["pods is forbidden: cannot list"]'}
    diagnosis = analyze(folder(with_extra("troubleshoot", kept, error), tmp_path / "x"))
    gaps = {str(gap.reason) for check in diagnosis.unknown for gap in check.missing}
    assert "forbidden" in gaps
    assert "AKS-WL-001" in {check.rule for check in diagnosis.unknown}
    assert "AKS-WL-001" not in {check.rule for check in diagnosis.healthy}


def test_what_ran_on_a_named_node_is_the_nodes(crashing: Tree, tmp_path: Path) -> None:
    """Without a node's name it is the machine of whoever collected: not taken for a node."""
    extra: Files = {
        "host-collectors/n1/journald/kubelet.txt": b"kubelet said",
        "host-collectors/n1/journald/sshd.txt": b"other",
        "host-collectors/n1/run-host/dmesg.txt": b"kernel said",
        "host-collectors/n1/run-host/dmesg-info.json": b"{}",
        "host-collectors/n1/system/memory.json": b"{}",
        "host-collectors/run-host/dmesg.txt": b"the jump host",
        "host-collectors/journald/kubelet.txt": b"the jump host",
        "sysctl/n1": b"/proc/sys/net/ipv4/conf/all/rp_filter = 1\n",
    }
    members, _ = read(folder(with_extra("troubleshoot", crashing, extra), tmp_path / "x"))
    assert {k: v for k, v in members.items() if k.startswith("nodes/")} == {
        "nodes/n1/kubelet/journal.log": b"kubelet said",
        "nodes/n1/files/journald/sshd.log": b"other",
        "nodes/n1/host/dmesg": b"kernel said",
        "nodes/n1/host/sysctl": b"net.ipv4.conf.all.rp_filter = 1\n",
    }


def test_replicasets_in_a_folder_of_another_name(crashing: Tree, tmp_path: Path) -> None:
    extra = {"cluster-resources/statefulsets-errors.json/billing.json": b'{"items": []}'}
    kept = {k: v for k, v in crashing.items() if "/replicasets/" not in k}
    members, _ = read(folder(with_extra("troubleshoot", kept, extra), tmp_path / "x"))
    assert members["cluster/resources/apps/replicasets/billing.json"] == b'{"items": []}'


def test_links_to_files_that_are_read_anyway_are_no_gaps(crashing: Tree) -> None:
    import tarfile

    files = CLUSTER_FORMS["troubleshoot"][0](crashing)
    out = io.BytesIO(tarred(files, "w"))
    top = next(iter(files)).split("/")[0]
    with tarfile.open(fileobj=out, mode="a") as archive:
        for name in ("logs/app/c.log", "cluster-resources/nodes.json"):
            link = tarfile.TarInfo(f"{top}/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "../x"
            archive.addfile(link)
    for data in (gzip.compress(out.getvalue()), out.getvalue()):
        _, inventory = read(io.BytesIO(data))
        told = [gap.path for gap in inventory.gaps() if "link" in gap.detail]
        assert told == [f"{top}/cluster-resources/nodes.json"]


LOGS = "namespaces/a/pods/p/c/c/logs"


@pytest.mark.parametrize("shape", ["stream", "folder"])
def test_logs_of_must_gather(shape: str, tmp_path: Path) -> None:
    older = b"2026-01-20T10:00:00Z older\n" * 1000
    files: Files = {
        f"m/i/{LOGS}/current.log": b"now",
        f"m/i/{LOGS}/previous.log": b"",
        f"m/i/{LOGS}/previous.insecure.log": b"before",
        f"m/i/{LOGS}/rotated/0.log.20260120-072641.gz": gzip.compress(older),
        f"m/i/{LOGS}/rotated/0.log.20260120-103132": b"newer piece",
        f"m/i/{LOGS}/rotated/0.log.20260119-000000.gz": gzip.compress(older)[:100],
        "m/i/namespaces/a/pods/p/p.yaml": b"kind: Pod\nmetadata: {name: p, namespace: a}\n",
    }
    source = io.BytesIO(tarred(files)) if shape == "stream" else folder(files, tmp_path / "x")
    members, inventory = read(source)
    logs = {k.removeprefix("cluster/logs/a/p/"): v for k, v in members.items() if "/logs/" in k}
    cut = logs.pop("c.rotated-0.log.20260119-000000.log")
    assert older.startswith(cut)
    assert logs == {
        "c.log": b"now",
        "c.previous.log": b"",
        "c.rotated-insecure.previous.log": b"before",
        "c.rotated-0.log.20260120-072641.log": older,
        "c.rotated-0.log.20260120-103132.log": b"newer piece",
    }
    state = inventory.state("cluster/logs/a/p/c.rotated-0.log.20260119-000000.log")
    assert state.presence is Presence.TRUNCATED
    for name in (*logs, "c.rotated-0.log.20260119-000000.log"):
        assert place(f"cluster/logs/a/p/{name}") == (None, "a", "p", "c")
        assert log_kind(f"cluster/logs/kube-system/coredns-1/{name}") is LogKind.COREDNS


def test_a_container_with_one_folder(tmp_path: Path) -> None:
    files = {"namespaces/a/pods/p/c/logs/current.log": b"x", "namespaces/a/a.yaml": b"kind: N\n"}
    members, _ = read(folder(files, tmp_path / "x"))
    assert members["cluster/logs/a/p/c.log"] == b"x"


def test_a_packed_log_is_read_up_to_a_limit() -> None:
    bomb = gzip.compress(b"\0" * (MOST + 10))
    (piece,) = unpacked_log(bomb)
    assert len(piece.data) == MOST
    assert "only the first" in piece.cut
    (plain,) = unpacked_log(b"not packed")
    assert (plain.data, plain.cut) == (b"not packed", "")
    two = gzip.compress(b"a") + gzip.compress(b"b")
    assert [p.data for p in unpacked_log(two)] == [b"ab"]
    (damaged,) = unpacked_log(b"\x1f\x8b" + b"\xff" * 20)
    assert "damaged" in damaged.missing


def test_packed_logs_count_for_the_whole_bundle(tmp_path: Path) -> None:
    packed = gzip.compress(b"line\n" * 100_000)
    files = {f"{LOGS}/rotated/{n}.log.20260120-103132.gz": packed for n in range(4)}
    where = folder(files | {f"{LOGS}/current.log": b"x"}, tmp_path / "x")
    members, inventory = read(where, Limits(max_total_bytes=1_200_000))
    assert len([k for k in members if "rotated" in k]) < 4
    assert "1200000 bytes" in str(inventory.gaps())


def test_files_that_ciliums_agents_took_of_their_nodes(crashing: Tree, tmp_path: Path) -> None:
    at = stamp(crashing)
    table = (
        "NAMESPACE     NAME           READY   STATUS    RESTARTS     AGE   IP       NODE   GATES\n"
        "cilium        cilium-cbzlp   1/1     Running   1 (3h ago)   56m   <none>   n1     <none>\n"
        "kube-system   cilium-2xqtt   1/1     Running   0            56m   <none>   n2     <none>\n"
    )
    extra: Files = {
        f"k8s-pods-{at}.txt": table.encode(),
        f"cniconf-05-cilium.conflist-cilium-cbzlp-{at}.txt": b"{}",
        f"cniconf-05-cilium.conflist-cilium-zzzzz-{at}.txt": b"of no known node",
        f"cilium-bugtool-cilium-2xqtt-{at}/cmd/dmesg---time-format=iso.md": b"kernel",
        f"cilium-bugtool-cilium-2xqtt-{at}/cmd/cat--etc-resolv.conf.md": b"of the container",
        f"cilium-bugtool-cilium-bcdfg-{at}/cmd/hostname.md": b"n3\n",
        f"cilium-bugtool-cilium-bcdfg-{at}/cmd/iptables-save--c.md": b"*filter\n",
        f"cilium-bugtool-cilium-cbzlp-{at}.tar.gz": b"packed",
        f"logs-cilium-cbzlp-cilium-agent-{at}.log": b"agent",
    }
    files = with_extra("cilium-sysdump", crashing, extra)
    for source in (folder(files, tmp_path / "x"), io.BytesIO(zipped(files))):
        members, inventory = read(source)
        assert {k: v for k, v in members.items() if k.startswith("nodes/")} == {
            "nodes/n1/cni/net.d/05-cilium.conflist": b"{}",
            "nodes/n2/host/dmesg": b"kernel",
            "nodes/n3/network/iptables-save": b"*filter\n",
        }
        assert members["cluster/logs/cilium/cilium-cbzlp/cilium-agent.log"] == b"agent"
        assert "unpack it" in str(inventory.gaps())


def test_a_version_with_what_stands_behind_it(crashing: Tree, tmp_path: Path) -> None:
    at = stamp(crashing)
    text = b'version.Info{Major:"1", GitVersion:"v1.33.5+k3s1", GitCommit:"f25"}'
    files = with_extra("cilium-sysdump", crashing, {f"k8s-version-{at}.txt": text})
    members, _ = read(folder(files, tmp_path / "x"))
    assert json.loads(members["cluster/version.json"]) == {"gitVersion": "v1.33.5+k3s1"}


POD = "var/log/pods/kube-system_coredns-1_9d2c/coredns"
ON_NODE: Files = {
    f"{POD}/2.log": b"2026-01-20T14:00:00Z stdout F now\n",
    f"{POD}/1.log": b"before",
    f"{POD}/0.log": b"first",
    f"{POD}/2.log.20260120-072641.gz": gzip.compress(b"rotated"),
    "var/log/syslog": b"newest",
    "var/log/syslog.1": b"older",
    "var/log/syslog.2.gz": gzip.compress(b"oldest"),
    "var/log/messages-20260118": b"by date",
    "var/log/azure/Microsoft.AKS.Compute/handler.log": b"extension",
    "var/lib/waagent/x/config/0.settings": b"secret",
    "collect/iptables.txt": b"Chain INPUT (policy ACCEPT)\n",
    "proc/mounts": b"/dev/root / ext4",
}
PLACED = {
    "cluster/logs/kube-system/coredns-1/coredns.log": b"2026-01-20T14:00:00Z stdout F now\n",
    "cluster/logs/kube-system/coredns-1/coredns.previous.log": b"before",
    "cluster/logs/kube-system/coredns-1/coredns.rotated-0.previous.log": b"first",
    "cluster/logs/kube-system/coredns-1/coredns.rotated-20260120-072641.log": b"rotated",
    "nodes/NODE/host/syslog": b"newest",
    "nodes/NODE/files/var/log/syslog.1": b"older",
    "nodes/NODE/files/var/log/syslog.2": b"oldest",
    "nodes/NODE/files/var/log/messages.20260118": b"by date",
    "nodes/NODE/files/var/log/azure/Microsoft.AKS.Compute/handler.log": b"extension",
    "nodes/NODE/files/collect/iptables.txt": b"Chain INPUT (policy ACCEPT)\n",
    "nodes/NODE/host/mounts": b"/dev/root / ext4",
}


@pytest.mark.parametrize("form", ["aks-node-logs", "sos"])
def test_logs_on_a_node(form: str, tmp_path: Path) -> None:
    """The tree that the collector of AKS writes; a sos report copies the same files."""
    top = {"aks-node-logs": "", "sos": "sosreport-n1-2026-01-20-abcdefg/"}[form]
    marks: Files = {
        "aks-node-logs": {"etc/HOSTNAME": b"n1\n", "collect/file_listings.txt": b""},
        "sos": {"sos_commands/host/hostname": b"n1\n"},
    }[form]
    files = {f"{top}{name}": data for name, data in (marks | ON_NODE).items()}
    members, inventory = read(folder(files, tmp_path / "logs"))
    wanted = {path.replace("NODE", "n1"): data for path, data in PLACED.items()}
    assert {path: members.get(path) for path in wanted} == wanted
    assert not any(b"secret" in data for data in members.values())
    assert inventory.nodes == ("n1",)


def test_rotated_logs_in_the_zip_of_a_node_of_ours(crashing: Tree) -> None:
    node = sorted({name for name, _, _ in node_items(crashing)})[0]
    where = f"nodes/{node}/azure/aks-log-collector"
    inner = {"var/log/syslog.2.gz": gzip.compress(b"oldest"), "var/log/syslog": b"newest"}
    members, _ = read(io.BytesIO(tarred(dict(crashing) | {f"{where}.zip": zipped(inner)})))
    assert members[f"{where}/var/log/syslog.2"] == b"oldest"
    assert members[f"{where}/var/log/syslog"] == b"newest"


def test_sos_of_a_machine_in_azure(tmp_path: Path) -> None:
    files = {
        "sos_commands/host/hostname": b"n1\n",
        "sos_commands/azure/instance_metadata.json": b'{"location": "westeurope"}',
        "sos_commands/kubernetes/cluster-info/kubectl_get_-o_json_nodes": b'{"items": []}',
        "sos_commands/kubernetes/cluster-info/a/kubectl_get_-o_json_--namespace_a_pvc": b"{}",
        "sos_commands/kubernetes/cluster-info/a/kubectl_get_-o_json_--namespace_a_secrets": b"no",
        "sos_commands/networking/ss_-peaonmi": b"sockets",
        "version.txt": b"sos",
    }
    members, _ = read(folder(files, tmp_path / "n1"))
    assert members == {
        "nodes/n1/files/sos_commands/host/hostname": b"n1\n",
        "nodes/n1/azure/instance.json": b'{"compute": {"location": "westeurope"}}\n',
        "nodes/n1/network/sockets": b"sockets",
        "cluster/resources/core/nodes.json": b'{"items": []}',
        "cluster/resources/core/persistentvolumeclaims/a.json": b"{}",
    }


def test_the_archive_of_a_windows_node_names_it(tmp_path: Path) -> None:
    path = tmp_path / "AKSNPWIN000002-20260120-030500_logs.zip"
    path.write_bytes(zipped({"kubelet.err.log": b"x", "azure-vnet.log": b"y"}))
    assert open_bundle(path).parts()[0].name == "nodes/aksnpwin000002"


def test_the_make_of_a_form_is_not_taken_for_ours() -> None:
    """A sos report with a folder of listings beside it, and OpenShift's bundle of an install."""
    names = [f"log-bundle/resources/{kind}.json" for kind in ("nodes", "pods", "services")]
    assert recognise(names, "x") is None
    inner = recognise([name.removeprefix("log-bundle/") for name in names], "x")
    assert inner is not None
    assert inner.layout == "kubectl-output"
    mapping = recognise([*names, "sos_commands/host/hostname"], "x")
    assert mapping is not None
    assert mapping.layout == "sos"


def test_a_folder_of_lists(crashing: Tree, tmp_path: Path) -> None:
    """Saved one by one: read together, and each says nothing of what it does not show."""
    merged: dict[str, list[object]] = {}
    for group, kind, _, listing in resources(crashing):
        if (group, kind) in (("core", "nodes"), ("core", "pods"), ("core", "events")):
            merged.setdefault(kind, []).extend(typed(listing)["items"])
    files = {
        f"{kind}.json": json.dumps({"items": items}).encode() for kind, items in merged.items()
    }
    files["secrets.json"] = b"{}"
    source = folder(files, tmp_path / "lists")
    members, inventory = read(source)
    assert sorted(members) == [
        f"cluster/resources/core/{kind}.json" for kind in ("events", "nodes", "pods")
    ]
    assert "holds Secrets" in str(inventory.gaps())
    diagnosis = analyze(source)
    assert diagnosis.cluster.aks == "yes"
    assert "AKS-WL-001" in {finding.rule for finding in diagnosis.findings}
    assert {finding.owner.value for finding in diagnosis.findings} <= {"customer", "undetermined"}


def test_an_error_in_place_of_the_resolver_is_no_resolver(tmp_path: Path) -> None:
    """aks-periscope writes why it could not read a file into that file."""
    files = {
        "dns/virtualmachine": b"open /etchostlogs/resolv.conf: no such file or directory",
        "kubeletcmd/kubeletcmd": b"/usr/local/bin/kubelet --max-pods=250\n",
    }
    members, inventory = read(folder(files, tmp_path / "n1"))
    assert list(members) == ["nodes/n1/kubelet/flags"]
    state = inventory.state("nodes/n1/network/resolv.conf")
    assert state.presence is Presence.FAILED
    assert "no such file" in state.note


def sonobuoy_of(queries: list[tuple[str, str]], failed: str = "") -> Files:
    """A run with these queries (resource, namespace), and one pod."""
    rows = [
        {"queryobj": resource, "time": "1ms"}
        | ({"namespace": namespace} if namespace else {})
        | ({"error": {}} if resource == failed else {})
        for resource, namespace in queries
    ]
    pod = b'[{"kind": "Pod", "metadata": {"name": "p", "namespace": "kube-system"}}]'
    return {
        "meta/query-time.json": json.dumps(rows).encode(),
        "resources/ns/kube-system/core_v1_pods.json": pod,
    }


BUILT_IN = ("default", "kube-node-lease", "kube-public", "kube-system")


def test_sonobuoy_asked_and_there_are_none(tmp_path: Path) -> None:
    """A list without objects is not written; the log of its queries tells that it was asked for."""
    asked = [("pods", ns) for ns in BUILT_IN] + [("limitranges", ns) for ns in BUILT_IN]
    asked += [("persistentvolumes", ""), ("csidrivers", ""), ("resourcequotas", "kube-system")]
    source = folder(sonobuoy_of([*asked, ("Nodes", "")], failed="csidrivers"), tmp_path / "x")
    members, inventory = read(source)
    states = {
        path: inventory.state(f"cluster/resources/{path}").presence
        for path in (
            "core/limitranges/kube-system.json",
            "core/persistentvolumes.json",
            "core/pods/kube-system.json",
            "core/pods/default.json",
            "core/resourcequotas/kube-system.json",
            "storage.k8s.io/csidrivers.json",
            "apps/daemonsets/kube-system.json",
        )
    }
    assert states == {
        "core/limitranges/kube-system.json": Presence.EMPTY,
        "core/persistentvolumes.json": Presence.EMPTY,
        "core/pods/kube-system.json": Presence.PRESENT,
        "core/pods/default.json": Presence.EMPTY,
        "core/resourcequotas/kube-system.json": Presence.NOT_ASKED,  # of one namespace alone
        "storage.k8s.io/csidrivers.json": Presence.FAILED,
        "apps/daemonsets/kube-system.json": Presence.NOT_ASKED,
    }
    assert list(members) == ["cluster/resources/core/pods/kube-system.json"]


def test_a_limit_range_counts_though_there_are_no_quotas() -> None:
    """Microsoft is not blamed for what the customer's limits did."""
    tree = tree_of("adversarial-limit-range")
    diagnosis = diagnosis_in("sonobuoy", "adversarial-limit-range")
    assert any(path.endswith("limitranges/kube-system.json") for path in tree)
    assert {f.owner.value for f in diagnosis.findings} == {"customer"}
    assert "AKS-ADM-005" in {f.rule for f in diagnosis.findings}


@pytest.mark.parametrize("form", sorted(NODE_FORMS))
def test_node_forms_give_no_verdict_on_what_they_lack(form: str, crashing: Tree) -> None:
    node = sorted({name for name, _, _ in node_items(crashing)})[0]
    make, pack, _ = NODE_FORMS[form]
    diagnosis = analyze(io.BytesIO(pack(make(crashing, node))))
    assert not diagnosis.crashed
    assert not [f for f in diagnosis.findings if f.owner.value == "microsoft"]
