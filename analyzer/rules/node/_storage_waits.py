"""Which complaints of a kernel concern storage that pods use, and not the node itself."""

from __future__ import annotations

import re

from analyzer.facts.objects import Condition
from analyzer.facts.scan import Match

#: Disks of the machine itself; any other is a volume, and its loss stops the pods that use it.
_OWN_DISK = re.compile(r"(?:sd[ab]\d*|vda\d*|nvme0\w*|dm-0|root)$")
#: What a node cannot work without, by the names of its tasks.
_AGENTS = ("kubelet", "containerd", "runc", "systemd", "dockerd")
#: Tasks that write a file system's journal carry the name of its disk: ``jbd2/sda1-8``.
_JOURNAL = re.compile(r"^(?:jbd2|xfsaild|xfs-\w+)/(?P<disk>[\w-]+?)(?:-8)?$")
#: A disk in a line of ext4 or XFS, as node-problem-detector repeats it in its condition.
_NAMED = re.compile(r"(?:EXT4-fs (?:error )?|XFS )\((?:device )?(?P<disk>[\w-]+)\)")
_OF_DISKS = ("kernel-readonly-fs", "kernel-io-error")
_OF_FILE_SYSTEMS = ("ReadonlyFilesystem", "FilesystemCorruptionProblem")

#: What would settle whose a volume is that does not serve.
ITS_VOLUME = (
    "The metrics and the activity log of the disk or share: one that was slowed down at the limit "
    "of its size, or detached by hand, would make it the customer's; one that Azure did not serve "
    "Microsoft's."
)
FIND_VOLUME = (
    "Find the volume (lsblk and findmnt on the node, kubectl get volumeattachments), then look at "
    "its disk or share in Azure: whether it was slowed down at its limits, detached, or out of "
    "reach. Restart the pods that use it once it serves again."
)


def disks_of(match: Match) -> tuple[str, ...]:
    """The disks that lines name."""
    return (*match.captures.get("device", ()), *match.captures.get("xfs", ()))


def waits_for_storage(match: Match) -> bool:
    """True for lines on a volume's disk, and for tasks that hang.

    A task hangs when a disk or a share does not answer (Documentation/admin-guide/sysctl/kernel.rst
    of Linux, hung_task_timeout_secs). Which one, and whether its size slows it down or Azure does,
    the line does not tell.
    """
    if match.pattern == "kernel-hung-task":
        return True
    return match.pattern in _OF_DISKS and are_volumes(disks_of(match))


def are_volumes(disks: tuple[str, ...]) -> bool:
    """True where disks are named, and none of them is the machine's own."""
    return bool(disks) and not any(_OWN_DISK.match(disk) for disk in disks)


def stops_the_node(match: Match) -> bool:
    """True where tasks hang that the node needs: its agents, or the journal of its own disk."""
    return any(_is_of_node(task) for task in match.captures.get("task", ()))


def condition_on_volume(condition: Condition, matches: list[Match]) -> bool:
    """True for a condition on a file system that is a volume, by its text or by the log."""
    if condition.type not in _OF_FILE_SYSTEMS:
        return False
    named = tuple(match["disk"] for match in _NAMED.finditer(condition.message))
    if named:
        return are_volumes(named)
    logged = [disks_of(match) for match in matches if match.pattern == "kernel-readonly-fs"]
    return bool(logged) and all(are_volumes(disks) for disks in logged)


def _is_of_node(task: str) -> bool:
    if task.startswith(_AGENTS):
        return True
    journal = _JOURNAL.match(task)
    return journal is not None and _OWN_DISK.match(journal["disk"]) is not None
