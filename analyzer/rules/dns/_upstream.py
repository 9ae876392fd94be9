"""Servers to which CoreDNS forwards and from which it gets no answers, lastingly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.facts.logs import Logs
from analyzer.facts.scan import Match
from analyzer.model.gap import NotCollected

#: Failures on a healthy cluster are few, and they stop.
MIN_COUNT = 30
LASTING = timedelta(minutes=10)
STILL = timedelta(minutes=30)
#: A server that the customer named for own zones is asked less often: each answer counts more.
MIN_COUNT_OWN = 10
LASTING_OWN = timedelta(minutes=30)
#: Azure's own DNS server (learn.microsoft.com, "What is IP address 168.63.129.16?").
AZURE = "168.63.129.16"
_LANDMARKS = ("dns-upstream-timeout", "dns-upstream-refused")


@dataclass(frozen=True)
class Upstream:
    """One server (``address:port``) with the log rows in which it fails.

    ``own_zone`` is True where the customer's coredns-custom forwards to it.
    """

    server: str
    matches: tuple[Match, ...]
    own_zone: bool = False

    @property
    def address(self) -> str:
        """The server without its port."""
        return self.server.rsplit(":", 1)[0]

    @property
    def count(self) -> int:
        """Failed lookups, start-up left out."""
        return sum(match.count - match.in_boot_grace for match in self.matches)

    @property
    def since(self) -> datetime | None:
        """When the present failures began."""
        if self.own_zone:
            return min((m.first_seen for m in self.matches if m.first_seen), default=None)
        return min((m.bursts[-1][0] for m in self.matches if m.bursts), default=None)

    @property
    def until(self) -> datetime | None:
        """When it failed last."""
        return max((match.last_seen for match in self.matches if match.last_seen), default=None)

    def lasting(self, now: datetime | None) -> bool:
        """True where it has failed for long, often, and until the collection."""
        since, until = self.since, self.until
        if since is None or until is None or now is None or now - until > STILL:
            return False
        enough, long = (MIN_COUNT_OWN, LASTING_OWN) if self.own_zone else (MIN_COUNT, LASTING)
        return self.count >= enough and until - since >= long


def failing_upstreams(
    logs: Logs | None, now: datetime | None, own: frozenset[str]
) -> tuple[Upstream, ...]:
    """The servers that fail until the collection, by address; ``own`` are those of own zones."""
    try:
        matches = logs.any_of(_LANDMARKS) if logs is not None else ()
    except NotCollected:
        return ()
    by_server: dict[str, list[Match]] = {}
    for match in matches:
        if (match.pod or "").startswith("coredns-"):
            for server in _blamed(match.captures.get("upstream", ()), own):
                by_server.setdefault(server, []).append(match)
    found = (
        Upstream(server, tuple(rows), server.rsplit(":", 1)[0] in own)
        for server, rows in sorted(by_server.items())
    )
    return tuple(upstream for upstream in found if upstream.lasting(now))


def _blamed(servers: tuple[str, ...], own: frozenset[str]) -> tuple[str, ...]:
    """Which of the servers in one row the count may stand for.

    A row counts all servers together: those of own zones are the likelier ones to fail, then other
    servers of the customer; Azure's is blamed alone only.
    """
    of_zones = tuple(server for server in servers if server.rsplit(":", 1)[0] in own)
    others = tuple(server for server in servers if not server.startswith(f"{AZURE}:"))
    return (of_zones or others or servers)[:3]
