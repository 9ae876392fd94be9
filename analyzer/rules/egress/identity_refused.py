"""Azure refuses what the cluster asks for in its own name.

What it means:
  Controllers of the cluster (load balancers, disks, routes, nodes) talk to Azure with the
  cluster's own identity. Its credentials are not accepted (an expired secret, a deleted
  application), or it lacks a right on the network.
Why it matters:
  Load balancers are not set up, disks are not attached, nodes cannot be added or repaired.
How we know:
  Error codes of Microsoft Entra (AADSTS…) in the events of the platform's own controllers and in
  the logs of its components, and refusals of rights on networks in the events of Services. Errors
  of the customer's own pods, and rights on single disks, do not count here.
What to do:
  customer: Renew the credentials (az aks update-credentials --reset-service-principal), better
    move to a managed identity (az aks update --enable-managed-identity); for a refused right give
    the cluster's identity the role that the message names (az role assignment create).
References:
  - Update credentials: https://learn.microsoft.com/azure/aks/update-credentials
  - Managed identity: https://learn.microsoft.com/azure/aks/managed-identity-overview
  - Error codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.baselines.markers import is_managed_namespace
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events
from analyzer.facts.logkinds import LogKind
from analyzer.facts.logs import Logs
from analyzer.facts.objects import Event
from analyzer.facts.scan import Match
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.subject import CLUSTER, Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-AZ-001",
    title="Azure refuses the identity of the cluster",
    component="cluster-identity",
    clauses=("SUP-03", "UNS-11"),
    signals=frozenset({Signal.AUTHORIZATION_OF_CLUSTER_IDENTITY, Signal.UNHEALTHY}),
)

#: Controllers that act with the cluster's identity, as events name them.
CONTROLLERS = frozenset(
    {"service-controller", "attachdetach-controller", "route_controller", "route-controller",
     "cloud-node-lifecycle-controller", "cloud-node-controller", "azure-cloud-controller-manager",
     "cluster-autoscaler", "karpenter"}
)  # fmt: skip
_CREDENTIALS = re.compile(r"\b(?P<code>AADSTS(?:7000222|7000215|700016|700027|50034|90002))\b")
#: A linked refusal names first the right that is there, then the one that is missing.
_RIGHT = re.compile(
    r"(?:AuthorizationFailed|LinkedAuthorizationFailed).{0,600}?"
    r"does not have (?:authorization|permission) to perform action(?:\(s\))? "
    r"'(?P<code>Microsoft\.(?:Network|Compute/virtualMachine)[\w/]*)'"
)
#: Components that use the cluster's identity. The kubelet's log and that of the secrets driver tell
#: of identities, too, that customers gave to their own pods.
WRITERS = frozenset(
    {
        LogKind.CSI, LogKind.CLOUD_NODE_MANAGER, LogKind.CNS, LogKind.CONTROL_PLANE,
        LogKind.AZURE_AGENT, LogKind.PROVISIONING,
    }
)  # fmt: skip
LANDMARK = "azure-authentication-failed"
#: What controllers say when Azure did what they asked for.
DONE = frozenset({"EnsuredLoadBalancer", "UpdatedLoadBalancer", "SuccessfulAttachVolume"})
RECENT = timedelta(hours=24)
_CODES = {
    "AADSTS7000222": "the client secret has expired",
    "AADSTS7000215": "the client secret is wrong",
    "AADSTS700016": "the application does not exist in the tenant",
    "AADSTS700027": "the client certificate is not accepted",
    "AADSTS50034": "the account does not exist",
    "AADSTS90002": "the tenant does not exist",
}


@dataclass(frozen=True)
class _Refusal:
    """One thing that was refused: by code, who asked, and for what object."""

    code: str
    said: str
    evidence: EvidenceRef
    first: datetime | None
    last: datetime | None
    times: int
    about: Subject | None = None


def check(identity: Identity, events: Events | None, logs: Logs | None) -> Iterator[Hit]:
    now = identity.collected_at
    found = [r for r in (*_of_events(events), *_of_logs(logs)) if _recent(r, now)]
    for kind in (True, False):
        own = [r for r in found if r.code.startswith("AADSTS") is kind]
        if own:
            yield _hit(own, now)
    if events is None:
        Events().require()


def _of_events(events: Events | None) -> Iterator[_Refusal]:
    done = _done(events)
    for event in events.items if events is not None else ():
        since = done.get(event.about)
        if since is not None and event.last is not None and since > event.last:
            continue  # the same was done since then: the right was given
        component = str(event.source.get("component") or event.reporting_component)
        if component not in CONTROLLERS and not component.startswith(("disk.csi", "file.csi")):
            continue
        match = _CREDENTIALS.search(event.text) or _RIGHT.search(event.text)
        if match:
            yield _of_event(event, component, match["code"])


def _done(events: Events | None) -> dict[tuple[str, str | None, str], datetime]:
    """When the same controllers last did for an object what they could not do before."""
    found: dict[tuple[str, str | None, str], datetime] = {}
    for event in events.items if events is not None else ():
        if event.reason in DONE and event.last is not None:
            found[event.about] = max(event.last, found.get(event.about, event.last))
    return found


def _of_event(event: Event, component: str, code: str) -> _Refusal:
    kind, namespace, name = event.about
    subject = Subject(kind=kind or "Object", name=name, namespace=namespace)
    where = event.where("message", what=f"event {event.reason} of {kind} {name}")
    said = f"{component} for {kind} {name}"
    return _Refusal(code, said, where, event.first, event.last, event.times, subject)


def _of_logs(logs: Logs | None) -> Iterator[_Refusal]:
    """Logs of the platform's own components; events are read on their own above."""
    try:
        found = logs.of(LANDMARK) if logs is not None else ()
    except NotCollected:
        return
    for match in found:
        if match.kind not in WRITERS or not _platforms(match):
            continue
        code = (match.captures.get("code") or ("AADSTS",))[0]
        writer = match.pod or match.node or match.path
        yield _Refusal(
            code,
            f"the log of {writer}",
            match.samples[0],
            match.first_seen,
            match.last_seen,
            match.count,
        )


