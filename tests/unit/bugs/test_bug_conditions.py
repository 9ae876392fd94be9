"""Bugs that ask for several facts at once: network mode, operating system, VM size, node image."""

from __future__ import annotations

import pytest

from analyzer.bugs import Status, match_bugs
from analyzer.facts.identity import NetworkMode
from tests.unit.bugs.test_bug_match import BUGS, facts, journal, node, of


@pytest.mark.parametrize(
    ("mode", "os_image", "image", "count"),
    [
        (NetworkMode.KUBENET, "Ubuntu 24.04.4 LTS", "AKSUbuntu-2404gen2containerd-202607.29.0", 1),
        (NetworkMode.KUBENET, "Ubuntu 24.04.4 LTS", "AKSUbuntu-2404gen2containerd-202608.14.0", 0),
        (NetworkMode.KUBENET, "Ubuntu 22.04.5 LTS", "AKSUbuntu-2204gen2containerd-202607.29.0", 0),
        (NetworkMode.OVERLAY, "Ubuntu 24.04.4 LTS", "AKSUbuntu-2404gen2containerd-202607.29.0", 0),
    ],
)
def test_the_kubenet_hairpin_asks_for_mode_os_and_image(
    mode: NetworkMode, os_image: str, image: str, count: int
) -> None:
    bundle = facts(mode=mode, nodes=[node(os_image=os_image, image=image)])
    found = of(match_bugs(BUGS, bundle), "kubenet-hairpin-2404-5669")
    assert len(found) == count
    assert all(one.status is Status.POSSIBLE for one in found)


def test_a_lost_disk_is_the_bug_on_sizes_with_nvme_disks_alone() -> None:
    line = "findDiskByLun(0) failed with error(failed to find disk by lun 0)"
    for size, image, status in (
        ("Standard_D16as_v6", "AKSUbuntu-2204gen2containerd-202502.03.0", Status.AFFECTED),
        ("Standard_M16bds_v3", "AKSUbuntu-2204gen2containerd-202502.03.0", Status.AFFECTED),
        ("Standard_D16as_v6", "AKSUbuntu-2204gen2containerd-202504.02.0", Status.FIXED_HERE),
        ("Standard_D16s_v5", "AKSUbuntu-2204gen2containerd-202502.03.0", None),
    ):
        row = node(image=image)
        row["metadata"]["labels"]["node.kubernetes.io/instance-type"] = size
        bundle = facts(nodes=[row], logs=journal((30, line)))
        found = of(match_bugs(BUGS, bundle), "azuredisk-finddiskbylun-timeout")
        assert [one.status for one in found] == ([status] if status else [])
