"""What a node shows of a shortage: kills for lack of memory, full disks, time lost to waiting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.baselines.baseline import Baseline
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Condition, Node
from analyzer.facts.parse.host import parse_df, parse_pressure
from analyzer.facts.scan import Match
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.rules.node._consumers import Use, is_customers, oom_victim, pod_of_task, weighs
from analyzer.rules.node._nodes import earliest, is_fresh, is_recent, late

#: How long after a kill the node still counts as short of memory.
OOM_COUNTS = timedelta(hours=6)
#: A file system this full (percent) is worth telling; AKS evicts at 90 percent.
FULL = 85
#: Share of time (percent, 10 s mean) in which tasks wait for the resource.
STALLED = 20.0


@dataclass(frozen=True)
class Kill:
    """A process that the OOM killer of the whole node took, and when it did so first."""

    task: str
    first: datetime | None
    evidence: EvidenceRef
    times: int = 1


def kills_by_node(
    events: Events | None, logs: Logs | None, now: datetime | None
) -> dict[str, list[Kill]]:
    """Kills of the node's OOM killer by node, from the kubelet's events and the kernel's log."""
    found: dict[str, list[Kill]] = {}
    for event in events.items if events is not None else ():
        task = oom_victim(event)
        if task and is_recent(event.last, now, OOM_COUNTS):
            where = event.where("message", what=f"SystemOOM on {event.about[2]}")
            found.setdefault(event.about[2], []).append(
                Kill(task, event.first, where, max(event.times, 1))
            )
    for match in kills_logged(logs):
        if match.node and is_fresh(match, now, OOM_COUNTS):
            task = (match.captures.get("task") or ("a process",))[-1]
            kill = Kill(task, match.first_seen, match.samples[0], late(match))
            found.setdefault(match.node, []).append(kill)
    return found


def kills_logged(logs: Logs | None) -> tuple[Match, ...]:
    """What kernels wrote of such kills after their start; nothing where no log was collected."""
    try:
        found = logs.of("kernel-oom-kill") if logs is not None else ()
    except NotCollected:
        return ()
    return tuple(match for match in found if late(match) > 0)


def use_of_kill(kill: Kill, node: str, pods: Pods | None) -> Use | None:
    pod = pod_of_task(kill.task, node, pods)
    if pod is None:
        return None
    said = "so much memory that the kernel killed it"
    return Use(
        "memory", node, pod.namespace or "", pod.name, kill.task, 0.0, said, kill.first,
        kill.evidence, pod,
    )  # fmt: skip


def machine_shows(
    archives: NodeArchives | None, name: str, kinds: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[EvidenceRef, ...]]:
    """What the node's own files say: full file systems, and time lost to waiting."""
    archive = archives.nodes.get(name) if archives is not None else None
    texts, evidence = [], []
    df = archive.files.get("host/df") if archive and "disk" in kinds else None
    for row in parse_df(df) if df else ():
        if row.used_percent >= FULL:
            texts.append(f"df shows {row.mount} at {row.used_percent} %.")
            evidence.append(row.where)
    psi = archive.files.get("host/pressure") if archive and "memory" in kinds else None
    for line in parse_pressure(psi) if psi else ():
        if line.resource == "memory" and line.kind == "some" and line.avg10 >= STALLED:
            texts.append(f"Tasks wait for memory {line.avg10:.0f} % of the time.")
            evidence.append(line.where)
    return tuple(texts), tuple(evidence)


@dataclass(frozen=True)
class Shortage:
    """A node that is short of something: by its conditions, by kills, and who took it.

    ``own``: the container that took most is the customer's.
    """

    node: Node
    conditions: tuple[tuple[str, Condition], ...]
    kills: tuple[Kill, ...]
    use: Use | None = None
    own: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it is short of: memory, disk, pid."""
        names = [kind for kind, _ in self.conditions] + (["memory"] if self.kills else [])
        return tuple(dict.fromkeys(names))

    @property
    def variant(self) -> str:
        """Which severity it has: a single kill without any pressure may never come again."""
        if self.conditions:
            return "default"
        return "kill-only" if sum(kill.times for kill in self.kills) > 1 else "kill-once"

    @property
    def onset(self) -> datetime | None:
        """Since when."""
        times = [condition.last_transition_time for _, condition in self.conditions]
        return earliest([*times, *(kill.first for kill in self.kills)])


def blamed(
    sighting: Shortage, uses: list[Use], pods: Pods | None, baseline: Baseline, identity: Identity
) -> Shortage:
    """Add the container that took most of what is short, if anything names one."""
    name, kinds = sighting.node.name, sighting.kinds
    own = [use for use in uses if use.node == name and use.kind in kinds] + [
        use for kill in sighting.kills if (use := use_of_kill(kill, name, pods)) is not None
    ]
    use = max(own, key=lambda u: (u.amount, u.namespace, u.pod), default=None)
    if use is None:
        return sighting
    customers = is_customers(use.owner, use.namespace, baseline, identity)
    customers = customers and weighs(use, sighting.node)
    return Shortage(sighting.node, sighting.conditions, sighting.kills, use, customers)
