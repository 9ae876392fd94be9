"""A certificate of a node has expired, or is about to.

What it means:
  The certificate with which the kubelet speaks to the API server, or the one with which it answers,
  is past its end or close to it, and was not renewed.
Why it matters:
  After the end the API server refuses the kubelet: the node turns NotReady, and its logs and exec
  do not work. The kubelet renews its own certificates weeks ahead, so one that is nearly over says
  that renewal does not work.
How we know:
  The dates of the certificates on the node, at the time of the collection: those of the kubelet in
  use, and the cluster's own authority. Older files beside the one in use do not count.
What to do:
  customer: Start the cluster regularly or rotate its certificates (az aks rotate-certs -g <resource
    group> -n <cluster>, which replaces all nodes); replace a single node by a node image upgrade.
  microsoft: See why the kubelet's requests for a new certificate are not approved.
References:
  - Certificate rotation: https://learn.microsoft.com/azure/aks/certificate-rotation
  - TLS bootstrapping: https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.node_files import NodeArchives
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import files_of

RULE = Rule(
    id="AKS-NODE-016",
    title="A certificate of a node has expired, or is about to",
    component="node-certificates",
    clauses=("MGD-01", "NODE-03"),
    signals=frozenset({Signal.NODE_AGENT, Signal.UNHEALTHY}),
)

_LINE = re.compile(r"^(?P<path>\S+) notBefore=(?P<start>\S+Z) notAfter=(?P<end>\S+Z)$")
#: Files in use: the kubelet's links to its current pair, and what AKS itself puts there.
_IN_USE = {
    "/var/lib/kubelet/pki/kubelet-client-current.pem": "the kubelet's client certificate",
    "/var/lib/kubelet/pki/kubelet-server-current.pem": "the kubelet's serving certificate",
    "/etc/kubernetes/certs/kubeletserver.crt": "the kubelet's serving certificate",
    "/etc/kubernetes/certs/ca.crt": "the certificate authority of the cluster",
}
#: The kubelet renews when 70 to 90 percent of the time are over; less than this is left too late.
SHARE_LEFT = 0.05
#: The authority of a cluster lives for thirty years; its end needs a rotation planned ahead.
AUTHORITY = "/etc/kubernetes/certs/ca.crt"
AUTHORITY_AHEAD = timedelta(days=90)


def check(archives: NodeArchives, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    if now is None:
        detail = "no time of collection"
        raise NotCollected(Gap(path="manifest.json", reason=Presence.NOT_ASKED, detail=detail))
    for name, file in files_of(archives, "kubelet/cert-dates"):
        for number, line in file.lines():
            match = _LINE.match(line.strip())
            if match and match["path"] in _IN_USE:
                start, end = _time(match["start"]), _time(match["end"])
                if start and end and (variant := _judge(match["path"], start, end, now)):
                    yield _hit(name, match["path"], end, variant, file.at(number))


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _judge(path: str, start: datetime, end: datetime, now: datetime) -> str:
    if end <= now:
        return "expired"
    if path == AUTHORITY:
        return "default" if end - now < AUTHORITY_AHEAD else ""
    return "default" if end - now < (end - start) * SHARE_LEFT else ""


def _hit(node: str, path: str, end: datetime, variant: str, where: EvidenceRef) -> Hit:
    what = _IN_USE[path]
    verb = "has expired" if variant == "expired" else "is about to expire"
    return Hit(
        subject=Subject(kind="Node", name=node),
        title=f"{what[0].upper()}{what[1:]} {verb}",
        saw=f"On {node} {what} ({path}) ends on {end:%Y-%m-%d %H:%M} UTC.",
        expected="The kubelet renews its certificates weeks ahead.",
        evidence=(where,),
        variant=variant,
        group=f"{path}|{variant}",
        first_seen=end if variant == "expired" else None,
        produces=frozenset({"kubelet-down"}) if variant == "expired" else frozenset(),
    )
