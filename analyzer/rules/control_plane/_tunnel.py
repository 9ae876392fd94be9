"""What speaks for a tunnel that is down: the agents' own logs, events, and APIs that time out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.facts.listings import ApiServices, Events, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.objects import ApiService, Condition, Event, Pod
from analyzer.facts.scan import Match
from analyzer.model.gap import NotCollected

LASTING = timedelta(minutes=10)
STILL = timedelta(minutes=15)
MIN_COUNT = 10
MIN_EVENTS = 3
SYSTEM, NAME = "kube-system", "konnectivity-agent"
LANDMARK = "konnectivity-dial-failed"
_NO_AGENT = ("No agent available", "error dialing backend: proxy error")


#: Errors of an agent behind a proxy that opens TLS (Go crypto/tls and crypto/x509).
_INSPECTED = ("no application protocol", "certificate signed by unknown authority")


@dataclass(frozen=True)
class Signs:
    """What speaks for a tunnel that is down."""

    agents: list[Pod]
    lines: list[Match]
    told: list[Event]
    apis: list[ApiService]
    #: Nodes sent their own logs, and the API server could fetch the log of no container.
    no_logs: bool

    @property
    def failing(self) -> list[Pod]:
        """The agents that say so themselves; all of them where none says anything."""
        names = {match.pod for match in self.lines}
        return [pod for pod in self.agents if pod.name in names] or self.agents

    @property
    def by_agents(self) -> bool:
        """True where at least half of the agents say so."""
        names = {match.pod for match in self.lines}
        return bool(names) and len(names) * 2 >= len(self.agents)

    @property
    def inspected(self) -> bool:
        """True where something on the way takes the tunnel's own TLS away."""
        texts = [what for match in self.lines for what in match.captures.get("what", ())]
        return any(sign in text for text in texts for sign in _INSPECTED)

    @property
    def onset(self) -> datetime | None:
        """When the first sign was seen."""
        discovery = [_discovery_failed(item) for item in self.apis]
        times = [match.bursts[-1][0] for match in self.lines]
        times += [c.last_transition_time for c in discovery if c and c.last_transition_time]
        return min(times, default=None)

    @property
    def sentence(self) -> str:
        """The strongest sign in words."""
        if self.lines:
            what = next(iter(self.lines[0].captures.get("what", ())), "")
            count = sum(match.count for match in self.lines)
            of = f" of {len(self.agents)}" if self.agents else ""
            attempts = f"{count} attempts failed: {what[:200]}"
            return f"{len(self.lines)}{of} agents could not connect, {attempts}"
        if self.told:
            times = sum(event.times for event in self.told)
            return f"The API server found no agent in {times} requests: {self.told[0].text[:200]}"
        names = ", ".join(item.name for item in self.apis)
        also = ", and no container's log could be fetched through it" if self.no_logs else ""
        return f"The API server cannot ask {names} although its backend has endpoints{also}"


def read_signs(
    now: datetime | None,
    logs: Logs | None,
    pods: Pods | None,
    events: Events | None,
    api_services: ApiServices | None,
) -> Signs:
    """Look for all signs; what was not collected gives none."""
    try:
        matches = logs.of(LANDMARK) if logs is not None else ()
    except NotCollected:
        matches = ()
    return Signs(
        agents=_agents(pods),
        lines=[match for match in matches if _lasts(match, now)],
        told=_told(events, now),
        apis=_timed_out(api_services),
        no_logs=logs is not None and not any(kind.is_pod for _, kind in logs.read),
    )


def _agents(pods: Pods | None) -> list[Pod]:
    shown = pods.items if pods is not None else ()
    return [p for p in shown if p.namespace == SYSTEM and p.controller == ("Deployment", NAME)]


def _lasts(match: Match, now: datetime | None) -> bool:
    if not match.bursts or now is None or match.count - match.in_boot_grace < MIN_COUNT:
        return False
    first, last = match.bursts[-1]
    return last - first >= LASTING and now - last <= STILL


def _told(events: Events | None, now: datetime | None) -> list[Event]:
    """Events in which the API server says that it found no agent, if there are several."""
    shown = events.items if events is not None else ()
    found = [event for event in shown if any(text in event.text for text in _NO_AGENT)]
    found = [e for e in found if now is None or e.last is None or now - e.last <= STILL]
    return found if sum(event.times for event in found) >= MIN_EVENTS else []


def _timed_out(api_services: ApiServices | None) -> list[ApiService]:
    """Aggregated APIs that the API server cannot ask although their Service has endpoints."""
    shown = api_services.items if api_services is not None else ()
    return [item for item in shown if _discovery_failed(item) is not None]


def _discovery_failed(item: ApiService) -> Condition | None:
    for row in item.status.get("conditions") or ():
        condition = Condition.model_validate(row)
        if condition.reason == "FailedDiscoveryCheck" and condition.status == "False":
            return condition
    return None
