"""Which container of a pod crashes in a loop, since when, and what it said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.facts.logs import Logs
from analyzer.facts.objects import ContainerStateDetail, ContainerStatus, Pod
from analyzer.model.evidence import EvidenceRef

#: A container may need a few starts while its node comes up.
MIN_RESTARTS = 3
#: Without the state CrashLoopBackOff it takes more restarts, the last of them recent.
MIN_RESTARTS_RUNNING = 5
RECENT = timedelta(minutes=30)
SHORT_RUN = timedelta(minutes=10)
#: Landmarks that say nothing of a fault.
_HARMLESS = frozenset({"konnectivity-normal-chatter"})
_LOG_LINES = 2


@dataclass(frozen=True)
class Crash:
    """One crash-looping container; ``since`` is the earliest sign of it that the pod shows."""

    pod: Pod
    status: ContainerStatus
    since: datetime | None
    ended: ContainerStateDetail | None

    @property
    def where(self) -> EvidenceRef:
        """The container's state in the pod list."""
        waiting = self.status.state.waiting
        state = waiting or self.ended
        reason = state.reason if state is not None else ""
        return self.pod.where(f"restartCount: {self.status.restart_count}", f"reason: {reason}")

    @property
    def sentence(self) -> str:
        """What happened, with the last termination and the memory limit where that ended it."""
        where = f" on {self.pod.spec.node_name}" if self.pod.spec.node_name else ""
        text = (
            f"Container {self.status.name} of {self.pod.name}{where} was restarted "
            f"{self.status.restart_count} times"
        )
        if self.ended is None:
            return f"{text}; how it last ended is not shown"
        at = f" at {self.ended.finished_at:%Y-%m-%d %H:%M} UTC" if self.ended.finished_at else ""
        code = f", exit code {self.ended.exit_code}" if self.ended.exit_code is not None else ""
        text += f"; it last ended{at} with {self.ended.reason or 'no reason'}{code}"
        limit = _memory_limit(self.pod, self.status.name)
        if self.ended.reason == "OOMKilled" and limit:
            text += f" (its own memory limit is {limit})"
        return text


def crash_of(pod: Pod, now: datetime | None) -> Crash | None:
    """The container with most restarts among those that crash in a loop."""
    looping = [status for status in pod.statuses if _loops(status, now)]
    if not looping or pod.metadata.deletion_timestamp is not None:
        return None
    worst = max(looping, key=lambda status: status.restart_count)
    return Crash(pod, worst, _since(pod, worst), _ended(worst))


def killed_for_memory(pods: Iterable[Pod]) -> bool:
    """True where a container of one of the pods was ended at its memory limit, now or last."""
    ends = (_ended(status) for pod in pods for status in pod.statuses)
    return any(end is not None and end.reason == "OOMKilled" for end in ends)


def log_lines(logs: Logs | None, pods: tuple[Pod, ...]) -> tuple[EvidenceRef, ...]:
    """Telling lines of the pods' own logs, if any landmark was seen in them."""
    names = {(pod.namespace, pod.name) for pod in pods}
    matches = logs.matches if logs is not None else ()
    samples = [
        sample
        for match in matches
        if match.pattern not in _HARMLESS and (match.namespace, match.pod) in names
        for sample in match.samples[:1]
    ]
    return tuple(samples[:_LOG_LINES])


def _loops(status: ContainerStatus, now: datetime | None) -> bool:
    waiting = status.state.waiting
    if waiting is not None and waiting.reason == "CrashLoopBackOff":
        return status.restart_count >= MIN_RESTARTS
    ended = _ended(status)
    if ended is None or ended.finished_at is None or ended.started_at is None or now is None:
        return False
    recent = now - ended.finished_at < RECENT and ended.exit_code != 0
    short = ended.finished_at - ended.started_at < SHORT_RUN
    return status.restart_count >= MIN_RESTARTS_RUNNING and recent and short


def _ended(status: ContainerStatus) -> ContainerStateDetail | None:
    return status.state.terminated or status.last_state.terminated


def _since(pod: Pod, status: ContainerStatus) -> datetime | None:
    ready = pod.condition("Ready")
    ended = _ended(status)
    times = [
        ready.last_transition_time if ready is not None and ready.status != "True" else None,
        ended.started_at if ended is not None else None,
    ]
    return min((time for time in times if time is not None), default=None)


def _memory_limit(pod: Pod, container: str) -> str:
    for spec in (*pod.spec.init_containers, *pod.spec.containers):
        if spec.name == container:
            return spec.resources.limits.get("memory", "")
    return ""
