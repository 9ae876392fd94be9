"""What Azure refused, from every place that shows it: exports and the events of controllers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypedDict

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap
from analyzer.model.subject import CLUSTER, Subject
from analyzer.rules.azure._callers import Who, own_ids, who_wrote
from analyzer.rules.azure._codes import Kind, kind_of
from analyzer.rules.azure._failures import failures, message_of, plain, time_of, word_of
from analyzer.rules.azure._sets import inside, pool_of_name, rows_of, set_name, set_of

#: Controllers that ask Azure in the cluster's name, as events call them.
CONTROLLERS = frozenset(
    {
        "service-controller", "route_controller", "route-controller", "cluster-autoscaler",
        "karpenter", "azure-cloud-controller-manager", "cloud-node-lifecycle-controller",
        "attachdetach-controller", "azureproxy",
    }
)  # fmt: skip
_SCALERS = frozenset({"cluster-autoscaler", "karpenter"})
#: A failure longer ago is history, even if nothing was tried since.
RECENT = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal: its code, its text, what was tried, on what, and when."""

    kind: Kind
    code: str
    text: str
    tried: str
    subject: Subject
    where: EvidenceRef
    first: datetime | None = None
    last: datetime | None = None
    times: int = 1
    caller: str = ""
    #: Asked by a person or an application that is not one of the cluster's.
    foreign: bool = False


def refusals(
    kind: Kind, azure: AzureExports, events: Events | None, identity: Identity, missing: list[Gap]
) -> tuple[Refusal, ...]:
    """All recent refusals of one kind; exports that are not there are noted in ``missing``."""
    found = (
        *_of_log(azure, missing),
        *_of_pools(azure, missing),
        *_of_instances(azure, missing),
        *_of_events(events),
    )
    now = identity.collected_at
    return tuple(r for r in found if r.kind is kind and _recent(r, now))


class Span(TypedDict):
    """When refusals were seen, as fields of a hit. Logs and events reach back only so far."""

    first_seen: datetime | None
    onset_at_latest: bool
    last_seen: datetime | None
    count: int


def span(found: Iterable[Refusal]) -> Span:
    """The span and number of refusals."""
    own = tuple(found)
    return Span(
        first_seen=min((r.first for r in own if r.first), default=None),
        onset_at_latest=True,
        last_seen=max((r.last for r in own if r.last), default=None),
        count=max(1, sum(r.times for r in own)),
    )


def told(found: tuple[Refusal, ...]) -> str:
    """The newest refusal in one line: what was tried, and what Azure said."""
    newest = max(found, key=lambda r: (r.last is not None, r.last or datetime.min, r.tried))
    when = f" at {newest.last:%Y-%m-%d %H:%M} UTC" if newest.last else ""
    return f"{newest.tried}{when} was refused with {newest.code}: {newest.text[:400]}"


def subjects(found: tuple[Refusal, ...]) -> tuple[Subject, ...]:
    """What the refusals were about, each once."""
    return tuple(sorted({r.subject for r in found}, key=lambda s: s.key))


def _recent(refusal: Refusal, now: datetime | None) -> bool:
    return now is None or refusal.last is None or now - refusal.last <= RECENT


def _of_log(azure: AzureExports, missing: list[Gap]) -> Iterator[Refusal]:
    own = own_ids(azure)
    for failed in failures(azure, missing):
        if known := kind_of(failed.text):
            at, about = failed.at, _about(failed.resource)
            yield Refusal(
                *known, failed.said, failed.operation, about, failed.where(azure), at, at,
                caller=str(failed.row.get("caller") or ""),
                foreign=who_wrote(failed.row, own) in (Who.PERSON, Who.APPLICATION),
            )  # fmt: skip


def _of_pools(azure: AzureExports, missing: list[Gap]) -> Iterator[Refusal]:
    """The last error that AKS itself keeps of a pool (``status.provisioningError``).

    It has no time: where the pool's last operation went well, it is one of before.
    """
    for row in rows_of(azure, "agent-pools", missing):
        if word_of(row, "provisioningState") == "succeeded":
            continue
        error = inside(row, "status", "provisioningError") or inside(row, "status", "errordetail")
        text = message_of(error) if error else ""
        if known := kind_of(text):
            name = str(row.get("name") or "")
            where = azure.where("agent-pools", f"name: {name}", "provisioningError")
            about = Subject(kind="NodePool", name=name)
            yield Refusal(*known, plain(text), f"The last change of node pool {name}", about, where)


def _of_instances(azure: AzureExports, missing: list[Gap]) -> Iterator[Refusal]:
    """Instances whose own provisioning failed."""
    for row in rows_of(azure, "vmss-instances", missing):
        for status in inside(row, "instanceView", "statuses") or ():
            code = str(inside(status, "code") or "")
            if not code.lower().startswith("provisioningstate/failed"):
                continue
            text = f"{code}: {inside(status, 'message') or ''}"
            if known := kind_of(text):
                name = str(row.get("name") or "")
                where = azure.where("vmss-instances", name, f"code: {code}")
                about = _about(f"/virtualmachinescalesets/{set_name(row)}")
                at = time_of(str(inside(status, "time") or ""))
                yield Refusal(
                    *known, plain(text), f"Provisioning instance {name}", about, where, at, at
                )


def _of_events(events: Events | None) -> Iterator[Refusal]:
    for event in events.items if events is not None else ():
        source = str(event.source.get("component") or event.reporting_component)
        if source not in CONTROLLERS or not (known := kind_of(event.text)):
            continue
        kind, namespace, name = event.about
        subject = Subject(kind=kind or "Object", name=name, namespace=namespace)
        if source in _SCALERS or not name:
            # What they speak of is the group in the text, whatever object carries the event.
            subject = _group_in(event.text)
        where = event.where("message", what=f"event {event.reason} of {kind} {name}")
        refusal = Refusal(*known, event.text, f"{source}: {event.reason}", subject, where)
        yield replace(refusal, first=event.first, last=event.last, times=event.times)


def _group_in(text: str) -> Subject:
    match = re.search(r"\b(aks-[a-z0-9]+-\d{8}-vms?s?)\b", text)
    pool = pool_of_name(match[1]) if match else ""
    return Subject(kind="NodePool", name=pool) if pool else CLUSTER


def _about(resource: str) -> Subject:
    """The pool of a scale set or agent pool, else the cluster."""
    pool = pool_of_name(set_of(resource)) or resource.partition("/agentpools/")[2].partition("/")[0]
    return Subject(kind="NodePool", name=pool) if pool else CLUSTER
