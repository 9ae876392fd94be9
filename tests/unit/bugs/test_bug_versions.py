"""Versions as nodes print them against bounds as bug reports state them."""

from __future__ import annotations

import pytest

from analyzer.bugs.versions import NotComparable, Scheme, compare, in_range, upper_bounds


@pytest.mark.parametrize(
    ("version", "bound", "scheme", "order"),
    [
        ("1.7.30-ubuntu22.04u2", "1.7.30", Scheme.SEMVER, 0),
        ("1.7.9", "1.7.31", Scheme.SEMVER, -1),
        ("v1.28.5-hotfix.20240131", "1.28.5", Scheme.SEMVER, 0),
        ("1.11.3-6", "1.11.3", Scheme.SEMVER, 0),
        ("1.11.3-6", "1.11.3-7", Scheme.SEMVER, -1),
        ("v1.12.1-1", "1.12.0", Scheme.SEMVER, 1),
        ("2.2.4-4.azl3", "2.2.2", Scheme.SEMVER, 1),
        ("1.0.0-rc93", "1.0.0-rc94", Scheme.SEMVER, -1),
        ("1.0.0-rc93", "1.0.0", Scheme.SEMVER, -1),
        ("1.0.0", "1.0.0-rc93", Scheme.SEMVER, 1),
        ("1.10.0", "1.9.9", Scheme.SEMVER, 1),
        ("1.14.18-250107", "1.14.18-250107", Scheme.AKS_IMAGE, 0),
        ("1.14.18-241220", "1.14.18-250107", Scheme.AKS_IMAGE, -1),
        ("5.15.0-1102-azure", "5.15.0-1094", Scheme.DEB_KERNEL, 1),
        ("5.15.0-1092-azure", "5.15.0-1094", Scheme.DEB_KERNEL, -1),
        ("4.15.0-1057-azure", "4.15.0-1057", Scheme.DEB_KERNEL, 0),
        ("6.6.141.1-1.azl3", "6.6.150.1", Scheme.AZL_KERNEL, -1),
        ("6.6.150.1-2.azl3", "6.6.150.1", Scheme.AZL_KERNEL, 0),
        ("6.8.0-1025-azure", "6.2", Scheme.KERNEL, 1),
        ("AKSUbuntu-2204gen2containerd-202509.11.0", "202510.03.0", Scheme.NODE_IMAGE, -1),
        ("AKSAzureLinux-V3gen2-202511.07.0", "202511.07.0", Scheme.NODE_IMAGE, 0),
        ("AKSUbuntu-1804-2021.03.09", "2021.03.03", Scheme.NODE_IMAGE, 1),
        ("237-3ubuntu10.54", "237-3ubuntu10.56", Scheme.DEB, -1),
        ("249.11-0ubuntu3.16", "249", Scheme.DEB, 1),
        ("1:1.2-1", "2.0-1", Scheme.DEB, 1),
        ("1.0~rc1-1", "1.0-1", Scheme.DEB, -1),
        ("1.0+b1-1", "1.0-1", Scheme.DEB, 1),
        ("1.10-1", "1.9-1", Scheme.DEB, 1),
        ("8u371", "8u372", Scheme.OPENJDK, -1),
        ("11.0.16", "11.0.16", Scheme.OPENJDK, 0),
    ],
)
def test_order(version: str, bound: str, scheme: Scheme, order: int) -> None:
    assert compare(version, bound, scheme) == order


@pytest.mark.parametrize(
    ("version", "inside"),
    [
        ("1.6.24", True),
        ("1.6.25", False),
        ("1.7.0", True),
        ("1.7.8-1", False),
        ("2.1.1", False),
    ],
)
def test_ranges_of_several_lines(version: str, inside: bool) -> None:
    assert in_range(version, "<1.6.25 || >=1.7.0,<1.7.8") is inside


def test_upper_bounds() -> None:
    assert upper_bounds(">=1.2.0,<1.2.5 || <1.1.7") == ("1.2.5", "1.1.7")
    assert upper_bounds("<=1.2.0") == ()


@pytest.mark.parametrize(
    ("version", "scheme"),
    [
        ("", Scheme.SEMVER),
        ("latest", Scheme.SEMVER),
        ("unknown", Scheme.DEB_KERNEL),
        ("AKSWindows-2022-containerd-20348.3207.250210", Scheme.NODE_IMAGE),
        ("none", Scheme.DEB),
    ],
)
def test_what_is_no_version_is_refused(version: str, scheme: Scheme) -> None:
    with pytest.raises(NotComparable):
        compare(version, "202501.01.0" if scheme is Scheme.NODE_IMAGE else "1.0", scheme)
