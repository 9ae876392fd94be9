"""A network security group closes the port of a Service.

What it means:
  A Service offers a port to the internet through the load balancer, and a rule of a network
  security group of the nodes denies that port before AKS's own rule allows it.
Why it matters:
  Nobody outside reaches the application, while all inside looks healthy.
How we know:
  The ports of Services of type LoadBalancer that have a public address, against the inbound rules
  of the exported groups by their priority. Internal load balancers, Services that name the sources
  that they allow, and rules for single addresses do not count.
What to do:
  customer: Remove or narrow the rule, or give it a larger priority number than the rules of the
    cloud provider (500 and up); use loadBalancerSourceRanges on the Service to restrict who may
    come in.
References:
  - Public standard load balancer: https://learn.microsoft.com/azure/aks/load-balancer-standard
  - Support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.azure import AzureExports
from analyzer.facts.listings import Services
from analyzer.facts.objects import Service
from analyzer.model.gap import Gap
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._rules_of_nsg import decides, describe, is_
from analyzer.rules.azure._sets import rows_of, tell

RULE = Rule(
    id="AKS-NSG-002",
    title="A network security group closes the port of a Service",
    component="node-network",
    clauses=("NET-04", "SUP-12"),
    signals=frozenset({Signal.OWN_AZURE_NETWORK}),
)

_INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"
_RESTRICTED = (
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "service.beta.kubernetes.io/azure-allowed-service-tags",
    "service.beta.kubernetes.io/azure-allowed-ip-ranges",
)
_EVERYBODY = frozenset({"*", "internet", "0.0.0.0/0", "any"})


def check(azure: AzureExports | None, services: Services | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    groups = rows_of(exports, "nsg", missing)
    for service in (services or Services()).require().items:
        for port in _ports(service):
            for row in groups:
                rule = decides(row, port[0], port[1], _EVERYBODY)
                if rule is not None and is_(rule, "access", "deny"):
                    name = str(row.get("name") or "")
                    yield Hit(
                        subject=service.subject,
                        saw=f"Port {port[0]} of Service {service.namespace}/{service.name} is "
                        f"denied by {describe(rule)} of {name}.",
                        expected="The port that the Service offers is open to those who need it.",
                        evidence=(
                            exports.where("nsg", f"name: {name}", f"name: {rule.get('name')}"),
                            service.where("ports", f"port: {port[0]}"),
                        ),
                    )
    tell(missing)


def _ports(service: Service) -> list[tuple[int, str]]:
    """Ports that are meant for everybody outside; none for other kinds of Services."""
    notes = service.metadata.annotations
    public = service.spec.type == "LoadBalancer" and notes.get(_INTERNAL) != "true"
    given = bool((service.status.get("loadBalancer") or {}).get("ingress"))
    if not (public and given) or any(key in notes for key in _RESTRICTED):
        return []
    return [(p.port, p.protocol or "TCP") for p in service.spec.ports if p.port is not None]
