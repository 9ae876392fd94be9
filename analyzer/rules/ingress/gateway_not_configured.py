"""The Application Gateway ingress controller cannot set up its gateway.

What it means:
  The controller (AGIC) turns Ingresses into settings of an Azure Application Gateway. Azure refuses
  it: its identity has no right or no credentials, the gateway is not found, or the settings are
  not accepted.
Why it matters:
  New and changed Ingresses do not take effect, and pods that moved are not reached any more.
How we know:
  The controller's own events (ARMAuthFailure, UnableToFetchAppGw, FailedApplyingAppGwConfig,
  FailedDeployingAppGw, UnsupportedAppGatewaySKUTier), three times or more, within the hour.
  The add-on's controller is Microsoft's; its gateway and the rights on it are the customer's.
What to do:
  customer: Give the controller's identity the roles that the error names on the gateway and its
    subnet, and correct the Ingress that the error names.
  microsoft: Look at the add-on's controller where the error names neither.
References:
  - Application Gateway ingress controller: https://learn.microsoft.com/azure/application-gateway/ingress-controller-overview
  - Trouble with AGIC: https://learn.microsoft.com/azure/application-gateway/ingress-controller-troubleshoot
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events
from analyzer.facts.objects import Event
from analyzer.model.signal import Signal
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule
from analyzer.rules.ingress._balancer_errors import OTHER, cause_in

RULE = Rule(
    id="AKS-ING-003",
    title="The Application Gateway ingress controller cannot set up its gateway",
    component="ingress-appgw",
    clauses=("SUP-08", "SUP-07"),
)

RECENT = timedelta(hours=1)
MIN_TIMES = 3
#: Reasons of application-gateway-kubernetes-ingress (pkg/events).
RIGHTS = frozenset({"ARMAuthFailure", "UnableToFetchAppGw"})
SETTINGS = frozenset(
    {"FailedApplyingAppGwConfig", "FailedDeployingAppGw", "UnsupportedAppGatewaySKUTier"}
)


def check(events: Events, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    found: dict[str, list[Event]] = {}
    for event in events.items:
        old = now is not None and event.last is not None and now - event.last > RECENT
        if event.reason in RIGHTS | SETTINGS and not old:
            found.setdefault(event.reason, []).append(event)
    for reason, told in sorted(found.items()):
        if sum(event.times for event in told) >= MIN_TIMES:
            yield _hit(reason, told, identity)


def _hit(reason: str, told: list[Event], identity: Identity) -> Hit:
    event = max(told, key=lambda e: (str(e.last), e.metadata.uid))
    kind, namespace, name = event.about
    cause = cause_in(event.text)
    signals = cause.signals
    if cause is OTHER:
        signals = frozenset({Signal.OWN_AZURE_RESOURCE} if reason in SETTINGS else ())
        if reason in RIGHTS:
            signals = frozenset({Signal.AUTHORIZATION_OF_CLUSTER_IDENTITY})
    return Hit(
        subject=Subject(kind=kind, namespace=namespace, name=name),
        title=f"The Application Gateway ingress controller cannot set up its gateway: {reason}",
        saw=f"It failed {sum(e.times for e in told)} times: {event.text[:500]}",
        expected="The controller's settings reach the gateway.",
        evidence=(event.where(f"reason: {reason}"),),
        signals=signals,
        first_seen=min((e.first for e in told if e.first), default=None),
        onset_at_latest=True,
        last_seen=identity.collected_at,
        count=sum(e.times for e in told),
        instance_of=cause.effects,
    )
