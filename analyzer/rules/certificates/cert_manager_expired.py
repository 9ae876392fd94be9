"""A certificate of cert-manager has expired or is not issued.

What it means:
  cert-manager could not get or renew a certificate: the issuer refuses it, a challenge fails, or an
  order hangs.
Why it matters:
  Clients refuse an expired certificate; webhooks and ingresses that use it stop working.
How we know:
  The Certificate's own status: the end of its life is past, or its condition Ready has been False
  for an hour or more. One of a staging authority, or that ended more than a month ago, is told with
  little weight. The secret with the key is never read.
What to do:
  customer: See the order and the challenge (kubectl describe certificate, order, challenge),
    correct the issuer or the DNS record, and let cert-manager try again.
References:
  - TLS with an ingress on AKS: https://learn.microsoft.com/azure/aks/app-routing-dns-ssl
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import CustomResourceDefinitions
from analyzer.facts.more_listings import Certificates, not_installed
from analyzer.facts.objects import AnyObject, moment
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal

RULE = Rule(
    id="AKS-CRT-001",
    title="A certificate of cert-manager has expired or is not issued",
    component="cert-manager",
    clauses=("UNS-10", "UNS-15", "UNS-03"),
    signals=frozenset({Signal.OWN_CERTIFICATE}),
)

PATIENCE = timedelta(hours=1)
#: What nobody has missed for so long is not in use any more.
MISSED = timedelta(days=30)


def check(
    identity: Identity,
    certificates: Certificates | None,
    definitions: CustomResourceDefinitions | None,
) -> Iterator[Hit]:
    if certificates is None:
        if not_installed(definitions, "certificates.cert-manager.io"):
            raise NotApplicable("cert-manager is not installed")
        certificates = Certificates().require()
    now = identity.collected_at
    for item in certificates.items:
        until = moment(item.status.get("notAfter"))
        expired = until is not None and now is not None and until < now
        condition = item.condition("Ready")
        since = condition.last_transition_time if condition is not None else None
        failing = condition is not None and condition.status == "False" and not (
            since is not None and now is not None and now - since < PATIENCE
        )  # fmt: skip
        if not expired and not failing:
            continue
        told = f" {condition.reason}: {condition.message[:300]}" if condition and failing else ""
        ended = f"It ended at {until:%Y-%m-%d %H:%M} UTC." if expired and until else ""
        yield Hit(
            subject=item.subject,
            title=f"Certificate {item.namespace}/{item.name} "
            + ("has expired" if expired else "is not issued"),
            saw=f"{ended}{told}".strip(),
            expected="A certificate that is valid, renewed before its end.",
            evidence=(item.where("notAfter" if expired else "type: Ready"),),
            variant="expired" if expired and not _left_over(item, until, now) else "default",
            first_seen=until if expired else since,
            last_seen=now,
        )


def _left_over(item: AnyObject, until: datetime | None, now: datetime | None) -> bool:
    """True for a trial of a test authority, and for one that ended long ago."""
    issuer = item.spec.get("issuerRef")
    name = str(issuer.get("name") or "") if isinstance(issuer, dict) else ""
    old = until is not None and now is not None and now - until > MISSED
    return old or "staging" in name.lower()
