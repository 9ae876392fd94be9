"""Support windows, node images and their age."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from analyzer.baselines.calendar import LTS_PLAN, Support, newest_supported, support_state
from analyzer.baselines.node_images import (
    age_days,
    known,
    newer_than_data,
    newest,
    parse_node_image,
    patched_kernel,
    runtime_version,
    versions,
)

OFFICIAL = "KubernetesOfficial"


@pytest.mark.parametrize(
    ("minor", "day", "plan", "state", "certain"),
    [
        ("1.33", "2025-05-20", OFFICIAL, Support.PREVIEW, True),
        ("1.33", "2025-06-01", OFFICIAL, Support.SUPPORTED, True),
        ("1.33", "2026-07-31", OFFICIAL, Support.SUPPORTED, True),
        ("1.33", "2026-08-01", OFFICIAL, Support.PLATFORM_ONLY, True),
        ("1.33", "2026-08-01", LTS_PLAN, Support.LTS, True),
        ("1.33", "2026-08-01", None, Support.PLATFORM_ONLY, False),
        ("1.33", "2026-12-01", OFFICIAL, Support.OUT_OF_SUPPORT, True),
        ("1.33", "2027-08-01", LTS_PLAN, Support.OUT_OF_SUPPORT, True),
        ("1.33", "2027-08-01", None, Support.OUT_OF_SUPPORT, True),
        ("1.31", "2025-11-01", OFFICIAL, Support.SUPPORTED, True),
        ("1.31", "2025-11-02", OFFICIAL, Support.PLATFORM_ONLY, True),
        ("1.30", "2026-06-01", None, Support.OUT_OF_SUPPORT, False),
        ("1.24", "2023-01-01", LTS_PLAN, Support.OUT_OF_SUPPORT, True),
        ("1.41", "2027-12-01", None, Support.UNKNOWN_NEWER, True),
        (None, "2026-01-01", None, Support.UNKNOWN, True),
    ],
)
def test_support(
    minor: str | None, day: str, plan: str | None, state: Support, certain: bool
) -> None:
    at = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    found = support_state(minor, at, plan)
    assert (found.state, found.certain) == (state, certain), found.why
    assert found.why


def test_support_tells_dates_and_source() -> None:
    found = support_state("1.32", datetime(2026, 1, 1, tzinfo=UTC), None)
    assert (found.ga, found.end, found.lts_end) == (
        date(2025, 4, 1),
        date(2026, 3, 31),
        date(2027, 3, 31),
    )
    assert found.platform_until == date(2026, 6, 30)
    assert found.source.endswith("supported-kubernetes-versions.md")
    assert found.in_support
    assert support_state("1.32", None, None).state is Support.UNKNOWN
    assert newest_supported(datetime(2026, 7, 1, tzinfo=UTC)) == "1.36"
    assert newest_supported(datetime(2020, 7, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("label", "sku", "built", "patch"),
    [
        (
            "AKSUbuntu-2204gen2containerd-202511.20.0",
            "AKSUbuntu-2204gen2containerd",
            date(2025, 11, 20),
            None,
        ),
        (
            "AKSUbuntu-2204gen2containerd-202410.27.0-2024.12.01",
            "AKSUbuntu-2204gen2containerd",
            date(2024, 10, 27),
            date(2024, 12, 1),
        ),
        (
            "AKSUbuntu-1804gen2containerd-2023.02.15",
            "AKSUbuntu-1804gen2containerd",
            date(2023, 2, 15),
            None,
        ),
        ("AKSAzureLinux-V3gen2-202608.20.0", "AKSAzureLinux-V3gen2", date(2026, 8, 20), None),
        (
            "AKSWindows-2022-containerd-gen2-20348.5386.260715",
            "AKSWindows-2022-containerd-gen2",
            date(2026, 7, 15),
            None,
        ),
        (
            "AKSWindows-2025-gen2-26100.33296.260812",
            "AKSWindows-2025-gen2",
            date(2026, 8, 12),
            None,
        ),
        ("AKSFlatcar-flatcargen2-202607.02.0", "AKSFlatcar-flatcargen2", date(2026, 7, 2), None),
    ],
)
def test_labels(label: str, sku: str, built: date, patch: date | None) -> None:
    image = parse_node_image(label)
    assert image is not None
    assert (image.sku, image.built, image.security_patch, image.label) == (sku, built, patch, label)


@pytest.mark.parametrize(
    "label", [None, "", "my-own-image", "AKSUbuntu-2204", "AKSUbuntu-x-202513"]
)
def test_labels_of_no_known_form(label: str | None) -> None:
    assert parse_node_image(label) is None


def test_an_impossible_date_is_no_age() -> None:
    image = parse_node_image("AKSUbuntu-2204containerd-202513.40.0")
    assert image is not None
    assert image.built is None
    assert age_days(image, datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_age_counts_from_the_later_of_build_and_security_patch() -> None:
    at = datetime(2025, 1, 1, 6, tzinfo=UTC)
    built = parse_node_image("AKSUbuntu-2204gen2containerd-202410.27.0")
    patched = parse_node_image("AKSUbuntu-2204gen2containerd-202410.27.0-2024.12.01")
    future = parse_node_image("AKSUbuntu-2204gen2containerd-202510.27.0")
    assert built and patched and future
    assert (age_days(built, at), age_days(patched, at), age_days(future, at)) == (66, 31, 0)


def test_versions_of_a_release() -> None:
    image = parse_node_image("AKSUbuntu-2204gen2containerd-202511.20.0")
    assert image is not None
    carried = versions(image)
    assert carried is not None
    assert carried.containerd == "1.7.29-ubuntu22.04u1"
    assert carried.runc == "1.3.3-ubuntu22.04u1"
    assert carried.kernel == "5.15.0-1099-azure"
    edge = parse_node_image("AKSUbuntuEdgeZone-2204gen2containerd-202511.20.0")
    assert edge is not None
    assert versions(edge) == carried


def test_windows_and_old_releases() -> None:
    windows = parse_node_image("AKSWindows-2022-containerd-gen2-20348.5386.260715")
    assert windows is not None
    carried = versions(windows)
    assert carried is not None
    assert (carried.containerd, carried.kernel) == (None, "20348.5386")
    old = parse_node_image("AKSUbuntu-2204containerd-2023.01.10")
    assert old is not None
    assert known(old)


def test_a_newer_image_is_valid_and_aged_by_its_own_date() -> None:
    image = parse_node_image("AKSUbuntu-2404gen2containerd-202609.09.0")
    assert image is not None
    assert newer_than_data(image)
    assert versions(image) is None
    assert age_days(image, datetime(2026, 9, 19, tzinfo=UTC)) == 10
    gone = parse_node_image("AKSUbuntu-2204gen2containerd-202511.21.9")
    assert gone is not None
    assert not newer_than_data(gone)
    assert versions(gone) is None


def test_the_newest_release_at_a_time() -> None:
    latest = newest("AKSUbuntu-2204gen2containerd")
    assert latest is not None
    assert latest.version == "202608.20.0"
    then = newest("AKSUbuntu-2204gen2containerd", datetime(2025, 12, 1, tzinfo=UTC))
    assert then is not None
    assert then.version == "202511.20.0"
    assert newest("AKSPlan9-v1") is None
    assert patched_kernel("ubuntu2404", date(2026, 8, 14)) == "6.8.0-1064-azure"
    assert patched_kernel("ubuntu2404", date(2020, 1, 1)) is None


@pytest.mark.parametrize(
    ("reported", "found"),
    [
        ("containerd://1.7.25-1", ("containerd", "1.7.25")),
        ("containerd://2.0.4+azure", ("containerd", "2.0.4")),
        ("docker://20.10.7", ("docker", "20.10.7")),
        ("containerd", None),
        (None, None),
    ],
)
def test_runtime_versions(reported: str | None, found: tuple[str, str] | None) -> None:
    assert runtime_version(reported) == found
