"""A node waits for a reboot since its last patches.

What it means:
  The operating system installed patches that need a reboot, and the node has not been rebooted for
  a long time.
Why it matters:
  The kernel that runs is the old one, with what the patches mend. The nightly patches of the
  Unmanaged channel never reboot by themselves.
How we know:
  The marker that the OS leaves (/var/run/reboot-required) and how long the node has been up. A
  reboot that has been due for less than a month is not told.
What to do:
  customer: Drain and reboot the node, or better replace it by a newer node image (az aks nodepool
    upgrade --node-image-only); the channel NodeImage or SecurityPatch makes this automatic.
References:
  - Automatic node OS upgrades: https://learn.microsoft.com/azure/aks/auto-upgrade-node-os-image
  - Reboots with kured: https://learn.microsoft.com/azure/aks/upgrade-node-image-kured
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.facts.node_files import NodeArchives
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-NODE-020",
    title="A node waits for a reboot since its last patches",
    component="node-image",
    clauses=("NODE-02", "NODE-06", "IMG-01"),
    signals=frozenset({Signal.NODE_IMAGE_OLD}),
)

#: Days up from which a due reboot is told; monthly maintenance stays below.
LONG = 30
#: Form of uptime(1) of procps and busybox.
_UP = re.compile(r"\bup\s+(?P<days>\d{1,5}) days?\b")


def check(archives: NodeArchives) -> Iterator[Hit]:
    gaps: list[Gap] = []
    read = 0
    for archive in archives.require():
        try:
            marker = archive.get("host/reboot-required")
            up = archive.get("host/uptime")
        except NotCollected as missing:
            gaps += missing.gaps
            continue
        read += 1
        lines = marker.text.split("\n")
        match = _UP.search(up.text)
        days = int(match["days"]) if match else 0
        if lines[0].strip() == "yes" and days >= LONG:
            packages = [line for line in lines[1:] if line.strip()]
            for_ = f" for {', '.join(packages[:3])}" if packages else ""
            yield Hit(
                subject=Subject(kind="Node", name=archive.node),
                title=f"Nodes wait for a reboot, up for {LONG} days and more",
                saw=f"{archive.node} waits for a reboot{for_} and has been up for {days} days.",
                expected="A node is rebooted or replaced within a month of its patches.",
                evidence=(marker.at(1), up.at(1)),
                group="reboot",
            )
    if not read:
        raise NotCollected(*gaps)
