"""Single files: output of kubectl and of az, and the dump as one text."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from analyzer import analyze
from analyzer.bundle import Bundle, BundleError, Inventory, open_bundle
from analyzer.bundle.layouts.single import recognise_file
from analyzer.bundle.openers import OPENERS
from tests.importers.conftest import diagnosis_in
from tests.importers.forms import Tree, cluster_info_text


def opened(data: bytes, tmp_path: Path, name: str = "file.json") -> Bundle:
    """The bundle of one file."""
    path = tmp_path / name
    path.write_bytes(data)
    return open_bundle(path)


def contents(bundle: Bundle) -> tuple[dict[str, bytes], Inventory]:
    """Canonical path and content of all members, and the inventory."""
    found = {member.path: member.read() for _, member in bundle.members()}
    return found, bundle.finish()


def test_dump_as_one_text(crashing: Tree, tmp_path: Path) -> None:
    path = tmp_path / "dump.txt"
    path.write_bytes(cluster_info_text(crashing))
    one, many = analyze(path), diagnosis_in("cluster-info-dump", "pod-crash-looping")
    assert one.bundle.layout == "cluster-info-dump"
    assert [(f.rule, f.saw, f.owner) for f in one.findings] == [
        (f.rule, f.saw, f.owner) for f in many.findings
    ]
    evidence = one.findings[0].evidence[0]
    assert evidence.path == "dump.txt/billing/pods.json"
    assert evidence.excerpt.strip()
    assert one.cluster.nodes == many.cluster.nodes


def test_parts_of_the_text() -> None:
    """What kubectl did not get is no log; a log may hold anything, braces too."""
    text = (
        b'{\n    "kind": "NodeList",\n    "items": []\n}\n'
        b'{\n    "kind": "EventList",\n    "items": []\n}\n'
        b'{\n    "kind": "PodList",\n    "items": [\n        {"namespace": "shop"}\n    ]\n}\n'
        b"==== START logs for container a of pod shop/p ====\n"
        b'{\n    "kind": "SecretList"\n}\n{"kind": "PodList"}\n'
        b"==== END logs for container a of pod shop/p ====\n"
        b"==== START logs for container b of pod shop/p ====\n"
        b"Request log error: the server could not find the requested resource\n"
        b"==== END logs for container b of pod shop/p ====\n"
        b"==== START logs for container ../x of pod shop/p ====\ncut"
    )
    pieces = {piece.rel: piece for piece in OPENERS["dump"](text)}
    assert sorted(pieces) == [
        "logs/shop/p/..%2Fx.log",
        "logs/shop/p/a.log",
        "logs/shop/p/b.log",
        "resources/core/events/shop.json",
        "resources/core/nodes.json",
        "resources/core/pods/shop.json",
    ]
    log = b'{\n    "kind": "SecretList"\n}\n{"kind": "PodList"}\n'
    assert pieces["logs/shop/p/a.log"].data == log
    assert pieces["logs/shop/p/..%2Fx.log"].data == b"cut"
    assert "could not find" in pieces["logs/shop/p/b.log"].missing


def test_dump_in_yaml() -> None:
    text = (
        b"apiVersion: v1\nitems:\n- metadata:\n    name: n\nkind: NodeList\n---\n"
        b"apiVersion: v1\nitems: []\nkind: EventList\n---\n"
        b"apiVersion: v1\nitems:\n- metadata:\n    namespace: shop\nkind: PodList\n"
        b"==== START logs for container a of pod shop/p ====\nline\n"
        b"==== END logs for container a of pod shop/p ====\n"
    )
    pieces = {piece.rel: piece.data for piece in OPENERS["dump"](text)}
    assert sorted(pieces) == [
        "logs/shop/p/a.log",
        "resources/core/events/shop.yaml",
        "resources/core/nodes.yaml",
        "resources/core/pods/shop.yaml",
    ]
    assert pieces["resources/core/pods/shop.yaml"].startswith(b"apiVersion: v1\nitems:\n- meta")


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([{"type": "Microsoft.Network/networkSecurityGroups"}], "nsg"),
        ([{"type": "Microsoft.ContainerService/managedClusters/agentPools"}], "agent-pools"),
        ([{"type": "Microsoft.Compute/virtualMachineScaleSets"}], "vmss"),
        ({"type": "Microsoft.ContainerService/ManagedClusters"}, "managed-cluster"),
        ({"nodeResourceGroup": "MC_a_b_c", "networkProfile": {}}, "managed-cluster"),
        ([{"eventTimestamp": "2026-01-01", "operationName": {}}], "activity-log"),
        ([{"type": "Microsoft.Network/virtualNetworks"}], "vnets"),
    ],
)
def test_output_of_az(document: Any, path: str, tmp_path: Path) -> None:
    data = json.dumps(document).encode()
    found, inventory = contents(opened(data, tmp_path))
    assert found == {f"azure/{path}.json": data}
    assert inventory.layout == "azure-export"


def test_one_resource_of_az_becomes_a_list(tmp_path: Path) -> None:
    data = b'{"type": "Microsoft.Network/routeTables", "name": "r"}'
    found, _ = contents(opened(data, tmp_path))
    assert json.loads(found["azure/route-tables.json"]) == [json.loads(data)]


def test_an_answer_of_arm_holds_its_rows_as_value(tmp_path: Path) -> None:
    rows = [{"type": "Microsoft.Network/networkSecurityGroups", "name": "ä"}]
    data = json.dumps({"value": rows, "nextLink": None}).encode()
    found, _ = contents(opened(data, tmp_path))
    assert json.loads(found["azure/nsg.json"]) == rows


def test_the_account_is_read(tmp_path: Path) -> None:
    account = {"environmentName": "AzureCloud", "homeTenantId": "t", "id": "s", "state": "Enabled"}
    found, _ = contents(opened(json.dumps(account).encode(), tmp_path))
    assert json.loads(found["azure/account.json"]) == account


def test_rows_of_several_types_are_no_export(tmp_path: Path) -> None:
    rows = [{"type": "Microsoft.Network/networkSecurityGroups"}, {"type": "Microsoft.Web/sites"}]
    with pytest.raises(BundleError, match="is no archive"):
        opened(json.dumps(rows).encode(), tmp_path)


@pytest.mark.parametrize(
    "document",
    [
        {"clientVersion": {"gitVersion": "v1.30.0"}, "serverVersion": {"gitVersion": "v1.33.5"}},
        {"gitVersion": "v1.33.5", "platform": "linux/amd64"},
    ],
)
def test_the_version_is_read(document: dict[str, Any], tmp_path: Path) -> None:
    found, _ = contents(opened(json.dumps(document).encode(), tmp_path))
    assert json.loads(found["cluster/version.json"])["gitVersion"] == "v1.33.5"


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"kind": "Pod", "metadata": {"name": "p"}}, "cluster/resources/core/pods.json"),
        ([{"type": "Microsoft.Network/virtualNetworks"}], "azure/vnets.json"),
        ({"type": "Microsoft.Network/routeTables"}, "azure/route-tables.json"),
    ],
)
def test_a_byte_order_mark_is_no_part_of_it(document: Any, path: str, tmp_path: Path) -> None:
    """Windows PowerShell writes one."""
    found, _ = contents(opened(b"\xef\xbb\xbf" + json.dumps(document).encode(), tmp_path))
    assert list(found) == [path]
    assert json.loads(found[path])


_CONDITIONS = (
    ("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"),
    ("----", "------", "-----------------", "------------------", "------", "-------"),
    (
        "MemoryPressure",
        "False",
        "Tue, 20 Jan 2026 16:04:00 +0100",
        "Tue, 20 Jan 2026 10:42:11 +0100",
        "KubeletHasSufficientMemory",
        "kubelet has memory",
    ),
    (
        "Ready",
        "Unknown",
        "Tue, 20 Jan 2026 16:04:00 +0100",
        "Tue, 20 Jan 2026 16:04:40 +0100",
        "NodeStatusUnknown",
        "Kubelet stopped posting node status.",
    ),
)
_WIDTHS = (16, 9, 33, 33, 28, 0)
_TABLE = "\n".join(
    "  " + " ".join(cell.ljust(width) for cell, width in zip(row, _WIDTHS, strict=True))
    for row in _CONDITIONS
)
DESCRIBED = """\
Name:               aks-system-12345678-vmss000000
Roles:              <none>
Labels:             agentpool=system
                    kubernetes.azure.com/cluster=MC_rg_prod_westeurope
                    kubernetes.azure.com/mode=system
                    topology.kubernetes.io/zone=
