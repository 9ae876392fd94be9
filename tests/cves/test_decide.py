"""What goes to support, what does not, why, and whose it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.cves.filter import filter_reports
from analyzer.cves.listing import CveList, CveRow
from analyzer.cves.reasons import EXPLAINED, Reason
from analyzer.model.owner import Owner
from analyzer.policy.pack import available, load_pack
from tests.cves.conftest import World
from tests.cves.reports import grype, trivy, written


def _listing(world: World, folder: Path, *documents: Any, **more: Any) -> CveList:
    paths = [written(folder, f"r{i}.json", one) for i, one in enumerate(documents)]
    return filter_reports(paths, world.path, **more)


def _only(listing: CveList) -> CveRow:
    (row,) = (*listing.accepted, *listing.dropped)
    return row


def _row(world: World, folder: Path, document: Any, **more: Any) -> CveRow:
    return _only(_listing(world, folder, document, **more))


def test_a_managed_image_with_an_old_fix_goes_to_support(world: World, tmp_path: Path) -> None:
    report = grype(world.coredns, [{"id": "CVE-2025-1111", "on": world.ago(31)}])
    row = _row(world, tmp_path, report)
    assert row.reason is Reason.ACCEPTED and row.owner is Owner.MICROSOFT
    assert row.component == "coredns" and row.fix_age == 31 and row.clause == "UNS-13"


@pytest.mark.parametrize("days", [0, 29, 30])
def test_a_fix_of_thirty_days_or_less_waits(world: World, tmp_path: Path, days: int) -> None:
    report = grype(world.coredns, [{"id": "CVE-2025-1111", "on": world.ago(days)}])
    row = _row(world, tmp_path, report)
    assert row.reason is Reason.FIX_TOO_FRESH and row.clause == "UNS-08"
    assert world.ago(days - 31) in row.why, "the day from which it can go to support"


def test_the_day_of_publication_is_never_taken_for_that_of_the_fix(
    world: World, tmp_path: Path
) -> None:
    row = _row(world, tmp_path, trivy(world.coredns, [{"id": "CVE-2024-1"}]))
    assert row.reason is Reason.FIX_DATE_MISSING and row.fixed_on is None
    assert row.owner is Owner.CUSTOMER


def test_without_a_fix_it_is_the_vendors(world: World, tmp_path: Path) -> None:
    for report in (
        trivy(world.coredns, [{"id": "CVE-2024-2", "fixed": ""}]),
        grype(world.coredns, [{"id": "CVE-2024-2", "fixed": ""}]),
    ):
        row = _row(world, tmp_path, report)
        assert row.reason is Reason.NO_FIX and row.owner is Owner.UPSTREAM
        assert row.fixed_on is None


def test_own_images_are_the_customers_whatever_the_fix(world: World, tmp_path: Path) -> None:
    row = _row(world, tmp_path, grype(world.own, [{"id": "CVE-2024-3", "on": world.ago(200)}]))
    assert row.reason is Reason.OWN_IMAGE and row.owner is Owner.CUSTOMER and "shop" in row.why


def test_an_image_that_does_not_run_names_the_tag_that_does(world: World, tmp_path: Path) -> None:
    name, _, tag = world.coredns.rpartition(":")
    row = _row(world, tmp_path, grype(f"{name}:v1.0.0", [{"id": "CVE-2024-4", "on": "2024-01-01"}]))
    assert row.reason is Reason.NOT_RUNNING and tag in row.why


def test_an_out_of_date_node_image_is_upgraded_first(old_world: World, tmp_path: Path) -> None:
    document = grype(old_world.coredns, [{"id": "CVE-2024-5", "on": old_world.ago(90)}])
    row = _row(old_world, tmp_path, document)
    assert row.reason is Reason.UPGRADE_FIRST and row.owner is Owner.CUSTOMER
    assert row.clause == "UNS-12" and "was out since" in row.why
    machine = trivy(old_world.node, [{"id": "CVE-2024-5"}], kind="rootfs")
    assert _row(old_world, tmp_path, machine).reason is Reason.UPGRADE_FIRST


def test_a_scan_of_a_node_is_about_the_node_image(world: World, tmp_path: Path) -> None:
    rows = [
        {"id": "CVE-2024-6", "on": world.ago(45)},
        {
            "id": "CVE-2024-7",
            "on": world.ago(45),
            "type": "go-module",
            "place": "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/7/fs/app",
        },
    ]
    listing = _listing(world, tmp_path, grype(f"/mnt/{world.node}", rows, kind="directory"))
    (kept,), (dropped,) = listing.accepted, listing.dropped
    assert kept.component == "node image" and kept.id == "CVE-2024-6"
    assert dropped.reason is Reason.IN_A_CONTAINER and dropped.owner is Owner.UNDETERMINED


def test_a_machine_that_is_no_node_of_the_bundle_is_not_placed(
    world: World, tmp_path: Path
) -> None:
    row = _row(world, tmp_path, trivy("laptop-7", [{"id": "CVE-2024-8"}], kind="filesystem"))
    assert row.reason is Reason.NOT_PLACED and row.owner is Owner.UNDETERMINED
    host = trivy("/host", [{"id": "CVE-2024-8"}], kind="rootfs")
    assert _row(world, tmp_path, host, node=world.node).component == "node image"
    assert _row(world, tmp_path, host, node="gone").reason is Reason.NOT_PLACED


def test_a_day_that_one_scanner_tells_serves_the_other(world: World, tmp_path: Path) -> None:
    told = grype(world.coredns, [{"id": "GHSA-1", "cve": "CVE-2024-9", "on": world.ago(60)}])
    silent = trivy(world.coredns, [{"id": "CVE-2024-9"}])
    listing = _listing(world, tmp_path, silent, told)
    assert {row.id for row in listing.accepted} == {"GHSA-1", "CVE-2024-9"}
    trivys = next(row for row in listing.accepted if row.id == "CVE-2024-9")
    assert trivys.fix_known_from == "another report given"


def test_an_old_report_that_lists_the_fix_dates_it(world: World, tmp_path: Path) -> None:
    old = trivy(world.coredns, [{"id": "CVE-2024-10"}], CreatedAt=f"{world.ago(40)}T10:00:00Z")
    row = _row(world, tmp_path, old)
    assert row.reason is Reason.ACCEPTED and row.fix_age == 40
    fresh = trivy(world.coredns, [{"id": "CVE-2024-10"}], CreatedAt=f"{world.ago(3)}T10:00:00Z")
    assert _row(world, tmp_path, fresh).reason is Reason.FIX_DATE_MISSING


def test_the_users_own_dates_come_first(world: World, tmp_path: Path) -> None:
    from analyzer.cves.read import read_fix_dates

    dates = tmp_path / "dates.csv"
    dates.write_text(f"id,package,date\ncve-2024-11,,{world.ago(50)}\n", encoding="utf-8")
    report = trivy(world.coredns, [{"id": "CVE-2024-11"}])
    row = _row(world, tmp_path, report, dates=read_fix_dates(dates))
    assert row.reason is Reason.ACCEPTED and row.fix_known_from == "your list of fix dates"


def test_the_operators_reports_are_read(world: World, tmp_path: Path) -> None:
    name, _, tag = world.coredns.rpartition(":")
    server, _, repository = name.partition("/")
    flaw = {
        "vulnerabilityID": "CVE-2024-12",
        "resource": "stdlib",
        "installedVersion": "1.22.0",
        "fixedVersion": "1.22.7, 1.23.1",
        "severity": "CRITICAL",
        "primaryLink": "javascript:alert(1)",
    }
    report = {
        "artifact": {"repository": repository, "tag": tag},
        "registry": {"server": server},
        "updateTimestamp": f"{world.ago(35)}T04:00:00Z",
        "vulnerabilities": [flaw, {"resource": "without an id"}],
    }
    document = {"kind": "List", "items": [{"kind": "VulnerabilityReport", "report": report}]}
    listing = _listing(world, tmp_path, document)
    row = _only(listing)
    assert row.reason is Reason.ACCEPTED and row.fixed == ("1.22.7", "1.23.1") and row.link == ""
    assert listing.reports[0].unreadable == 1


def test_every_reason_cites_a_clause_of_every_pack() -> None:
    assert set(EXPLAINED) == set(Reason)
    for date in available():
        clauses = load_pack(date).clauses
        assert {told.clause for told in EXPLAINED.values()} <= set(clauses)


def test_the_same_flaw_twice_is_one_row_and_the_worst_comes_first(
    world: World, tmp_path: Path
) -> None:
    rows = [
        {"id": "CVE-2024-20", "severity": "LOW"},
        {"id": "CVE-2024-21", "severity": "CRITICAL"},
        {"id": "CVE-2024-20", "severity": "LOW"},
    ]
    listing = _listing(world, tmp_path, trivy(world.coredns, rows))
    assert [row.id for row in listing.dropped] == ["CVE-2024-21", "CVE-2024-20"]
