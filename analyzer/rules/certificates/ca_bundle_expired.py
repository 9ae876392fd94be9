"""The certificate by which the API server checks a webhook or an aggregated API has expired.

What it means:
  The API server trusts the server behind a webhook or an APIService only by the certificates in its
  caBundle. All of these are past their end.
Why it matters:
  Every call fails. A webhook with failurePolicy Fail then blocks what it is asked about, and an
  aggregated API is gone.
How we know:
  The end dates in the caBundle, against the time of the collection. A bundle that still holds one
  valid certificate is left out, and so is one that is masked or cannot be read. An end within two
  weeks is told with little weight.
What to do:
  customer: Renew the certificate and its caBundle (restart the software that makes it, or let
    cert-manager's CA injector fill it), or remove the configuration.
  microsoft: Look at the component behind the webhook.
References:
  - Dynamic admission control: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
  - Aggregation layer: https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import whose
from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import ApiServices, MutatingWebhooks, ValidatingWebhooks
from analyzer.facts.parse.certificate import ends_of
from analyzer.model.gap import NotCollected
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-CRT-002",
    title="The certificate by which the API server checks a webhook or an API has expired",
    component="admission-webhook",
    clauses=("UNS-10", "UNS-15", "FAQ-02", "MGD-05"),
)

SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class _Trust:
    """One caBundle: on which object, for what part of it, and whether its loss blocks."""

    item: KubeObject
    part: str
    bundle: str
    blocks: bool


def check(
    identity: Identity,
    baseline: Baseline,
    validating: ValidatingWebhooks | None,
    mutating: MutatingWebhooks | None,
    api_services: ApiServices | None,
) -> Iterator[Hit]:
    now = identity.collected_at
    for trust in _trusts(validating, mutating, api_services):
        ends = ends_of(trust.bundle)
        if not ends or now is None or max(ends) > now + SOON:
            continue
        managed = whose(trust.item, baseline.catalogue, identity).managed
        if max(ends) > now and managed:
            continue  # AKS renews its own in time
        yield _hit(trust, max(ends), now, managed=managed)
    gaps = [
        gap
        for listing, kind in ((validating, ValidatingWebhooks), (mutating, MutatingWebhooks))
        if listing is None
        for gap in (kind().never_asked(),)
    ]
    if gaps:
        raise NotCollected(*gaps)


def _trusts(
    validating: ValidatingWebhooks | None,
    mutating: MutatingWebhooks | None,
    api_services: ApiServices | None,
) -> Iterator[_Trust]:
    for listing in (validating, mutating):
        for item in listing.items if listing is not None else ():
            for webhook in item.webhooks:
                bundle = webhook.client_config.ca_bundle or ""
                yield _Trust(item, webhook.name, bundle, webhook.failure_policy == "Fail")
    for api in api_services.items if api_services is not None else ():
        if api.spec.get("service") and not api.spec.get("insecureSkipTLSVerify"):
            yield _Trust(api, api.name, str(api.spec.get("caBundle") or ""), blocks=True)


def _hit(trust: _Trust, end: datetime, now: datetime, *, managed: bool) -> Hit:
    past = end <= now
    signals = {Signal.MANAGED_COMPONENT, Signal.UNHEALTHY, Signal.CHANGE_NOT_CHECKED}
    variant = ("default" if trust.blocks else "ignored") if past else "soon"
    return Hit(
        subject=trust.item.subject,
        title=f"The caBundle of {trust.part} "
        + ("has expired" if past else "ends within two weeks"),
        saw=f"Its last certificate ends at {end:%Y-%m-%d %H:%M} UTC"
        + (", which is past." if past else "."),
        expected="A caBundle with a certificate that is valid.",
        evidence=(trust.item.where("caBundle"),),
        variant=variant,
        group=f"{trust.item.kind}/{trust.item.name}",
        signals=frozenset(signals if managed else {Signal.OWN_CERTIFICATE}),
        first_seen=end if past else None,
        last_seen=now,
    )
