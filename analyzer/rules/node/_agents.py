"""Kubelet and containerd, which make a machine a node: signs that they do not work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeFiles
from analyzer.facts.objects import Node
from analyzer.facts.parse.host import parse_failed_units
from analyzer.facts.scan import Match
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.rules.node._nodes import START_UP, earliest, holds, is_fresh, is_recent

#: Failures that ended this long before the collection are over.
STILL = timedelta(hours=1)


@dataclass(frozen=True)
class Agent:
    """A service by its landmarks and conditions.

    ``broken`` are landmarks of its failure, of which ``min_broken`` lines in the last hour count.
    ``conditions`` are node conditions with what is said of them.
    """

    name: str
    stop: str
    start: str
    broken: tuple[str, ...]
    min_broken: int
    conditions: Mapping[str, str]
    unit: str


@dataclass
class Signs:
    """What speaks for a service that does not work. ``down``: it does not run at the moment.

    ``requested``: it was stopped by request, not by a failure.
    """

    said: list[str] = field(default_factory=list)
    evidence: list[EvidenceRef] = field(default_factory=list)
    times: list[datetime | None] = field(default_factory=list)
    down: bool = False
    requested: bool = False

    @property
    def onset(self) -> datetime | None:
        """The first moment that any of the signs knows."""
        return earliest(self.times)

    def add(self, text: str, evidence: EvidenceRef, when: datetime | None) -> None:
        """Add one sign."""
        self.said.append(text)
        self.evidence.append(evidence)
        self.times.append(when)

    def add_match(self, match: Match, text: str, now: datetime | None) -> None:
        """Add lines of a log, if they went on until lately."""
        if is_fresh(match, now, STILL):
            self.add(f"{text} ({match.count} lines)", match.samples[0], match.first_seen)


def merge(*parts: Signs) -> Signs:
    """All signs as one."""
    whole = Signs()
    for part in parts:
        whole.said += part.said
        whole.evidence += part.evidence
        whole.times += part.times
        whole.down |= part.down
        whole.requested |= part.requested
    return whole


def condition_signs(node: Node, agent: Agent) -> Signs:
    """Conditions of node-problem-detector that are True."""
    signs = Signs()
    for name, text in agent.conditions.items():
        condition = holds(node, name)
        if condition is not None:
            where = node.where(f"type: {name}", f"reason: {condition.reason}")
            signs.add(text, where, condition.last_transition_time)
            signs.down |= not name.startswith("Frequent")
    return signs


def service_signs(
    node: Node, agent: Agent, logs: Logs | None, archive: NodeFiles | None, now: datetime | None
) -> Signs:
    """What systemd and the service wrote: a stop without a start, failures, a failed unit."""
    signs = Signs()
    stop, start = _of(agent.stop, node, logs), _of(agent.start, node, logs)
    # A node that is ready has both services: the log must have lost the later start then.
    lost = stop is not None and _after(stop, start) and is_recent(stop.last_seen, now)
    if stop is not None and lost and node.ready is not True:
        signs.add(
            f"systemd stopped {agent.name}, and it did not start again",
            stop.samples[-1],
            stop.last_seen,
        )
        signs.down = True
        signs.requested = not stop.captures.get("result")
    born = node.metadata.creation_timestamp
    for landmark in agent.broken:
        match = _of(landmark, node, logs)
        if match is None or match.count < agent.min_broken or not is_fresh(match, now, STILL):
            continue
        if born and match.last_seen and match.last_seen < born + START_UP:
            continue
        signs.add(f"{agent.name} failed {match.count} times", match.samples[0], match.first_seen)
    file = archive.files.get("host/failed-units") if archive is not None else None
    for unit, where in parse_failed_units(file) if file is not None else ():
        if unit == agent.unit:
            signs.add(f"systemd holds {unit} for failed", where, None)
            signs.down = True
    return signs


def _of(landmark: str, node: Node, logs: Logs | None) -> Match | None:
    """The matches of a landmark on a node: the member with the newest line."""
    try:
        own = logs.on(node.name, landmark) if logs is not None else ()
    except NotCollected:
        return None
    return max(own, key=lambda m: (m.last_seen is not None, m.last_seen, m.path), default=None)


def _after(stop: Match, start: Match | None) -> bool:
    """True where the last stop has no later start; without times, where no start is seen at all."""
    if start is None:
        return True
    if stop.last_seen is None or start.last_seen is None:
        return False
    return stop.last_seen > start.last_seen
