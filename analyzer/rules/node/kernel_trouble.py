"""The kernel of a node stalls, fails, or loses a disk.

What it means:
  The kernel wrote of CPUs that are stuck, tasks that hang, a failure of its own code (oops,
  panic), file systems that went read-only, disks that do not answer, or a network interface that
  it cannot remove.
Why it matters:
  The kubelet, containerd and the network agents depend on the kernel: they stall with it, and the
  node is no longer ready or works by halves.
How we know:
  The kernel's log of the node and the conditions that node-problem-detector sets (KernelDeadlock,
  ReadonlyFilesystem, FilesystemCorruptionProblem, FrequentUnregisterNetDevice). Lines of the
  first minutes after the boot, single lines that a paused machine leaves, and what is older than
  a day are left out.
What to do:
  customer: Cordon and drain the node, then reimage it by a node image upgrade (az aks nodepool
    upgrade --node-image-only); open a support request with the log if it comes again.
  microsoft: Compare the log with the known bugs of that kernel, and look at the host of the
    machine.
  upstream: Compare the stack in the log with the kernel's own bug trackers.
References:
  - Node problem detector in AKS: https://learn.microsoft.com/azure/aks/node-problem-detector
  - Lockup detectors: https://docs.kernel.org/admin-guide/lockup-watchdogs.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.logs import Logs
from analyzer.facts.objects import Node
from analyzer.facts.scan import Match
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import (
    by_node,
    counted,
    earliest,
    holds,
    is_recent,
    late,
    leaving,
    require_conditions,
    stamp,
)

RULE = Rule(
    id="AKS-NODE-003",
    title="The kernel of a node stalls or fails",
    component="kernel",
    clauses=("NODE-03", "NODE-01"),
    signals=frozenset({Signal.NODE_HOST, Signal.UNHEALTHY}),
)

#: Landmark → how many lines make it a fault, and what is said of it. Worst first.
#: One stuck CPU or hung task is what the pause of a virtual machine leaves.
TROUBLE = {
    "kernel-panic": (1, "the kernel panicked"),
    "kernel-oops": (1, "code of the kernel failed (oops)"),
    "kernel-readonly-fs": (1, "a file system went read-only"),
    "kernel-soft-lockup": (2, "CPUs were stuck"),
    "kernel-hung-task": (2, "tasks hung"),
    "kernel-io-error": (5, "a disk did not serve reads or writes"),
    "kernel-unregister-netdevice": (10, "a network interface could not be removed"),
}
CONDITIONS = {
    "KernelDeadlock": "node-problem-detector reports a deadlock of the kernel",
    "ReadonlyFilesystem": "node-problem-detector reports a read-only file system",
    "FilesystemCorruptionProblem": "node-problem-detector reports a corrupt file system",
    "FrequentUnregisterNetDevice": "node-problem-detector reports stuck interfaces",
}
#: What does not stop the whole node.
MINOR = frozenset({"kernel-io-error", "kernel-unregister-netdevice", "FrequentUnregisterNetDevice"})
#: Disks of the machine itself; any other is a volume, and its loss stops the pods that use it.
OWN_DISKS = ("sda", "sdb", "nvme0", "vda", "dm-0", "root")
#: From so many nodes of one pool and kernel on, they are told as one.
MANY = 3


@dataclass
class _Trouble:
    node: Node
    said: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    evidence: list[EvidenceRef] = field(default_factory=list)
    times: list[datetime | None] = field(default_factory=list)
    #: False once something was seen that concerns the whole node.
    minor: bool = True

    @property
    def group(self) -> str:
        return f"{self.node.pool}|{self.node.status.node_info.kernel_version}"


def check(nodes: Nodes, identity: Identity, logs: Logs | None) -> Iterator[Hit]:
    matches = by_node(_matches(logs, identity.collected_at))
    found = [
        t for node in nodes.items if (t := _look(node, matches.get(node.name, []))) is not None
    ]
    for trouble in found:
        alike = [t.node.name for t in found if t.group == trouble.group]
        yield _hit(
            trouble, alike if len(alike) >= MANY else [trouble.node.name], identity.collected_at
        )
    require_conditions(nodes)
    if logs is None or not any(node.condition("KernelDeadlock") for node in nodes.items):
        (logs or Logs()).any_of(TROUBLE)


def _matches(logs: Logs | None, now: datetime | None) -> tuple[Match, ...]:
    """What the kernels said often enough, and lately."""
    try:
        found = logs.any_of(TROUBLE) if logs is not None else ()
    except NotCollected:
        found = ()
    return tuple(
        m for m in found if late(m) >= TROUBLE[m.pattern][0] and is_recent(m.last_seen, now)
    )


def _look(node: Node, matches: list[Match]) -> _Trouble | None:
    if leaving(node):
        return None
    trouble = _Trouble(node)
    for match in sorted(matches, key=lambda m: list(TROUBLE).index(m.pattern)):
        trouble.said.append(f"{TROUBLE[match.pattern][1]}{_captured(match)} ({late(match)} lines)")
        trouble.names.append(match.pattern)
        trouble.minor &= _is_minor(match)
        trouble.evidence += match.samples[:1]
        trouble.times.append(match.first_seen)
    for name, text in CONDITIONS.items():
        condition = holds(node, name)
        if condition is not None:
            trouble.said.append(f"{text}: {condition.message}".rstrip(".: "))
            trouble.names.append(name)
            trouble.minor &= name in MINOR
            trouble.evidence.append(node.where(f"type: {name}", f"reason: {condition.reason}"))
            trouble.times.append(condition.last_transition_time)
    return trouble if trouble.said else None


def _is_minor(match: Match) -> bool:
    """True where the lines concern a volume or an interface, and not the whole node."""
    if match.pattern != "kernel-readonly-fs":
        return match.pattern in MINOR
    disks = [*match.captures.get("device", ()), *match.captures.get("xfs", ())]
    return bool(disks) and not any(disk.startswith(OWN_DISKS) for disk in disks)


def _captured(match: Match) -> str:
    for name in ("device", "xfs", "task", "what"):
        if values := match.captures.get(name):
            return f": {', '.join(values[:3])}"
    return ""


def _hit(trouble: _Trouble, alike: list[str], now: datetime | None) -> Hit:
    node, onset = trouble.node, earliest(trouble.times)
    kernel = node.status.node_info.kernel_version or "unknown version"
    disks_only = set(trouble.names) <= {"kernel-io-error", "kernel-readonly-fs"}
    return Hit(
        subject=node.subject,
        title=f"The kernel of {counted(alike, 'node', 'nodes')} is in trouble",
        saw=f"On {node.name} (kernel {kernel}){stamp(onset)}: {'; '.join(trouble.said)}.",
        expected="A kernel log without stalls, failures and lost disks after the boot.",
        evidence=tuple(dict.fromkeys(trouble.evidence)),
        variant="minor" if trouble.minor else "default",
        group=trouble.group if len(alike) > 1 else None,
        first_seen=onset,
        last_seen=now,
        produces=frozenset() if trouble.minor and disks_only else None,
    )
