"""Signs of CNIs that found no address for a pod, gathered by node."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analyzer.facts.listings import Events, Pods
from analyzer.facts.logkinds import LogKind
from analyzer.facts.logs import Logs
from analyzer.facts.objects import Event
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected

#: A pod that waits for an address is tried again every few seconds to minutes.
RECENT = timedelta(minutes=30)
#: CNS asks for addresses in batches; a pod may wait for one for some minutes.
SUSTAINED = timedelta(minutes=5)
MIN_LINES = 3
UNKNOWN_NODE = "an unknown node"

#: What CNIs say in events when no address is left. Sources of the forms: azure-container-networking
#: (cns/restserver/ipam.go, azure-vnet-ipam), containernetworking/plugins host-local (kubenet,
#: Flannel), cilium pkg/ipam, calico libcalico-go/lib/ipam; Azure's network resource provider
#: (SubnetIsFull).
WORDS = re.compile(
    r"not enough IPs available for|[Ss]ubnet .{0,120}is full|"
    r"does not have enough capacity for \d+ IP|SubnetIsFull|NC Status: SubnetFull|"
    r"no IP addresses available in range|"
    r"No available (?:addresses|address pools)|no free address in|"
    r"No more IPs available|all (?:pod )?CIDR ranges are exhausted|postIpamFailure +range is full|"
    r"no IPs currently available on the node|"
    r"No IPs available in pools|No more free affine blocks|Assigned 0 out of \d+ requested IPv[46]"
)
#: The allocator itself says that the subnet has no room; an empty status leaves it open.
SUBNET_FULL = re.compile(
    r"SubnetFull|SubnetIsFull|[Ss]ubnet .{0,120}(?:is full|does not have enough)"
)


@dataclass
class Seen:
    """The signs of one node. ``count`` is the largest number that one source shows."""

    places: list[EvidenceRef] = field(default_factory=list)
    pods: set[tuple[str, str]] = field(default_factory=set)
    #: Those of them that are not seen to have waited for long.
    brief: set[tuple[str, str]] = field(default_factory=set)
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    subnet_full: bool = False

    @property
    def lasts(self) -> bool:
        """True unless the times show that it was over soon."""
        if self.count < MIN_LINES:
            return False
        if self.first is None or self.last is None:
            return True
        return self.last - self.first >= SUSTAINED

    def times(self, first: datetime | None, last: datetime | None) -> None:
        """Widen the span."""
        self.first = min((t for t in (self.first, first) if t), default=None)
        self.last = max((t for t in (self.last, last) if t), default=None)


def gather_signs(
    events: Events, logs: Logs | None, pods: Pods | None, now: datetime | None
) -> dict[str, Seen]:
    """Signs that lasted and go on, by node name in order."""
    hosts = {(p.namespace or "", p.name): p.spec.node_name for p in pods.items} if pods else {}
    found: dict[str, Seen] = defaultdict(Seen)
    _from_events(found, events, hosts, now)
    _from_logs(found, logs, hosts, now)
    over = _served(pods) | _gone({pod for seen in found.values() for pod in seen.brief}, pods)
    return {
        node: seen
        for node, seen in sorted(found.items())
        if seen.lasts and not (seen.pods and seen.pods <= over)
    }


def _from_events(
    found: dict[str, Seen],
    events: Events,
    hosts: Mapping[tuple[str, str], str | None],
    now: datetime | None,
) -> None:
    counts: dict[str, int] = defaultdict(int)
    for event in events.items:
        kind, namespace, name = event.about
        if kind != "Pod" or not WORDS.search(event.text) or not _recent(event.last, now):
            continue
        pod = (namespace or "", name)
        node = hosts.get(pod) or str(event.source.get("host") or "") or UNKNOWN_NODE
        counts[node] += max(event.times, 1)
        _add_event(found[node], event, pod)
    for node, count in counts.items():
        found[node].count = count


def _add_event(seen: Seen, event: Event, pod: tuple[str, str]) -> None:
    seen.places.append(event.where(f"reason: {event.reason}"))
    seen.pods.add(pod)
    if event.first is None or event.last is None or event.last - event.first < SUSTAINED:
        seen.brief.add(pod)
    seen.subnet_full |= SUBNET_FULL.search(event.text) is not None
    seen.times(event.first, event.last)


def _from_logs(
    found: dict[str, Seen],
    logs: Logs | None,
    hosts: Mapping[tuple[str, str], str | None],
    now: datetime | None,
) -> None:
    try:
        matches = logs.of("no-ip-available") if logs is not None else ()
    except NotCollected:
        return
    for match in matches:
        node = match.node or hosts.get((match.namespace or "", match.pod or ""))
        if not node or match.kind is LogKind.EVENT or not _recent(match.last_seen, now):
            continue
        seen = found[node]
        seen.places += match.samples[:1]
        seen.count = max(seen.count, match.count)
        texts = (sample.excerpt or "" for sample in match.samples)
        seen.subnet_full |= any(SUBNET_FULL.search(text) for text in texts)
        seen.times(match.first_seen, match.last_seen)


def _served(pods: Pods | None) -> set[tuple[str, str]]:
    """Pods that have got an address by now."""
    return {(p.namespace or "", p.name) for p in pods.items if p.status.pod_ip} if pods else set()


def _gone(told: set[tuple[str, str]], pods: Pods | None) -> set[tuple[str, str]]:
    """Those pods that a complete list does not show: short-lived ones, as Jobs make them."""
    if pods is None:
        return set()
    there = {(p.namespace or "", p.name) for p in pods.items}
    whole = {namespace for namespace, _ in told if _is_whole(namespace, pods)}
    return {pod for pod in told if pod not in there and pod[0] in whole}


def _is_whole(namespace: str, pods: Pods) -> bool:
    try:
        pods.of(namespace)
    except NotCollected:
        return False
    return True


def _recent(when: datetime | None, now: datetime | None) -> bool:
    return when is None or now is None or now - when < RECENT