def _platforms(match: Match) -> bool:
    return match.namespace is None or is_managed_namespace(match.namespace)


def _recent(refusal: _Refusal, now: datetime | None) -> bool:
    return refusal.last is None or now is None or now - refusal.last <= RECENT


def _hit(own: list[_Refusal], now: datetime | None) -> Hit:
    first = min((r.first for r in own if r.first is not None), default=None)
    codes = sorted({r.code for r in own})
    expired = codes[0].startswith("AADSTS")
    why = "; ".join(f"{code}: {_CODES[code]}" if code in _CODES else code for code in codes)
    who = ", ".join(dict.fromkeys(r.said for r in own[:3]))
    since = f" since {first:%Y-%m-%d %H:%M} UTC" if first else ""
    title = (
        "Azure does not accept the credentials of the cluster"
        if expired
        else "The cluster's identity lacks a right on the network"
    )
    affects = tuple(dict.fromkeys(r.about for r in own if r.about is not None))
    return Hit(
        subject=CLUSTER,
        title=title,
        saw=f"Refused{since} ({why}), seen by {who}.",
        expected="Azure accepts the identity of the cluster and gives it the rights that it needs.",
        evidence=tuple(dict.fromkeys(r.evidence for r in own))[:4],
        variant="default" if expired else "right",
        group="credentials" if expired else "rights",
        affects=affects,
        first_seen=first,
        onset_at_latest=True,
        last_seen=now,
        count=sum(r.times for r in own),
        # A single right that is missing explains what it was asked for, and nothing else.
        produces=None if expired else frozenset({"azure-right-missing"}),
    )
