"""What AKS says of a fix lowers a bug; a version that is shown to have the bug does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from analyzer.bugs import Status, load_bugs, match_bugs
from analyzer.facts.facts import Facts
from analyzer.facts.logs import Logs
from analyzer.facts.scan import Scanner
from tests.unit.bugs.test_bug_match import BUGS, NODE, NOW, event, facts, journal, node, of, pod

NEW = "AKSUbuntu-2204gen2containerd-202511.20.0"
OLD = "AKSUbuntu-2204gen2containerd-202501.05.0"
RANGE = [{"package": "containerd", "scheme": "semver", "introduced": "1.6.0", "basis": "stated"}]
BOUNDED = [{**RANGE[0], "fixed": "1.7.99"}]


def status(tmp_path: Path, image: str = NEW, **given: Any) -> Status:
    """The status of a bug of our own whose line stands in the journal of the one node."""
    entry = {
        "id": "my-bug",
        "title": "Something of ours",
        "component": "csi-azuredisk",
        "type": "bug",
        "default_category": "upstream-bug",
        "use": "finding",
        "upstream": {"project": "own/own"},
        "symptom": "It fails.",
        "workaround": "Start again.",
        "severity": "high",
        "confidence": "high",
        "affected": RANGE,
        "signatures": [
            {
                "id": "line",
                "where": ["kubelet-journal"],
                "kind": "log",
                "regex": "our own failure",
                "strength": "strong",
            }
        ],
        **given,
    }
    (tmp_path / "bugs").mkdir(exist_ok=True)
    text = yaml.safe_dump([entry])
    (tmp_path / "bugs" / "own.yaml").write_text(text, encoding="utf-8")
    bugs = load_bugs([tmp_path])
    scanner = Scanner(bugs.patterns(), reference=NOW)
    for path, lines in journal((30, "our own failure")).items():
        scanner.feed(path, [lines.encode()])
    bundle = facts(nodes=[node(image=image)])
    bundle = Facts(**{**vars(bundle), "logs": Logs(scanner.results())})
    (one,) = of(match_bugs(bugs, bundle), "my-bug")
    return one.status


@pytest.mark.parametrize(
    ("image", "text", "wanted"),
    [
        (NEW, "202502.26.0", Status.FIXED_HERE),
        (OLD, "202502.26.0", Status.AFFECTED),
        (NEW, "202502.26.0 (udev rules; image inferred)", Status.POSSIBLE),
        (NEW, "AKSUbuntu-2204/2404 202509.11.0", Status.FIXED_HERE),
        (NEW, "Ubuntu 22.04 202402.07.0 ships it; others list 202401.17.1", Status.FIXED_HERE),
        (NEW, "Azure Linux 202509.03.1 or later", Status.POSSIBLE),
        (NEW, "AKSUbuntu-1804-2021.03.09", Status.POSSIBLE),
        (NEW, "20250820 (patched)", Status.FIXED_HERE),
        (NEW, "AKSUbuntu-2204 202509.11.0, AKSUbuntu-2404 202601.07.0", Status.AFFECTED),
        (NEW, "reimage away from 5.4.0-1095-azure", Status.AFFECTED),
        ("", "202502.26.0", Status.AFFECTED),
    ],
)
def test_a_node_image_with_the_fix(tmp_path: Path, image: str, text: str, wanted: Status) -> None:
    assert status(tmp_path, image, aks={"fix_node_image": text}) is wanted


@pytest.mark.parametrize(
    ("component", "date", "wanted"),
    [
        ("csi-azuredisk", "2025-08-29", Status.POSSIBLE),
        ("csi-azuredisk", "2023-04-02 and 2025-08-29", Status.POSSIBLE),
        ("csi-azuredisk", "2026-02-15", Status.AFFECTED),
        ("csi-azuredisk", "2026-04-15", Status.AFFECTED),
        ("kernel", "2025-08-29", Status.AFFECTED),
    ],
)
def test_a_release_long_before_the_collection(
    tmp_path: Path, component: str, date: str, wanted: Status
) -> None:
    assert status(tmp_path, component=component, aks={"fix_release": date}) is wanted


def test_a_version_below_the_fix_says_more_than_a_date(tmp_path: Path) -> None:
    aks = {"fix_release": "2025-08-29", "fix_node_image": "202502.26.0"}
    assert status(tmp_path, aks=aks, affected=BOUNDED) is Status.AFFECTED
    gate = {"fact": "containerd", "op": "lt", "value": "1.7.99", "basis": "stated"}
    assert status(tmp_path, aks=aks, affected=[], gates=[gate]) is Status.AFFECTED
    gate = {"fact": "server_version", "op": "ge", "value": "1.30.0", "basis": "stated"}
    assert status(tmp_path, aks=aks, gates=[gate]) is Status.FIXED_HERE


def test_without_gate_and_range_it_is_possible_at_most(tmp_path: Path) -> None:
    assert status(tmp_path) is Status.AFFECTED
    assert status(tmp_path, affected=[]) is Status.POSSIBLE
    no_bound = [{"package": "containerd", "scheme": "semver"}]
    assert status(tmp_path, affected=no_bound) is Status.POSSIBLE
    elsewhere = [{**RANGE[0], "introduced": "1.8.0"}]
    assert status(tmp_path, affected=elsewhere) is Status.POSSIBLE


def test_no_packaged_finding_is_sure_without_gate_and_range() -> None:
    loose = [
        bug
        for bug in BUGS
        if bug.use == "finding"
        and not bug.gates
        and not any(row.introduced or row.fixed for row in bug.affected)
    ]
    assert loose
    orphan = (
        'Orphaned pod "1f2e3d4c-5b6a-4788-9900-aabbccddeeff" found, but volume paths are still '
        "present on disk"
    )
    logs = journal((30, orphan), (31, orphan), (32, orphan))
    (one,) = of(match_bugs(BUGS, facts(nodes=[node()], logs=logs)), "kubelet-orphaned-pod-volumes")
    assert one.status is Status.POSSIBLE
    assert "not known" in one.why[-1]


def test_the_soft_taint_after_the_fix_is_only_possible() -> None:
    taint = {
        "key": "DeletionCandidateOfClusterAutoscaler",
        "value": "1772400000",
        "effect": "PreferNoSchedule",
    }
    found = match_bugs(BUGS, facts(nodes=[node(taints=[taint])]))
    (one,) = of(found, "ca-soft-taint-remains-7964")
    assert one.status is Status.POSSIBLE
    assert "release of 2025-08-29" in one.why[-1]


@pytest.mark.parametrize(
    ("size", "image", "statuses"),
    [
        ("Standard_D4s_v6", OLD, [Status.AFFECTED]),
        ("Standard_D4s_v6", NEW, [Status.FIXED_HERE]),
        ("Standard_D4s_v5", OLD, []),
        ("Standard_D4s_v5", NEW, []),
    ],
)
def test_a_disk_that_is_not_found(size: str, image: str, statuses: list[Status]) -> None:
    row = node(image=image)
    row["metadata"]["labels"]["node.kubernetes.io/instance-type"] = size
    message = "rpc error: code = Internal desc = failed to find disk on lun 3. cannot find disk"
    bundle = facts(nodes=[row], pods=[pod("web-0", "app")], events=[event(message, "web-0", 30)])
    found = of(match_bugs(BUGS, bundle), "azuredisk-finddiskbylun-timeout")
    assert [one.status for one in found] == statuses


@pytest.mark.parametrize(
    ("ready", "since", "count"),
    [
        ("True", "2026-03-02T08:00:00Z", 1),
        ("True", "2026-03-02T11:55:00Z", 0),
        ("False", "2026-03-02T08:00:00Z", 0),
        (None, "", 0),
    ],
)
def test_the_disk_drivers_taint_needs_a_driver_that_is_ready(
    ready: str | None, since: str, count: int
) -> None:
    driver = pod("csi-azuredisk-node-x2v9k")
    if ready is not None:
        conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": since}]
        driver["status"]["conditions"] = conditions
    taint = {"key": "disk.csi.azure.com/agent-not-ready", "effect": "NoExecute"}
    bundle = facts(nodes=[node(taints=[taint])], pods=[driver] if ready else [])
    found = of(match_bugs(BUGS, bundle), "csi-node-taint-agent-not-ready")
    assert [(one.status, one.subject.name) for one in found] == [(Status.POSSIBLE, NODE)] * count
