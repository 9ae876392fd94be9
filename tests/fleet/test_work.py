"""One bundle → its rows, and what becomes of one that cannot be read."""

from __future__ import annotations

from pathlib import Path

import analyzer
from analyzer.fleet.rows import BundleRows
from analyzer.fleet.sources import Source
from analyzer.fleet.work import Task, analyse_one
from analyzer.options import Options
from fixtures.build import scenario, tree, write


def _rows(path: Path) -> BundleRows:
    outcome = analyse_one(Task(Source(str(path), "")))
    assert outcome.state == "analysed", outcome.error
    return BundleRows.model_validate_json(outcome.rows)


def test_the_rows_say_what_the_report_says(bundles: Path) -> None:
    path = bundles / "edited.tar"
    diagnosis = analyzer.analyze(path, options=Options(jobs=1))
    rows = _rows(path)
    (cluster,) = rows.clusters
    assert cluster.bundle == diagnosis.bundle.sha256
    assert cluster.nodes == diagnosis.cluster.nodes.total == len(rows.nodes) == 3
    assert [row.finding for row in rows.findings] == [f.id for f in diagnosis.findings]
    assert [(row.owner, row.severity, row.root) for row in rows.findings] == [
        (f.owner.value, f.severity.value, f.root) for f in diagnosis.findings
    ]
    assert [(row.path, row.changed_by) for row in rows.drift] == [
        (d.path, d.changed_by or "") for f in diagnosis.findings for d in f.drift
    ]
    assert rows.drift
    assert cluster.roots_customer == sum(r.root and r.owner == "customer" for r in rows.findings)


def test_a_node_has_its_image_and_the_images_age(bundles: Path) -> None:
    rows = _rows(bundles / "prod-1.tar")
    for node in rows.nodes:
        assert node.image.startswith("AKS") and node.kubelet.startswith("v1.33")
        assert node.image_built is not None and node.collected_at is not None
        assert node.image_age_days == (node.collected_at.date() - node.image_built).days > 90


def test_a_bug_that_was_seen_and_one_that_could_strike(bundles: Path) -> None:
    rows = _rows(bundles / "bug.tar")
    seen = [row for row in rows.bugs if row.status == "hit"]
    assert [row.bug for row in seen] == ["runc-140-spurious-container-stopped"]
    assert seen[0].finding in {row.finding for row in rows.findings}
    assert all(row.finding == "" for row in rows.bugs if row.status != "hit")


def test_no_secret_reaches_the_rows(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    files = tree(scenario({"name": "s", "pools": {"system": 1}}))
    path = "cluster/resources/core/nodes.json"
    files[path] = files[path].replace(b'"kernelVersion":"', b'"kernelVersion":"' + token.encode())
    assert token.encode() in files[path]
    rows = _rows(write(files, tmp_path / "s.tar"))
    assert token not in rows.model_dump_json()


def test_what_cannot_be_read_is_an_outcome_and_no_exception(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"\x00" * 100)
    outcome = analyse_one(Task(Source(str(tmp_path / "x.tar"), "")))
    assert (outcome.state, outcome.rows) == ("unreadable", "") and outcome.error
    assert str(tmp_path) not in outcome.error
    gone = analyse_one(Task(Source(str(tmp_path / "gone.tar"), "")))
    assert gone.state == "unreadable" and "no such file" in gone.error


def test_a_failure_of_our_own_is_an_outcome_too(bundles: Path) -> None:
    outcome = analyse_one(Task(Source(str(bundles / "bug.tar"), ""), policy="1999-01-01"))
    assert outcome.state == "failed" and "1999-01-01" in outcome.error


def test_a_bundle_of_an_object_store(bundles: Path) -> None:
    address = (bundles / "bug.tar").as_uri()
    outcome = analyse_one(Task(Source(address, "")))
    assert outcome.state == "analysed", outcome.error
    assert outcome.bundle == analyse_one(Task(Source(str(bundles / "bug.tar"), ""))).bundle
