"""A folder of one node's files, without any API object, is judged by what its own logs say."""

from __future__ import annotations

from pathlib import Path

import analyzer
from analyzer.facts.listings import KnownNodes, ListingState, Nodes
from analyzer.facts.objects import Node
from analyzer.model.gap import Presence

NAME = "aks-work-12345678-vmss000001"
CONFLIST = '{"plugins":[{"type":"azure-vnet","ipam":{"type":"azure-cns","mode":"v4overlay"}}]}'
LOCKUP = (
    "2026-03-01T10:{minute:02d}:00,000000+00:00 watchdog: BUG: soft lockup - CPU#1 stuck for 22s! "
    "[kworker/1:2:917]\n"
)


def _folder(root: Path, *, lockups: int) -> Path:
    node = root / "nodes" / NAME
    (node / "cni" / "net.d").mkdir(parents=True)
    (node / "cni" / "net.d" / "15-azure-swift-overlay.conflist").write_text(CONFLIST)
    (node / "host").mkdir()
    lines = "2026-03-01T08:00:00,000000+00:00 Linux version 5.15.0-1099-azure\n"
    lines += "".join(LOCKUP.format(minute=10 + n) for n in range(lockups))
    (node / "host" / "dmesg").write_text(lines)
    (node / "collection.tsv").write_text(
        "item\tpath\tcommand\texit\tstarted\tms\tbytes\ttruncated\tmasked\tnote\n"
        "host/dmesg\thost/dmesg\tdmesg\t0\t2026-03-01T10:30:00Z\t5\t1\t0\t0\t\n"
    )
    return root


def test_kernel_trouble_shows_without_the_api_server(tmp_path: Path) -> None:
    diagnosis = analyzer.analyze(_folder(tmp_path, lockups=6))
    assert diagnosis.cluster.aks == "yes"
    assert [(f.rule, f.subject.name) for f in diagnosis.findings] == [("AKS-NODE-003", NAME)]
    assert all(e.path and e.excerpt for f in diagnosis.findings for e in f.evidence)


def test_silence_of_a_folder_is_not_health(tmp_path: Path) -> None:
    diagnosis = analyzer.analyze(_folder(tmp_path, lockups=0))
    assert not diagnosis.findings
    unknown = {check.rule for check in diagnosis.unknown}
    assert {"AKS-NODE-001", "AKS-NODE-003", "AKS-NODE-004"} <= unknown


def test_listed_nodes_go_before_archives() -> None:
    listed = Nodes.of_items(
        [Node.model_validate({"metadata": {"name": "a"}})],
        {"": ListingState("nodes.json", Presence.PRESENT)},
    )
    assert [n.name for n in KnownNodes(listed, ["a", "b"]).items] == ["a"]
    stubs = KnownNodes(Nodes(), ["b", "a"])
    assert [n.name for n in stubs.items] == ["a", "b"] and stubs.readable and stubs.gaps
    assert not KnownNodes(Nodes(), []).readable
