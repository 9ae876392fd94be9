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
  a day (or of no known time) are left out. Tasks that hang and disks that are volumes wait for
  storage that pods use: the kernel only tells of it, and no owner is guessed.
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
from analyzer.facts.listings import KnownNodes
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives
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
    is_fresh,
    late,
    leaving,
    require_boot,
    require_conditions,
    stamp,
)
from analyzer.rules.node._reach import ITS_OWN_FILES, unseen_signals
from analyzer.rules.node._storage_waits import (
    FIND_VOLUME,
    ITS_VOLUME,
    condition_on_volume,
    stops_the_node,
    waits_for_storage,
)

RULE = Rule(
    id="AKS-NODE-003",
    title="The kernel of a node stalls or fails",
    component="kernel",
    clauses=("NODE-03", "NODE-01"),
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
    #: True while everything that was seen waits for a volume or a share.
    storage: bool = True

    @property
    def group(self) -> str:
        kind = "storage" if self.storage else "kernel"
        return f"{self.node.pool}|{self.node.status.node_info.kernel_version}|{kind}"


def check(
    nodes: KnownNodes, identity: Identity, archives: NodeArchives | None, logs: Logs | None
) -> Iterator[Hit]:
    now = identity.collected_at
    matches = by_node(m for m in _matches(logs) if is_fresh(m, now))
    found = [
        t for node in nodes.items if (t := _look(node, matches.get(node.name, []))) is not None
    ]
    for trouble in found:
        alike = [t.node.name for t in found if t.group == trouble.group]
        told = alike if len(alike) >= MANY else [trouble.node.name]
        signals = unseen_signals(trouble.node, archives)
        yield _hit(trouble, told, signals, identity.collected_at)
    require_conditions(nodes)
    require_boot(_matches(logs))
    if logs is None or not any(node.condition("KernelDeadlock") for node in nodes.items):
        (logs or Logs()).any_of(TROUBLE)


def _matches(logs: Logs | None) -> tuple[Match, ...]:
    """What the kernels said often enough."""
    try:
        found = logs.any_of(TROUBLE) if logs is not None else ()
    except NotCollected:
        found = ()
    return tuple(m for m in found if late(m) >= TROUBLE[m.pattern][0])


def _look(node: Node, matches: list[Match]) -> _Trouble | None:
    if leaving(node):
        return None
    trouble = _Trouble(node)
    for match in sorted(matches, key=lambda m: list(TROUBLE).index(m.pattern)):
        trouble.said.append(f"{TROUBLE[match.pattern][1]}{_captured(match)} ({late(match)} lines)")
        trouble.names.append(match.pattern)
        trouble.minor &= _is_minor(match, node)
        trouble.storage &= waits_for_storage(match)
        trouble.evidence += match.samples[:1]
        trouble.times.append(match.first_seen)
    for name, text in CONDITIONS.items():
        condition = holds(node, name)
        if condition is not None:
            trouble.said.append(f"{text}: {condition.message}".rstrip(".: "))
            trouble.names.append(name)
            on_volume = condition_on_volume(condition, matches)
            trouble.minor &= name in MINOR or on_volume
            trouble.storage &= on_volume
            trouble.evidence.append(node.where(f"type: {name}", f"reason: {condition.reason}"))
            trouble.times.append(condition.last_transition_time)
    return trouble if trouble.said else None


def _is_minor(match: Match, node: Node) -> bool:
    """True where the lines concern a volume, an interface or a pod, and not the whole node."""
    if match.pattern == "kernel-hung-task":
        return node.ready is True and not stops_the_node(match)
    return match.pattern in MINOR or waits_for_storage(match)


def _captured(match: Match) -> str:
    for name in ("device", "xfs", "task", "what"):
        if values := match.captures.get(name):
            return f": {', '.join(values[:3])}"
    return ""


def _hit(
    trouble: _Trouble, alike: list[str], unseen: frozenset[Signal], now: datetime | None
) -> Hit:
    node, onset = trouble.node, earliest(trouble.times)
    kernel = node.status.node_info.kernel_version or "unknown version"
    disks_only = set(trouble.names) <= _OF_STORAGE
    signals = _OF_HOST | unseen
    would_change = (ITS_OWN_FILES,) if unseen else ()
    if trouble.storage:
        signals, would_change = _OF_VOLUME, (ITS_VOLUME,)
    return Hit(
        subject=node.subject,
        title=_title(trouble, alike),
        saw=f"On {node.name} (kernel {kernel}){stamp(onset)}: {'; '.join(trouble.said)}.",
        expected="A kernel log without stalls, failures and lost disks after the boot.",
        evidence=tuple(dict.fromkeys(trouble.evidence)),
        variant="minor" if trouble.minor else "default",
        group=trouble.group if len(alike) > 1 else None,
        signals=signals,
        first_seen=onset,
        last_seen=now,
        produces=frozenset() if trouble.minor and disks_only else None,
        would_change=would_change,
        do_next=FIND_VOLUME if trouble.storage else None,
    )


_OF_HOST = frozenset({Signal.NODE_HOST, Signal.UNHEALTHY})
_OF_VOLUME = frozenset({Signal.STORAGE, Signal.CHANGE_NOT_CHECKED})
_OF_STORAGE = frozenset(
    {"kernel-io-error", "kernel-readonly-fs", "kernel-hung-task", "ReadonlyFilesystem"}
)


def _title(trouble: _Trouble, alike: list[str]) -> str:
    nodes = counted(alike, "node", "nodes")
    if not trouble.storage:
        return f"The kernel of {nodes} is in trouble"
    if set(trouble.names) == {"kernel-hung-task"}:
        return f"Tasks on {nodes} hang, as if storage did not answer"
    return f"A volume on {nodes} does not serve"
