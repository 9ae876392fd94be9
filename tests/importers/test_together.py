"""Several inputs in one run: merged, with conflicts, times and clusters told."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import yaml

from analyzer import analyze
from analyzer.bundle import BundleError, Source, open_bundle
from analyzer.model.diagnosis import Diagnosis
from fixtures.build import write
from tests.importers.conftest import tree_of
from tests.importers.forms import (
    Tree,
    cluster_info_dump,
    folder,
    node_items,
    node_logs,
    support_bundle,
    tarred,
    zipped,
)


@pytest.fixture(scope="module")
def inputs(edited: Tree, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A dump, the archive of a node, an export of ARM, a support bundle: of one cluster."""
    root = tmp_path_factory.mktemp("inputs")
    node = sorted({name for name, _, _ in node_items(edited)})[0]
    (root / "logs.zip").write_bytes(zipped(node_logs(edited, node)))
    (root / "azure.json").write_bytes(edited["azure/managed-cluster.json"])
    (root / "support.tar.gz").write_bytes(tarred(support_bundle(edited)))
    return {
        "dump": folder(cluster_info_dump(edited), root / "dump"),
        "logs": root / "logs.zip",
        "azure": root / "azure.json",
        "support": root / "support.tar.gz",
    }


@pytest.fixture(scope="module")
def three(inputs: dict[str, Path]) -> Diagnosis:
    """The dump, the node and the export together."""
    return analyze([inputs["dump"], inputs["logs"], inputs["azure"]])


def test_inputs_complete_each_other(three: Diagnosis) -> None:
    """The export tells the version that the dump lacks: only together they show the edit."""
    assert three.bundle.layout == "cluster-info-dump + aks-node-logs + azure-export"
    assert three.bundle.name == "dump + logs.zip + azure.json"
    assert three.cluster.kubernetes_version == "1.33.5"
    assert three.cluster.nodes.with_archive == 1
    assert [f.rule for f in three.findings] == ["AKS-CMP-005"]
    assert not three.crashed


def test_who_changed_it_is_still_unknown(three: Diagnosis) -> None:
    (finding,) = three.findings
    assert finding.decided_by == "O-4-changed-author-unknown"
    assert finding.confidence.value == "medium"


def test_evidence_names_its_input(three: Diagnosis, inputs: dict[str, Path]) -> None:
    (finding,) = three.findings
    for evidence in finding.evidence:
        assert evidence.path.startswith("dump/kube-system/")
        text = (inputs["dump"].parent / evidence.path).read_text(encoding="utf-8")
        assert evidence.excerpt in text.split("\n")[evidence.line - 1]


def test_notices_name_tools_and_what_none_of_them_holds(three: Diagnosis) -> None:
    told = "\n".join(three.notices)
    assert "3 inputs are read together: dump + logs.zip + azure.json." in told
    assert "dump was made by kubectl cluster-info dump" in told
    assert "logs.zip was made by AKS node log collector" in told
    assert "different cluster" not in told
    assert "does not list" not in told
    assert " apart" not in told


def test_the_first_input_counts_where_two_have_the_same(inputs: dict[str, Path]) -> None:
    fuller_first = analyze([inputs["support"], inputs["dump"]])
    fuller_last = analyze([inputs["dump"], inputs["support"]])
    assert [f.decided_by for f in fuller_first.findings] == ["O-4-managed-changed"]
    assert [f.decided_by for f in fuller_last.findings] == ["O-4-changed-author-unknown"]
    for diagnosis, first in ((fuller_first, "support.tar.gz"), (fuller_last, "dump")):
        doubles = [g for g in diagnosis.bundle.missing if g.detail.startswith(f"{first} has it")]
        assert doubles
        assert any("the input that is named first counts" in n for n in diagnosis.notices)
        assert "None of these forms can hold" in "\n".join(diagnosis.notices)


def test_objects_of_two_collections_are_never_mixed(inputs: dict[str, Path]) -> None:
    bundle = open_bundle([inputs["support"], inputs["dump"]])
    listings = [m.path for _, m in bundle.members() if m.path.startswith("cluster/resources/")]
    assert len(listings) == len(set(listings))
    assert bundle.inputs[0].name == "support.tar.gz"


