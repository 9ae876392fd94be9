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