Annotations:        csi.volume.kubernetes.io/nodeid:
                      {"disk.csi.azure.com":"aks-system-12345678-vmss000000"}
                    node.alpha.kubernetes.io/ttl: 0
CreationTimestamp:  Tue, 20 Jan 2026 10:42:11 +0100
Taints:             CriticalAddonsOnly=true:NoSchedule
                    node.kubernetes.io/not-ready:NoExecute
Unschedulable:      true
Lease:
  HolderIdentity:  aks-system-12345678-vmss000000
  RenewTime:       Tue, 20 Jan 2026 16:05:00 +0100
Conditions:
{conditions}
Addresses:
  InternalIP:  10.224.0.4
  Hostname:    aks-system-12345678-vmss000000
Capacity:
  cpu:                2
  memory:             8129196Ki
Allocatable:
  cpu:                1900m
System Info:
  Machine ID:                 8c2e
  Kernel Version:             5.15.0-1079-azure
  OS Image:                   Ubuntu 22.04.5 LTS
  Container Runtime Version:  containerd://1.7.25-1
  Kubelet Version:            v1.33.5
ProviderID:                   azure:///subscriptions/s/x/0
Non-terminated Pods:          (1 in total)
  Namespace                   Name       CPU Requests
  ---------                   ----       ------------
  kube-system                 azure-cns  40m (2%)