def test_a_list_of_all_namespaces_and_one_of_some_do_not_meet(tmp_path: Path) -> None:
    pod = {"kind": "Pod", "metadata": {"name": "p", "namespace": "a"}}
    whole = tmp_path / "pods.json"
    whole.write_text(json.dumps({"kind": "List", "items": [pod]}), encoding="utf-8")
    files = {"nodes.json": b'{"items":[]}', "a/pods.json": b'{"items":[]}'}
    dump = folder(files, tmp_path / "dump")
    for sources, kept in (
        ([whole, dump], ["resources/core/nodes.json", "resources/core/pods.json"]),
        ([dump, whole], ["resources/core/nodes.json", "resources/core/pods/a.json"]),
    ):
        bundle = open_bundle(sources)
        paths = sorted(member.path for _, member in bundle.members())
        assert paths == [f"cluster/{path}" for path in kept]


def test_own_bundle_and_more(edited: Tree, inputs: dict[str, Path], tmp_path: Path) -> None:
    """Our own bundle keeps its canonical paths and its manifest's time."""
    without = {k: v for k, v in edited.items() if not k.startswith("azure/")}
    own = write(without, tmp_path / "demarc-case.tar")
    diagnosis = analyze([own, inputs["azure"]])
    assert [f.decided_by for f in diagnosis.findings] == ["O-4-managed-changed"]
    assert diagnosis.bundle.collected_at_source == "manifest"
    assert diagnosis.findings[0].evidence[0].path.startswith("cluster/resources/")
    assert not any("was made by kubectl" in notice for notice in diagnosis.notices)


def test_streams_and_archives_give_what_files_give(inputs: dict[str, Path]) -> None:
    parted = analyze([inputs["dump"], inputs["logs"]])
    streams: list[Source] = [io.BytesIO(inputs["logs"].read_bytes()), inputs["dump"]]
    streamed = analyze(streams)
    assert streamed.bundle.name == "standard input + dump"
    assert [f.saw for f in streamed.findings] == [f.saw for f in parted.findings]
    assert streamed.cluster.nodes == parted.cluster.nodes


def test_another_cluster_is_told(edited: Tree, tmp_path: Path) -> None:
    other = tree_of("byocni-calico-broken")
    node = sorted({name for name, _, _ in node_items(other)})[0]
    first = folder(cluster_info_dump(edited), tmp_path / "first")
    second = folder(support_bundle(other), tmp_path / "second")
    logs = tmp_path / "logs.zip"
    logs.write_bytes(zipped(node_logs(other, node)))
    arm = json.loads(edited["azure/managed-cluster.json"])
    arm["nodeResourceGroup"] = "MC_other_place_westus"
    export = tmp_path / "azure.json"
    export.write_text(json.dumps(arm), encoding="utf-8")
    told = "\n".join(analyze([first, second, logs, export]).notices)
    assert "first and second list no node in common" in told
    assert f"Files of nodes that the API server does not list: {node}." in told
    assert "The ARM export is of another cluster" in told


def test_two_clusters_are_refused_where_it_is_certain(edited: Tree, tmp_path: Path) -> None:
    """The id of kube-system is the cluster's, whichever tool wrote it down."""
    mine = namespaces("11111111-1111-1111-1111-111111111111")
    other = namespaces("22222222-2222-2222-2222-222222222222")
    files = support_bundle(edited)
    top = next(iter(files)).split("/")[0]
    first = folder(files | named(top, mine), tmp_path / "first")
    second = folder(must_gather_of(other), tmp_path / "second")
    with pytest.raises(BundleError, match="first and second are of different clusters"):
        open_bundle([first, second])
    same = folder(must_gather_of(mine), tmp_path / "same")
    assert open_bundle([first, same]).inputs
    untold = folder({"namespaces/a/a.yaml": b"kind: Namespace\n"}, tmp_path / "untold")
    assert open_bundle([first, untold]).inputs


def namespaces(system: str) -> list[dict[str, object]]:
    """Two namespaces in the order in which API objects are written."""
    return [
        {"metadata": {"name": "default", "uid": "00000000-0000-0000-0000-000000000000"}},
        {"metadata": {"name": "kube-system", "resourceVersion": "6", "uid": system}},
    ]


