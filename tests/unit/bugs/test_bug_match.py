"""From lines and states to sightings: gates, corroboration, grace, noise, exposure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

import analyzer.bugs
from analyzer.bugs import (
    BugDataError,
    BugSighting,
    BugSightings,
    Status,
    load_bugs,
    match_bugs,
)
from analyzer.facts.azure import AzureExports
from analyzer.facts.event_texts import event_items
from analyzer.facts.facts import ApiServer, Facts
from analyzer.facts.identity import Aks, Dataplane, Identity, Network, NetworkMode, PolicyEngine
from analyzer.facts.listings import (
    ConfigMaps,
    Events,
    ListingState,
    Nodes,
    Objects,
    Pods,
    VolumeAttachments,
)
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.facts.processes import parse_ps
from analyzer.facts.scan import Scanner, match_texts, merge
from analyzer.facts.usage import Usage
from analyzer.model.gap import Presence

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BUGS = load_bugs()
DATA = Path(analyzer.bugs.__file__).parent / "data"
NODE = "aks-np-0"
PAUSE = (
    'failed to get sandbox image "mcr.microsoft.com/oss/kubernetes/pause:3.6": failed to pull '
    "image: unexpected status from HEAD request: 403 Forbidden"
)
STOPPED = "failed to start containerd task: cannot start a container that has stopped"
LOCKUP = "watchdog: BUG: soft lockup - CPU#4 stuck for 27s! [kworker/4:2:8123]"


def node(name: str = NODE, **info: Any) -> dict[str, Any]:
    labels = {
        "kubernetes.azure.com/node-image-version": info.pop("image", ""),
        "kubernetes.io/os": "linux",
    }
    return {
        "metadata": {
            "name": name,
            "uid": name,
            "labels": labels,
            "creationTimestamp": "2026-02-01T00:00:00Z",
        },
        "spec": {"taints": info.pop("taints", [])},
        "status": {
            "nodeInfo": {
                "kernelVersion": info.pop("kernel", "5.15.0-1102-azure"),
                "osImage": info.pop("os_image", "Ubuntu 22.04.5 LTS"),
                "containerRuntimeVersion": "containerd://" + info.pop("containerd", "1.7.31-1"),
                "kubeletVersion": info.pop("kubelet", "v1.32.4"),
                "operatingSystem": "linux",
            }
        },
    }


def pod(
    name: str, namespace: str = "kube-system", image: str = "x:1", **more: Any
) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": name,
            "creationTimestamp": more.get("created", "2026-02-01T00:00:00Z"),
        },
        "spec": {"nodeName": more.get("on", NODE), "containers": [{"name": "c", "image": image}]},
        "status": {"containerStatuses": more.get("statuses", [])},
    }


def event(message: str, about: str, minute: int, **more: Any) -> dict[str, Any]:
    at = f"2026-03-02T08:{minute:02d}:00Z"
    return {
        "metadata": {"name": f"{about}.1", "namespace": "app", "uid": f"e{minute}"},
        "involvedObject": {"kind": "Pod", "namespace": "app", "name": about},
        "reason": "Failed",
        "message": message,
        "count": more.get("count", 1),
        "firstTimestamp": at,
        "lastTimestamp": at,
    }


def listing(kind: type[Objects[Any]], rows: list[dict[str, Any]]) -> Objects[Any]:
    items = [kind.model.model_validate(row) for row in rows]
    path = f"cluster/resources/{kind.resource}.json"
    for item in items:
        item.found_in(path, kind.kind)
    return kind.of_items(items, {"": ListingState(path, Presence.PRESENT)})


def facts(**given: Any) -> Facts:
    network = Network(
        mode=given.get("mode", NetworkMode.OVERLAY),
        dataplane=given.get("dataplane", Dataplane.AZURE),
        policy=given.get("policy", PolicyEngine.NONE),
        byocni=given.get("mode") is NetworkMode.BYOCNI,
    )
    identity = Identity(
        "c", Aks.YES, "", (), NOW, "manifest", given.get("version", "1.32.4"), network=network
    )
    rows = {Nodes: "nodes", Pods: "pods", Events: "events", ConfigMaps: "config_maps"}
    listings = {kind: listing(kind, given.get(name, [])) for kind, name in rows.items()}
    scanner = Scanner(BUGS.patterns(), reference=NOW)
    for path, text in given.get("logs", {}).items():
        scanner.feed(path, [text.encode()])
    items = event_items(listings[Events].items, listings[Pods].items)
    said = match_texts(BUGS.patterns(), items)
    runc = given.get("runc")
    path = f"nodes/{NODE}/containerd/version.txt"
    files = {"containerd/version.txt": TextFile(path, f"runc version {runc}\n")} if runc else {}
    return Facts(
        identity=identity,
        listings=listings,
        archives=NodeArchives({NODE: NodeFiles(NODE, files)}),
        api_server=ApiServer(),
        azure=AzureExports(),
        logs=Logs(merge([*scanner.results(), *said])),
    )


def journal(*lines: tuple[int, str]) -> dict[str, str]:
    text = "".join(
        f"2026-03-02T08:{minute:02d}:00.000000+00:00 {NODE} kubelet[1]: E0302 x.go:1] {line}\n"
        for minute, line in lines
    )
    return {f"nodes/{NODE}/kubelet/journal.log": text}


def dmesg(*lines: tuple[int, str]) -> dict[str, str]:
    text = "".join(f"2026-03-02T08:{m:02d}:00,000000+00:00 {line}\n" for m, line in lines)
    return {f"nodes/{NODE}/host/dmesg": text}


def of(found: BugSightings, bug: str) -> list[BugSighting]:
    return [one for one in found.items if one.bug.id == bug]


# --- gates on what runs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runc", "status"),
    [
        ("1.4.0", Status.AFFECTED),
        ("1.3.4", Status.AFFECTED),
        ("1.4.1", Status.FIXED_HERE),
        ("1.3.3-1.azl3", Status.POSSIBLE),
        (None, Status.POSSIBLE),
    ],
)
def test_runc_decides(runc: str | None, status: Status) -> None:
    bundle = facts(nodes=[node()], runc=runc, logs=journal((30, STOPPED)))
    (one,) = of(match_bugs(BUGS, bundle), "runc-140-spurious-container-stopped")
    assert one.status is status
    assert one.subject.name == NODE
    assert STOPPED in one.why[0]
    assert any("runc" in sentence for sentence in one.why[1:])
    assert one.evidence[0].line == 1


def test_a_version_before_the_bug_is_no_sighting() -> None:
    bundle = facts(nodes=[node()], runc="1.1.9", logs=journal((30, STOPPED)))
    assert not of(match_bugs(BUGS, bundle), "runc-140-spurious-container-stopped")


def test_runc_from_a_table_of_node_images() -> None:
    bundle = facts(nodes=[node(image="AKSUbuntu-2204-202602.01.0")], logs=journal((30, STOPPED)))
    table = {"AKSUbuntu-2204-202602.01.0": "1.4.0"}
    (one,) = of(match_bugs(BUGS, bundle, table.get), "runc-140-spurious-container-stopped")
    assert one.status is Status.AFFECTED


def test_an_inferred_fix_leaves_a_doubt() -> None:
    new, old = ("AKSUbuntu-2204gen2containerd-202509.11.0", "AKSUbuntu-2204-202501.05.0")
    for image, status in ((new, Status.POSSIBLE), (old, Status.AFFECTED)):
        bundle = facts(nodes=[node(image=image)], logs=journal((30, PAUSE)))
        (one,) = of(match_bugs(BUGS, bundle), "containerd-pause-image-gc")
        assert one.status is status


def test_a_blocked_registry_is_not_taken_for_the_bug() -> None:
    blocked = PAUSE.replace("unexpected status", "dial tcp 150.171.70.10:443: i/o timeout: status")
    bundle = facts(nodes=[node()], logs=journal((30, blocked)))
    assert not of(match_bugs(BUGS, bundle), "containerd-pause-image-gc")


def test_another_network_is_no_sighting() -> None:
    line = "Error running iptables-nft-save"
    logs = {"cluster/logs/kube-system/azure-npm-a/azure-npm.log": f"2026-03-02T08:00:00Z {line}\n"}
    pods = [pod("azure-npm-a", image="mcr.microsoft.com/containernetworking/azure-npm:v1.5.30")]
    name = "npm-iptables-legacy-detection"
    engines = {
        PolicyEngine.AZURE: [Status.AFFECTED],
        PolicyEngine.CALICO: [],
        PolicyEngine.UNKNOWN: [Status.POSSIBLE],
    }
    for engine, statuses in engines.items():
        bundle = facts(nodes=[node()], pods=pods, logs=logs, policy=engine)
        assert [one.status for one in of(match_bugs(BUGS, bundle), name)] == statuses


# --- corroboration -------------------------------------------------------------------------------


@pytest.mark.parametrize(("minute", "found"), [(31, True), (38, True), (55, False)])
def test_two_signals_within_ten_minutes(minute: int, found: bool) -> None:
    offline = "sd 1:0:0:0: Device offlined - not ready after error recovery"
    other = (
        "hv_storvsc f8b3781b-1e82-4818-a1c3-63d806ec15bb: tag#59 cmd 0x28 status: "
        "scsi 0x2 srb 0xa hv 0xc0000001"
    )
    bundle = facts(nodes=[node()], logs=dmesg((30, offline), (minute, other)))
    sightings = of(match_bugs(BUGS, bundle), "azuredisk-storvsc-hung-task")
    assert bool(sightings) is found


def test_one_weak_line_is_never_reported() -> None:
    bundle = facts(nodes=[node(kernel="6.6.141.1-1.azl3")], logs=dmesg((30, LOCKUP)))
    assert not match_bugs(BUGS, bundle).findings


def test_weak_lines_together_with_the_gate() -> None:
    stack = "Workqueue: inode_switch_wbs inode_switch_wbs_work_fn"
    logs = dmesg((30, LOCKUP), (31, stack))
    for kernel, status in (
        ("6.6.141.1-1.azl3", Status.AFFECTED),
        ("6.6.150.1-1.azl3", Status.FIXED_HERE),
    ):
        bundle = facts(
            nodes=[node(kernel=kernel, os_image="Microsoft Azure Linux 3.0, Azure Linux 3")],
            logs=logs,
        )
        (one,) = of(match_bugs(BUGS, bundle), "azl3-kernel-inode-switch-wbs-softlockup")
        assert one.status is status


def test_third_party_agent_must_run_on_the_same_node() -> None:
    falco = pod("falco-a", "falco", image="docker.io/falcosecurity/falco:0.40.0")
    elsewhere = pod("falco-a", "falco", image="docker.io/falcosecurity/falco:0.40.0", on="other")
    for agent, count in ((falco, 1), (elsewhere, 0)):
        bundle = facts(nodes=[node(), node("other")], pods=[agent], logs=dmesg((30, LOCKUP)))
        assert len(of(match_bugs(BUGS, bundle), "falco-ebpf-softlockup-515")) == count


def test_a_medium_line_with_a_stated_gate_is_enough() -> None:
    line = (
        'rpc error: an error occurs during waiting for container "6a37ff9b916561e2" to be killed: '
        'wait container "6a37ff9b916561e2": context deadline exceeded'
    )
    name = "containerd-shim-create-deadlock"
    for version, statuses in (
        ("1.7.2-1", [Status.AFFECTED]),
        ("1.7.31-1", [Status.FIXED_HERE]),
    ):
        bundle = facts(nodes=[node(containerd=version)], logs=journal((30, line)))
        assert [one.status for one in of(match_bugs(BUGS, bundle), name)] == statuses


def test_repeats_that_an_entry_asks_for() -> None:
    orphan = (
        'Orphaned pod "1f2e3d4c-5b6a-4788-9900-aabbccddeeff" found, but volume paths are still '
        "present on disk"
    )
    for times, count in ((2, 0), (3, 1)):
        logs = journal(*((30 + i, orphan) for i in range(times)))
        found = of(
            match_bugs(BUGS, facts(nodes=[node()], logs=logs)), "kubelet-orphaned-pod-volumes"
        )
        assert len(found) == count


# --- time, noise, events -------------------------------------------------------------------------


def test_events_at_the_start_of_a_pod_do_not_count() -> None:
    message = f"Error: {STOPPED}"
    young = pod("web-0", "app", created="2026-03-02T08:29:00Z")
    old = pod("web-0", "app")
    for one, count in ((young, 0), (old, 1)):
        bundle = facts(
            nodes=[node()], pods=[one], events=[event(message, "web-0", 30)], runc="1.4.0"
        )
        found = of(match_bugs(BUGS, bundle), "runc-140-spurious-container-stopped")
        assert len(found) == count


def test_an_event_is_placed_on_its_pod_and_node() -> None:
    bundle = facts(
        nodes=[node()], pods=[pod("web-0", "app")], events=[event(STOPPED, "web-0", 30, count=4)]
    )
    (one,) = of(match_bugs(BUGS, bundle), "runc-140-spurious-container-stopped")
    assert (one.subject.kind, one.subject.name, one.count) == ("Pod", "web-0", 4)
    assert one.last_seen == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def test_known_noise_is_kept_apart() -> None:
    line = 'MountVolume.SetUp failed for volume "c" : failed to sync configmap cache: timed out waiting for the condition'  # noqa: E501
    found = match_bugs(BUGS, facts(nodes=[node()], logs=journal((30, line))))
    assert not found.findings
    assert [one.bug.id for one in found.noise] == ["kubelet-sync-configmap-cache-transient"]


def test_a_line_of_start_up_does_not_count_unless_it_comes_back() -> None:
    def sightings(*minutes: int) -> int:
        scanner = Scanner(BUGS.patterns(), starts=[NOW - timedelta(hours=4)])
        text = journal(*((minute, STOPPED) for minute in minutes))
        for path, body in text.items():
            scanner.feed(path, [body.encode()])
        bundle = facts(nodes=[node()], runc="1.4.0")
        bundle = Facts(**{**vars(bundle), "logs": Logs(scanner.results())})
        return len(of(match_bugs(BUGS, bundle), "runc-140-spurious-container-stopped"))

    assert sightings(2) == 0  # 08:02, the start was at 08:00
    assert sightings(2, 9) == 1


# --- states and exposure -------------------------------------------------------------------------


def test_states_of_pods() -> None:
    killed = [
        {"name": "c", "restartCount": 3, "lastState": {"terminated": {"reason": "OOMKilled"}}}
    ]
    bundle = facts(nodes=[node()], pods=[pod("coredns-1-a", statuses=killed), pod("web-0", "app")])
    (one,) = of(match_bugs(BUGS, bundle), "coredns-overload-oom")
    assert one.subject.name == "coredns-1-a"
    assert one.evidence[0].anchors[-1] == "reason: OOMKilled"


@pytest.mark.parametrize(("hours", "count"), [(0.2, 0), (3, 1)])
def test_a_taint_must_be_old(hours: float, count: int) -> None:
    value = str(int((NOW - timedelta(hours=hours)).timestamp()))
    key = "DeletionCandidateOfClusterAutoscaler"
    taint = {"key": key, "value": value, "effect": "PreferNoSchedule"}
    found = of(match_bugs(BUGS, facts(nodes=[node(taints=[taint])])), "ca-soft-taint-remains-7964")
    assert len(found) == count


def test_exposure_by_version_names_its_nodes_and_is_no_finding() -> None:
    rows = [
        node("a", kernel="5.15.0-1094-azure"),
        node("b", kernel="5.15.0-1095-azure"),
        node("c", kernel="5.15.0-1102-azure"),
    ]
    found = match_bugs(BUGS, facts(nodes=rows))
    (one,) = of(found, "linux-azure-2204-1094-regression-2025-09")
    assert one.exposure
    assert one not in found.findings
    assert [subject.name for subject in one.affects] == ["a", "b"]
    assert one.evidence


def test_exposure_to_a_setting_needs_the_setting() -> None:
    image = "mcr.microsoft.com/oss/kubernetes/coredns:v1.11.0"
    corefile = {"corp.server": "corp:53 {\n    forward . tls://10.0.0.4\n}\n"}
    config = {"metadata": {"name": "coredns-custom", "namespace": "kube-system"}, "data": corefile}
    for rows, count in (([config], 1), ([], 0)):
        bundle = facts(nodes=[node()], pods=[pod("coredns-1-a", image=image)], config_maps=rows)
        found = of(match_bugs(BUGS, bundle), "coredns-1110-forward-dot-regression")
        assert len(found) == count


def test_exposure_to_a_kind_of_volume_needs_such_a_volume() -> None:
    row = pod("fetch", "shop")
    row["spec"]["volumes"] = [{"name": "code", "gitRepo": {"repository": "https://git.test/x"}}]
    for rows, count in (([row], 1), ([pod("plain", "shop")], 0)):
        bundle = facts(nodes=[node(kubelet="v1.29.6")], pods=rows, version="1.29.6")
        found = of(match_bugs(BUGS, bundle), "kubelet-cve-2024-10220-gitrepo")
        assert len(found) == count


def test_azure_linux_in_the_range_is_only_possibly_exposed() -> None:
    row = node(containerd="1.6.26-5.azl3", os_image="Microsoft Azure Linux 3.0")
    (one,) = of(match_bugs(BUGS, facts(nodes=[row])), "containerd-attach-goroutine-leak")
    assert one.status is Status.POSSIBLE


def test_a_healthy_current_cluster_has_no_findings() -> None:
    rows = [node(image="AKSUbuntu-2204gen2containerd-202608.20.0", kernel="5.15.0-1115-azure")]
    found = match_bugs(BUGS, facts(nodes=rows, runc="1.4.3"))
    assert not found.findings
    assert not found.exposures


def test_byocni_is_said() -> None:
    line = "AllocateIPConfig failed: not enough IPs available for 1f2e3d4c-5b6a-4788-9900-aabbccddeeff, waiting on Azure CNS to allocate more"  # noqa: E501
    bundle = facts(nodes=[node()], logs=journal((30, line)), mode=NetworkMode.BYOCNI)
    assert not of(match_bugs(BUGS, bundle), "azure-cns-not-enough-ips")


def test_sightings_are_in_a_fixed_order() -> None:
    rows = [node("b", kernel="5.4.0-1095-azure"), node("a", kernel="5.4.0-1095-azure")]
    logs = {**journal((30, STOPPED)), **dmesg((30, LOCKUP))}
    once, again = (match_bugs(BUGS, facts(nodes=rows, logs=logs)) for _ in range(2))
    assert once == again
    keys = [(one.bug.id, one.subject.key) for one in once.items]
    assert keys == sorted(keys)


# --- states that take more than one text -----------------------------------------------------


def with_table(*processes: str) -> Facts:
    head = "USER PID PPID %CPU %MEM RSS STAT ELAPSED COMMAND\n"
    text = head + "".join(f"root {i} 1 0.0 0.1 {row}\n" for i, row in enumerate(processes, 7))
    table = parse_ps(NODE, text, f"nodes/{NODE}/host/ps")
    assert table is not None
    return replace(facts(nodes=[node()], runc="1.3.3"), usage=Usage(tables={NODE: table}))


@pytest.mark.parametrize(
    ("process", "statuses"),
    [
        ("9000 Sl 02:11:09 runc --root /run/containerd/runc/k8s.io exec -d", [Status.AFFECTED]),
        ("9000 Sl 1-00:00:09 /usr/bin/runc init", [Status.AFFECTED]),
        ("9000 Sl 09:59 runc init", []),
        ("9000 Sl 02:11:09 grep runc exec", []),
    ],
)
def test_runc_that_never_ends(process: str, statuses: list[Status]) -> None:
    found = of(match_bugs(BUGS, with_table(process)), "runc-exec-stuck-130")
    assert [one.status for one in found] == statuses
    assert all(one.evidence[0].line == 2 for one in found)


def attachment(name: str, lun: str, on: str = NODE, attached: bool = True) -> dict[str, Any]:
    return {
        "metadata": {"name": f"csi-{name}", "uid": f"u-{name}"},
        "spec": {"nodeName": on, "source": {"persistentVolumeName": name}},
        "status": {"attached": attached, "attachmentMetadata": {"LUN": lun}},
    }


@pytest.mark.parametrize(
    ("second", "count"),
    [
        (attachment("pv-2", "3"), 1),
        (attachment("pv-2", "4"), 0),
        (attachment("pv-2", "3", on="another"), 0),
        (attachment("pv-2", "3", attached=False), 0),
    ],
)
def test_two_disks_on_one_lun(second: dict[str, Any], count: int) -> None:
    rows = [attachment("pv-1", "3"), second]
    bundle = facts(nodes=[node()])
    attached = {VolumeAttachments: listing(VolumeAttachments, rows)}
    bundle = replace(bundle, listings={**bundle.listings, **attached})
    found = of(match_bugs(BUGS, bundle), "azuredisk-lun-collision")
    assert len(found) == count
    assert all("2 volumes: pv-1, pv-2" in one.why[0] for one in found)


def test_an_unknown_computed_state_is_refused(tmp_path: Path) -> None:
    rows = yaml.safe_load((DATA / "runc.yaml").read_text("utf-8"))
    for row in rows["bugs"]:
        for signature in row["signatures"]:
            if "computed" in signature:
                signature["computed"] = "no-such-state"
    (tmp_path / "bugs").mkdir()
    (tmp_path / "bugs" / "own.yaml").write_text(yaml.safe_dump(rows), encoding="utf-8")
    with pytest.raises(BugDataError, match="unknown computed state: no-such-state"):
        load_bugs([tmp_path])
