"""The inventory: present, absent, empty, truncated, forbidden, failed, never asked for."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest

from analyzer.bundle import Inventory, PartRecorder, collected_at, read_part
from analyzer.bundle.items import expected_items
from analyzer.model.gap import Presence
from tests.unit.bundle.tarballs import (
    HEADER,
    Files,
    cluster_files,
    flat_files,
    gz,
    manifest,
    nested,
    nested_files,
    node_files,
    opened,
    parts,
    read_all,
    row,
    tar_of,
    with_table,
    write_folder,
)

RARE = with_table(
    {
        "host/df": b"text\n",
        "host/dmesg": b"text, cut",
        "host/ps": b"",
        "host/limits": b"\n",
        "host/clock": b"half of it",
        "host/uname": b"",
        "host/sysctl": b"a = 1\n",
    },
    row("network/ipset", exit="", bytes="", note="missing-tool ipset"),
    row("network/ipvs", exit=124, bytes=0, note="timeout after 10 s"),
    row("host/reboot-required", exit=1, bytes=0, note="absent"),
    row("kubelet/config.json", exit=1, bytes=0, note="forbidden: 403"),
    row("kubelet/journal.log", exit=137, bytes=0, note="deadline"),
    row("containerd/journal.log", exit="", note="no-space"),
    row("azure/waagent.log", exit="", bytes="", note="not-asked --quick"),
    row("host/modules", exit=0, bytes=0),
    row("host/packages", exit=0, bytes=500),
    row("host/mounts", exit=2, bytes=0),
    row("cni/net.d", exit=1, bytes=0, note="absent"),
    row("probes/api.json", exit="", bytes="", note="failed"),
).copy()
# The last row of a path counts: these say more of files that are there.
RARE["collection.tsv"] += "".join(
    [
        row("host/dmesg", truncated="yes"),
        row("host/ps", exit=1, bytes=0, note="failed no such command"),
        row("host/clock", exit=124, note="timeout"),
        row("host/uname", exit=3, bytes=0),
        row("host/sysctl", note="selection net.*"),
    ]
).encode()


def rare(path: str = "") -> Inventory:
    files = {"manifest.json": manifest(), "nodes/n1.tar.gz": gz(tar_of(RARE))}
    return read_all(tar_of(files))[1]


@pytest.mark.parametrize(
    ("path", "presence", "note"),
    [
        ("host/df", Presence.PRESENT, ""),
        ("host/sysctl", Presence.PRESENT, "selection net.*"),
        ("host/dmesg", Presence.TRUNCATED, "limit"),
        ("host/clock", Presence.TRUNCATED, "timeout"),
        ("host/limits", Presence.EMPTY, ""),
        ("host/modules", Presence.EMPTY, ""),
        ("host/ps", Presence.FAILED, "no such command"),
        ("host/uname", Presence.FAILED, "exit code 3"),
        ("host/packages", Presence.FAILED, "does not hold it"),
        ("host/mounts", Presence.FAILED, "exit code 2"),
        ("network/ipset", Presence.FAILED, "missing-tool ipset"),
        ("network/ipvs", Presence.FAILED, "timeout"),
        ("kubelet/journal.log", Presence.FAILED, "deadline"),
        ("containerd/journal.log", Presence.FAILED, "no-space"),
        ("probes/api.json", Presence.FAILED, "failed"),
        ("host/reboot-required", Presence.ABSENT, "absent"),
        ("cni/net.d/10-azure.conflist", Presence.ABSENT, "absent"),
        ("cni/net.d/*", Presence.ABSENT, "absent"),
        ("kubelet/config.json", Presence.FORBIDDEN, "403"),
        ("azure/waagent.log", Presence.NOT_ASKED, "--quick"),
        ("probes/dns.json", Presence.NOT_ASKED, ""),
        ("no/such/item", Presence.NOT_ASKED, ""),
    ],
)
def test_state_of_an_item(path: str, presence: Presence, note: str) -> None:
    state = rare().state(f"nodes/n1/{path}")
    assert state.presence is presence
    assert note in state.note


def test_every_expected_item_has_an_answer() -> None:
    inventory = read_all(nested())[1]
    for part in ("cluster", "azure", "nodes/n1"):
        answers = inventory.expected(part)
        assert answers
        assert all(isinstance(state.presence, Presence) for _, state in answers)
    assert inventory.expected("unknown") == ()


def test_gaps_name_what_failed_and_not_what_is_absent() -> None:
    inventory = rare()
    gaps = {gap.path: gap.reason for gap in inventory.gaps()}
    assert gaps["nodes/n1/kubelet/config.json"] is Presence.FORBIDDEN
    assert gaps["nodes/n1/host/dmesg"] is Presence.TRUNCATED
    assert gaps["nodes/n1/probes/dns.json"] is Presence.NOT_ASKED
    assert "nodes/n1/host/reboot-required" not in gaps
    assert "nodes/n1/host/limits" not in gaps
    assert not inventory.complete
    assert list(inventory.gaps()) == sorted(
        inventory.gaps(), key=lambda gap: (gap.path, gap.reason, gap.detail)
    )


def cluster_bundle(files: Files) -> Inventory:
    return read_all(tar_of({"manifest.json": manifest(), "cluster.tar.gz": gz(tar_of(files))}))[1]


def test_lists_in_pages_and_in_yaml_answer_for_their_path() -> None:
    inventory = cluster_bundle(
        with_table(
            {
                "resources/core/nodes.0001.json": b"{}",
                "resources/core/nodes.0002.json": b"{}",
                "resources/core/namespaces.yaml": b"kind: List\n",
            }
        )
    )
    assert inventory.state("cluster/resources/core/nodes.json").presence is Presence.PRESENT
    assert inventory.state("cluster/resources/core/namespaces.json").presence is Presence.PRESENT


def test_a_refused_list_answers_for_its_namespaces() -> None:
    table = HEADER + row("resources/core/pods.json", exit=1, bytes=0, note="forbidden")
    inventory = cluster_bundle({"collection.tsv": table.encode(), "version.json": b"{}"})
    state = inventory.state("cluster/resources/core/pods/kube-system.json")
    assert state == (Presence.FORBIDDEN, "forbidden")
    assert inventory.state("cluster/resources/core/pods/*.json").presence is Presence.FORBIDDEN


def test_a_hole_among_namespaces_is_told() -> None:
    files = with_table(
        {"resources/core/pods/a.json": b"{}"},
        row("resources/core/pods/b.json", exit=1, bytes=0, note="forbidden"),
        row("resources/core/pods/c.json", exit=1, bytes=0, note="absent"),
    )
    state = cluster_bundle(files).state("cluster/resources/core/pods/*.json")
    assert state.presence is Presence.TRUNCATED
    assert "1 of 3" in state.note
    assert "pods/b.json" in state.note


def test_one_star_stays_within_a_path_part() -> None:
    inventory = cluster_bundle(with_table({"logs/ns/pod/c.log": b"x\n"}))
    assert inventory.state("cluster/logs/*.log").presence is Presence.NOT_ASKED
    assert inventory.state("cluster/logs/*/*/*.log").presence is Presence.PRESENT
    assert inventory.state("cluster/logs/**").presence is Presence.PRESENT


def missing_nodes() -> Inventory:
    files = nested_files(top="")
    rows = [{"node": "n3", "reason": "timeout: pod never started"}, {"node": "n1", "reason": "x"}]
    members = [{"path": f"nodes/{n}.tar.gz", "bytes": 1} for n in ("n1", "n2", "n4")]
    files["manifest.json"] = manifest(
        nodes={"asked": 4, "answered": 2, "missing": rows}, members=members
    )
    return read_all(tar_of(files))[1]


def test_missing_nodes_with_reason() -> None:
    inventory = missing_nodes()
    assert inventory.nodes == ("n1", "n2")
    assert [node for node, _ in inventory.nodes_missing] == ["n3", "n4"]
    assert dict(inventory.nodes_missing)["n3"] == "timeout: pod never started"
    state = inventory.state("nodes/n3/host/df")
    assert state.presence is Presence.FAILED
    assert "pod never started" in state.note
    assert inventory.state("nodes/*/host/df").presence is Presence.TRUNCATED
    assert inventory.state("nodes/n9/host/df").presence is Presence.NOT_ASKED
    assert not inventory.complete
    assert {gap.path for gap in inventory.gaps()} >= {"nodes/n3", "nodes/n4"}


def test_parts_that_are_not_there() -> None:
    inventory = read_all(nested({"nodes/n1": node_files()}))[1]
    assert inventory.state("cluster/version.json").presence is Presence.NOT_ASKED
    assert inventory.state("azure/nsg.json").presence is Presence.NOT_ASKED
    assert inventory.state("manifest.json").presence is Presence.PRESENT
    assert {"cluster", "azure"} <= {gap.path for gap in inventory.gaps()}


def test_part_without_table_says_so() -> None:
    files = node_files()
    del files["collection.tsv"]
    inventory = read_all(nested({"nodes/n1": files}))[1]
    state = inventory.state("nodes/n1/host/uname")
    assert state.presence is Presence.NOT_ASKED
    assert "no collection.tsv" in state.note


def test_damaged_table_proves_nothing() -> None:
    files = node_files()
    files["collection.tsv"] += b"only one cell\n"
    inventory = read_all(nested({"nodes/n1": files}))[1]
    assert inventory.state("nodes/n1/host/uname").presence is Presence.FAILED
    assert any("is no row" in gap.detail for gap in inventory.gaps())


def test_torn_flat_archive_may_have_lost_anything() -> None:
    files = {name: data for name, data in flat_files().items() if "collection.tsv" not in name}
    data = tar_of(files)
    inventory = read_all(data[: data.rindex(b"nodes/n2/host/df")])[1]
    state = inventory.state("nodes/n2/host/uname")
    assert state.presence is Presence.FAILED
    assert "may be lost" in state.note


def test_same_gap_on_many_nodes_is_told_once() -> None:
    files = with_table({"host/df": b"x\n"}, row("network/ipset", exit="", note="missing-tool"))
    inventory = read_all(nested({f"nodes/n{n}": files for n in range(9)}))[1]
    told = [gap for gap in inventory.gaps() if gap.path.endswith("network/ipset")]
    assert [gap.path for gap in told] == ["nodes/*/network/ipset"]
    assert "on 9 nodes, among them n0, n1, n2" in told[0].detail


def test_gaps_never_ask_for_optional_items() -> None:
    optional = {item.path for item in expected_items().node if item.optional}
    assert optional
    paths = {gap.path.split("/", 2)[-1] for gap in read_all(nested())[1].gaps()}
    assert not paths & optional


def test_inventories_of_other_processes_merge(tmp_path: object) -> None:
    path = tmp_path / "b.tar"  # type: ignore[operator]
    path.write_bytes(nested())
    whole = read_all(path)[1]
    bundle = opened(path)
    inventories = []
    for ref in bundle.parts():
        recorder = PartRecorder(ref.name)
        assert list(read_part(ref, recorder=recorder))
        inventories.append(pickle.loads(pickle.dumps(recorder.result())))
    for joined in (bundle.finish(inventories), bundle.finish().merge(reversed(inventories))):
        assert joined.gaps() == whole.gaps()
        assert joined.nodes == whole.nodes
        assert dict(joined.parts) == dict(whole.parts)
        assert joined.complete
        assert joined.sha256 == whole.sha256


def test_rows_are_typed() -> None:
    rows = {r.path: r for r in read_all(nested())[1].rows("nodes/n1")}
    assert rows["host/df"].exit == 0
    assert rows["host/df"].started == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert read_all(nested())[1].rows("nodes/none") == ()


def test_collected_at_is_never_the_clock(tmp_path: object) -> None:
    inventory = read_all(nested())[1]
    assert collected_at(inventory) == (datetime(2026, 3, 1, 10, 9, tzinfo=UTC), "manifest")
    files = nested_files(top="")
    del files["manifest.json"]
    when, source = collected_at(read_all(tar_of(files))[1])
    assert (when, source) == (datetime(2026, 3, 1, 10, tzinfo=UTC), "collection rows")
    bare = {"cluster/version.json": b"{}", "cluster/resources/core/nodes.json": b"{}"}
    folder = write_folder(tmp_path / "f", bare)  # type: ignore[operator]
    assert collected_at(read_all(folder)[1]) == (None, "nothing in the bundle")


def test_newer_format_goes_on_and_tells() -> None:
    files = nested_files(top="")
    files["manifest.json"] = manifest(format=2)
    members, inventory = read_all(tar_of(files))
    assert len(members) == sum(map(len, parts().values()))
    assert any("newer" in gap.detail for gap in inventory.gaps())


def test_broken_manifest_goes_on_and_tells() -> None:
    files = nested_files(top="")
    files["manifest.json"] = b'{"format": 1, "cluster'
    members, inventory = read_all(tar_of(files))
    assert members
    assert inventory.manifest is None
    assert any(gap.path == "manifest.json" and "JSON" in gap.detail for gap in inventory.gaps())


def test_cluster_part_states() -> None:
    inventory = cluster_bundle(cluster_files())
    assert inventory.state("cluster").presence is Presence.PRESENT
    assert inventory.state("nodes/n1").presence is Presence.NOT_ASKED


LIST = {"exit": 0, "bytes": 90}


def test_a_list_over_the_cluster_answers_for_namespaces_without_any() -> None:
    files = with_table(
        {"resources/core/pods/a.json": b"{}"},
        row("resources/core/pods", **LIST),
        row("resources/apps/daemonsets", **LIST),
    )
    inventory = cluster_bundle(files)
    state = inventory.state("cluster/resources/core/pods/b.json")
    assert state.presence is Presence.EMPTY
    assert "whole cluster" in state.note
    assert inventory.state("cluster/resources/core/pods/*.json").presence is Presence.PRESENT
    assert inventory.state("cluster/resources/apps/daemonsets/*.json").presence is Presence.EMPTY
    assert not {g.path for g in inventory.gaps()} & {
        "cluster/resources/core/pods",
        "cluster/resources/apps/daemonsets",
    }


def test_a_list_that_fell_back_to_one_namespace_proves_nothing_of_others() -> None:
    files = with_table(
        {"resources/core/pods/kube-system.json": b"{}"},
        row("resources/core/pods", item="pods", exit=1, note="forbidden: pods"),
        row("resources/core/pods", item="pods/kube-system", **LIST),
    )
    inventory = cluster_bundle(files)
    assert inventory.state("cluster/resources/core/pods/kube-system.json") == ("present", "")
    assert inventory.state("cluster/resources/core/pods/b.json").presence is Presence.FORBIDDEN
    whole = inventory.state("cluster/resources/core/pods/*.json")
    assert whole.presence is Presence.TRUNCATED
    assert "forbidden" in whole.note
    assert not inventory.complete or inventory.gaps()


def test_a_missing_page_is_told() -> None:
    cut = row("resources/core/nodes", exit=1, truncated=1, note="timeout: page 3")
    files = {"resources/core/nodes.0001.json": b"{}", "resources/core/nodes.0002.json": b"{}"}
    state = cluster_bundle(with_table(files, cut)).state("cluster/resources/core/nodes.json")
    assert state == (Presence.TRUNCATED, "timeout: page 3")


def test_a_list_without_a_file_answers_for_its_path() -> None:
    files = with_table(
        {"version.json": b"{}"},
        row("resources/storage.k8s.io/csinodes", exit=1, note="forbidden"),
        row("resources/acn.azure.com/nodenetworkconfigs", exit="", note="absent: no such resource"),
        row("api/metrics.k8s.io", exit="", note="failed: service unavailable"),
    )
    inventory = cluster_bundle(files)
    path = "cluster/resources/storage.k8s.io/csinodes.json"
    assert inventory.state(path).presence is Presence.FORBIDDEN
    acn = "cluster/resources/acn.azure.com/nodenetworkconfigs/kube-system.json"
    assert inventory.state(acn).presence is Presence.ABSENT
    metrics = inventory.state("cluster/resources/metrics.k8s.io/nodes.json")
    assert metrics == (Presence.FAILED, "failed: service unavailable")


def test_logs_that_were_left_out_were_not_asked_for() -> None:
    files = with_table(
        {"logs/kube-system/a-1/c.log": b"x\n"},
        row("logs/kube-system", exit="", note="selection: 9 more containers, all ready"),
    )
    inventory = cluster_bundle(files)
    left_out = inventory.state("cluster/logs/kube-system/a-2/c.log")
    assert left_out.presence is Presence.NOT_ASKED
    assert "9 more" in left_out.note
    assert inventory.state("cluster/logs/kube-system/a-1/c.log").presence is Presence.PRESENT
    assert inventory.state("cluster/logs/*/*/*.log").presence is Presence.PRESENT


def test_a_folder_that_failed_is_a_hole_in_a_pattern() -> None:
    files = with_table(
        {"kubelet/n1/configz.json": b"{}"},
        row("kubelet/n2", exit="", note="timeout: the kubelet did not answer"),
    )
    state = cluster_bundle(files).state("cluster/kubelet/*/configz.json")
    assert state.presence is Presence.TRUNCATED
    assert "kubelet/n2" in state.note


def test_a_stand_in_is_no_archive_of_a_node() -> None:
    table = [row(top, exit="", note="failed: no node archive: NotReady") for top in ("host", "cni")]
    stand_in = with_table({"kubelet/journal.log": b"log\n"}, *table)
    files = nested_files({**parts(), "nodes/n3": stand_in}, top="")
    missing = [{"node": "n3", "reason": "failed: NotReady"}]
    files["manifest.json"] = manifest(nodes={"asked": 3, "answered": 2, "missing": missing})
    inventory = read_all(tar_of(files))[1]
    assert inventory.nodes == ("n1", "n2")
    assert dict(inventory.nodes_missing) == {"n3": "failed: NotReady"}
    assert inventory.state("nodes/n3/kubelet/journal.log").presence is Presence.PRESENT
    assert inventory.state("nodes/n3/host/df").presence is Presence.FAILED
    assert "NotReady" in inventory.state("nodes/n3/host/df").note
    assert "nodes/n3" in {gap.path for gap in inventory.gaps()}


def test_tools_that_a_node_lacks_leave_the_bundle_complete() -> None:
    node = with_table({"host/df": b"x\n"}, row("network/ethtool", exit="", note="missing-tool: no"))
    inventory = read_all(nested({**parts(), "nodes/n1": node}))[1]
    assert inventory.complete
    assert "nodes/n1/network/ethtool" in {gap.path for gap in inventory.gaps()}