def named(top: str, rows: list[dict[str, object]]) -> dict[str, bytes]:
    """The list of namespaces of a support bundle."""
    return {f"{top}/cluster-resources/namespaces.json": json.dumps({"items": rows}).encode()}


def must_gather_of(rows: list[dict[str, object]]) -> dict[str, bytes]:
    """The namespaces of a must-gather: a file each, in YAML."""
    files = {}
    for row in rows:
        name = row["metadata"]["name"]  # type: ignore[index]
        text = yaml.safe_dump({"kind": "Namespace"} | row).encode()
        files[f"m/i/namespaces/{name}/{name}.yaml"] = text
    return files


def test_the_same_node_from_two_sources(edited: Tree, tmp_path: Path) -> None:
    """Files of both are one node's; where both have one, the input that is named first counts."""
    node = sorted({name for name, _, _ in node_items(edited)})[0]
    logs = tmp_path / "logs.zip"
    extra = {"etc/default/kubelet": b"KUBELET_FLAGS=--changed\n", "var/log/kern.log": b"new\n"}
    logs.write_bytes(zipped(node_logs(edited, node) | extra))
    own = write(edited, tmp_path / "demarc-case.tar")
    for inputs, flags in (
        ([own, logs], edited[f"nodes/{node}/kubelet/flags"]),
        ([logs, own], extra["etc/default/kubelet"]),
    ):
        bundle = open_bundle(inputs)
        found = {member.path: member.read() for _, member in bundle.members()}
        assert found[f"nodes/{node}/kubelet/flags"] == flags
        assert found[f"nodes/{node}/files/var/log/kern.log"] == b"new\n"
        assert f"nodes/{node}/kubelet/journal.log" in found
        assert bundle.finish().nodes.count(node) == 1


def test_the_most_exact_time_of_all_inputs_counts(edited: Tree, tmp_path: Path) -> None:
    files = support_bundle(edited)
    top = next(iter(files)).split("/")[0]
    first = folder(files, tmp_path / "first" / top)
    gathered = {"m/i/timestamp": b"2026-01-20 15:05:00 +0000 UTC\n"}
    second = folder(gathered | must_gather_of([]), tmp_path / "second")
    second = folder({"m/i/namespaces/a/a.yaml": b"kind: Namespace\n"}, second)
    told = open_bundle([first, second]).told
    assert told is not None
    assert told.source == "file timestamp"


def test_times_that_lie_apart_are_told(edited: Tree, tmp_path: Path) -> None:
    old = {
        name: data.replace(b"2026-01-20T", b"2025-12-20T")
        for name, data in support_bundle(edited).items()
    }
    first = folder(cluster_info_dump(edited), tmp_path / "new")
    second = folder(old, tmp_path / "old")
    told = "\n".join(analyze([first, second]).notices)
    assert "The inputs are 31 days apart: old ends at 2025-12-20" in told


def test_an_input_that_cannot_be_read_is_named(inputs: dict[str, Path], tmp_path: Path) -> None:
    bad = tmp_path / "notes.txt"
    bad.write_text("some text", encoding="utf-8")
    with pytest.raises(BundleError, match=r"notes\.txt"):
        open_bundle([inputs["dump"], bad])
    with pytest.raises(BundleError, match="no input"):
        open_bundle([])


def test_equal_names_are_told_apart(edited: Tree, tmp_path: Path) -> None:
    nodes = sorted({name for name, _, _ in node_items(edited)})[:2]
    paths = []
    for node in nodes:
        (tmp_path / node).mkdir()
        paths.append(tmp_path / node / "logs.zip")
        paths[-1].write_bytes(zipped(node_logs(edited, node)))
    bundle = open_bundle(paths)
    assert [one.name for one in bundle.inputs] == [f"{node}/logs.zip" for node in nodes]
    found = {m.path: m.found_at for _, m in bundle.members() if m.path.endswith("kubelet/flags")}
    assert found == {
        f"nodes/{node}/kubelet/flags": f"{node}/logs.zip/etc/default/kubelet" for node in nodes
    }
    assert bundle.finish().nodes == tuple(nodes)