Events:
  Type    Reason    Age    From             Message
  ----    ------    ----   ----             -------
  Normal  Starting  5m10s  kubelet          Starting kubelet.
""".replace("{conditions}", _TABLE)


def test_the_description_of_a_node_is_read_as_a_node(tmp_path: Path) -> None:
    found, inventory = contents(opened(DESCRIBED.encode(), tmp_path, "describe.txt"))
    (node,) = json.loads(found["cluster/resources/core/nodes.json"])["items"]
    assert inventory.parts["cluster"].selections == {"describe.txt/nodes.json"}
    assert node["metadata"] == {
        "name": "aks-system-12345678-vmss000000",
        "labels": {
            "agentpool": "system",
            "kubernetes.azure.com/cluster": "MC_rg_prod_westeurope",
            "kubernetes.azure.com/mode": "system",
            "topology.kubernetes.io/zone": "",
        },
        "annotations": {
            "csi.volume.kubernetes.io/nodeid": (
                '{"disk.csi.azure.com":"aks-system-12345678-vmss000000"}'
            ),
            "node.alpha.kubernetes.io/ttl": "0",
        },
        "creationTimestamp": "2026-01-20T09:42:11Z",
    }
    assert node["spec"] == {
        "providerID": "azure:///subscriptions/s/x/0",
        "unschedulable": True,
        "taints": [
            {"key": "CriticalAddonsOnly", "value": "true", "effect": "NoSchedule"},
            {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"},
        ],
    }
    assert node["status"]["conditions"][1] == {
        "type": "Ready",
        "status": "Unknown",
        "lastHeartbeatTime": "2026-01-20T15:04:00Z",
        "lastTransitionTime": "2026-01-20T15:04:40Z",
        "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped posting node status.",
    }
    assert node["status"]["capacity"] == {"cpu": "2", "memory": "8129196Ki"}
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.33.5"


def test_several_described_nodes_and_what_is_found_on_them(tmp_path: Path) -> None:
    other = DESCRIBED.replace("vmss000000", "vmss000001").replace("  Unknown ", "  True    ")
    path = tmp_path / "nodes.txt"
    path.write_text(DESCRIBED + "\n\n" + other, encoding="utf-8", newline="\r\n")
    diagnosis = analyze(path)
    assert diagnosis.cluster.aks == "yes"
    assert (diagnosis.cluster.nodes.total, diagnosis.cluster.nodes.ready) == (2, 1)
    assert not diagnosis.crashed
    down = [f for f in diagnosis.findings if f.subject.name.endswith("vmss000000")]
    assert "AKS-NODE-001" in {f.rule for f in down}


@pytest.mark.parametrize(
    ("text", "what", "instead"),
    [
        (
            "NAME    STATUS   ROLES    AGE   VERSION   INTERNAL-IP\nn1      Ready\n",
            "is a table of kubectl get",
            "kubectl get nodes -o json",
        ),
        (
            "NAMESPACE     NAME    READY   STATUS    RESTARTS   AGE\nkube-system   p\n",
            "is a table of kubectl get",
            "kubectl get pods -A -o json",
        ),
        (
            "LAST SEEN   TYPE      REASON    OBJECT    MESSAGE\n5m          Normal\n",
            "is a table of kubectl get",
            "kubectl get events -A -o json",
        ),
        (
            "Name:             p\nNamespace:        shop\nPriority:         0\n",
            "is a description by kubectl",
            "kubectl get KIND NAME",
        ),
        (
            "Kubernetes control plane is running at https://x\n",
            "is the output of kubectl cluster-info",
            "kubectl cluster-info dump -A",
        ),
        (
            "addonProfiles: null\nnodeResourceGroup: MC_a\n",
            "looks like output of az in YAML",
            "-o json",
        ),
        (
            "- id: /subscriptions/x\n  type: Microsoft.Network/networkSecurityGroups\n",
            "looks like output of az in YAML",
            "-o json",
        ),
        (
            "Name    Location    ResourceGroup\n------  ----------  -------------\naks\n",
            "looks like a table of az",
            "-o json",
        ),
    ],
)
def test_what_cannot_be_read_says_what_to_collect(
    text: str, what: str, instead: str, tmp_path: Path
) -> None:
    with pytest.raises(BundleError) as caught:
        opened(text.encode(), tmp_path, "x.txt")
    assert caught.value.what == what
    assert instead in caught.value.hint


def test_text_in_utf_16_says_how_to_save_it(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"UTF-16.*Set-Content -Encoding utf8"):
        opened('{"kind": "PodList"}'.encode("utf-16"), tmp_path)


def test_a_folder_of_single_files_says_to_name_them(tmp_path: Path) -> None:
    (tmp_path / "my-pods.json").write_text('{"kind": "PodList", "items": []}', encoding="utf-8")
    with pytest.raises(BundleError, match="name the files, not the folder"):
        open_bundle(tmp_path)


def test_a_list_of_kubectl_says_nothing_of_what_it_does_not_show(tmp_path: Path) -> None:
    item = {"kind": "DaemonSet", "apiVersion": "apps/v1", "metadata": {"name": "x"}}
    data = json.dumps({"kind": "List", "items": [item]}).encode()
    found, inventory = contents(opened(data, tmp_path))
    assert found == {"cluster/resources/apps/daemonsets.json": data}
    assert inventory.parts["cluster"].selections == {"file.json"}


def test_several_kinds_in_one_list(tmp_path: Path) -> None:
    items = [{"kind": kind, "metadata": {"name": kind}} for kind in ("Pod", "Service", "Widget")]
    found, inventory = contents(
        opened(json.dumps({"kind": "List", "items": items}).encode(), tmp_path)
    )
    assert sorted(found) == [
        "cluster/resources/core/pods.json",
        "cluster/resources/core/services.json",
    ]
    assert inventory.parts["cluster"].selections == {
        "file.json/pods.json",
        "file.json/services.json",
    }


def test_yaml_of_kubectl(tmp_path: Path) -> None:
    item = b"- apiVersion: v1\n  kind: Node\n  metadata: {name: n}\n"
    data = b"apiVersion: v1\nitems:\n" + item + b"kind: List\n"
    found, _ = contents(opened(data, tmp_path, "nodes.yaml"))
    assert found == {"cluster/resources/core/nodes.yaml": data}


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"[]",
        b"[1, 2]",
        b'{"kind": 3}',
        b'{"kind": "Widget"}',
        b"kind: Widget\n",
        b"{" * 9000,
    ],
)
def test_other_texts_are_refused_in_one_line(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no archive"):
        opened(data, tmp_path)


def test_not_aks_is_told_for_foreign_files() -> None:
    """A support bundle of a cluster that is no AKS is read, and nothing is claimed of it."""
    samples = Path(__file__).parents[3] / "shared" / "samples"
    if not samples.is_dir():
        pytest.skip("no samples on this machine")
    (case,) = samples.glob("10-*")
    diagnosis = analyze(case)
    assert diagnosis.cluster.aks != "yes"
    assert not diagnosis.crashed
    assert not [f for f in diagnosis.findings if f.owner.value == "microsoft"]


@pytest.mark.parametrize("piece", [b"\n", b" \n", b"}\n", b"---\n", b'"namespace":\n', b"{\n"])
def test_reading_a_text_takes_time_in_proportion(piece: bytes) -> None:
    """No expression goes over the rest of the text again for every line."""
    start = time.process_time()
    text = b'{"kind": "EventList"}\n' + piece * 50_000
    recognise_file(text)
    for opener in OPENERS.values():
        list(opener(text))
    assert time.process_time() - start < 3


@pytest.mark.parametrize("items", ["null", "3", "{}", '[1, {"kind": 3}, null]'])
def test_readings_never_raise(items: str) -> None:
    text = f'{{"kind": "List", "info": [, "items": {items}}}'.encode()
    for opener in OPENERS.values():
        for data in (text, text.replace(b"[, ", b"1, "), b"", b"\xff\xfe", b"[" * 100_000):
            list(opener(data))
