"""Whether a node image was the newest that a node could have, at the time of the collection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analyzer.baselines.node_images import newest, packaged_date, parse_node_image
from analyzer.cves.cluster import Currency, currency_of
from analyzer.cves.filter import filter_reports
from analyzer.cves.reasons import Reason
from analyzer.facts.objects import Node
from fixtures.build import scenario, tree, write
from tests.cves.reports import grype, trivy, written

SKU = "AKSUbuntu-2204gen2containerd"
NOW = datetime(2026, 1, 20, tzinfo=UTC)


def _node(label: str | None) -> Node:
    labels = {} if label is None else {"kubernetes.azure.com/node-image-version": label}
    return Node.model_validate({"metadata": {"name": "n", "labels": labels}})


def _label_of(at: datetime) -> str:
    image = newest(SKU, at)
    assert image is not None
    return image.label


def test_the_newest_before_the_roll_out_is_current_and_the_one_before_is_not() -> None:
    reachable = _label_of(NOW - timedelta(days=14))
    assert currency_of(_node(reachable), NOW)[0] is Currency.CURRENT
    image = parse_node_image(reachable)
    assert image is not None and image.built is not None
    before = _label_of(datetime(*image.built.timetuple()[:3], tzinfo=UTC) - timedelta(days=1))
    state, why = currency_of(_node(before), NOW)
    assert state is Currency.OUTDATED and image.version in why


def test_a_later_security_patch_counts() -> None:
    old = _label_of(NOW - timedelta(days=90))
    assert currency_of(_node(old), NOW)[0] is Currency.OUTDATED
    assert currency_of(_node(f"{old}-2026.01.12"), NOW)[0] is Currency.CURRENT


def test_beyond_the_data_only_a_young_image_is_surely_current() -> None:
    later = datetime.fromisoformat(packaged_date()).replace(tzinfo=UTC) + timedelta(days=200)
    young, old = later - timedelta(days=9), later - timedelta(days=60)
    assert currency_of(_node(f"{SKU}-{young:%Y%m.%d}.0"), later)[0] is Currency.CURRENT
    state, why = currency_of(_node(f"{SKU}-{old:%Y%m.%d}.0"), later)
    assert state is Currency.UNKNOWN and packaged_date() in why


@pytest.mark.parametrize("label", [None, "", "AKSMystery-1", f"{SKU}-latest"])
def test_without_a_date_nobody_knows(label: str | None) -> None:
    assert currency_of(_node(label), NOW)[0] is Currency.UNKNOWN


def test_without_pods_or_nodes_no_owner_is_told(tmp_path: Path) -> None:
    gone = ("cluster/resources/core/pods/*", "cluster/resources/core/nodes.json")
    drop = [{"path": path, "note": "forbidden"} for path in gone]
    world = {"name": "blind", "pools": {"system": 1, "work": 1}, "seed": 8, "drop": drop}
    bundle = write(tree(scenario(world)), tmp_path / "blind.tar")
    reports = [
        written(tmp_path, "i.json", grype("mcr.microsoft.com/x:1", [{"id": "CVE-1"}])),
        written(tmp_path, "n.json", trivy("node-1", [{"id": "CVE-2"}], kind="rootfs")),
    ]
    listing = filter_reports(reports, bundle)
    assert {row.reason for row in listing.dropped} == {Reason.NOT_IN_BUNDLE}
    assert all("forbidden" in row.why for row in listing.dropped)
