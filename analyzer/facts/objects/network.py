"""Services, endpoints, webhooks, network policies."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from analyzer.facts.kube import KubeObject, Many, MetaWithManagers, Slim, StrMap


class ServicePort(Slim):
    """A port of a Service."""

    name: str = ""
    port: int | None = None
    protocol: str = "TCP"


class ServiceSpec(Slim):
    """What a Service offers."""

    type: str = "ClusterIP"
    cluster_ip: str | None = Field(default=None, alias="clusterIP")
    selector: StrMap = {}
    ports: Many[ServicePort] = ()
    external_name: str | None = None


class Service(KubeObject):
    """A Service."""

    metadata: MetaWithManagers = MetaWithManagers()
    spec: ServiceSpec = ServiceSpec()
    status: dict[str, Any] = {}


class EndpointConditions(Slim):
    """A missing ``ready`` counts as ready (API reference, EndpointSlice)."""

    ready: bool | None = None
    terminating: bool | None = None


class Endpoint(Slim):
    """One address of a Service."""

    addresses: Many[str] = ()
    conditions: EndpointConditions = EndpointConditions()
    node_name: str | None = None


class EndpointSlice(KubeObject):
    """A part of a Service's endpoints."""

    endpoints: Many[Endpoint] = ()

    @property
    def service(self) -> str:
        """The Service that it belongs to."""
        return self.metadata.labels.get("kubernetes.io/service-name", "")

    @property
    def ready_count(self) -> int:
        """Addresses that take traffic."""
        return sum(len(e.addresses) for e in self.endpoints if e.conditions.ready is not False)


class EndpointSubset(Slim):
    """A group of addresses of the older Endpoints object."""

    addresses: Many[dict[str, Any]] = ()
    not_ready_addresses: Many[dict[str, Any]] = ()


class Endpoints(KubeObject):
    """The older form of a Service's endpoints."""

    subsets: Many[EndpointSubset] = ()


class WebhookService(Slim):
    """The Service that answers a webhook."""

    name: str = ""
    namespace: str = ""


class WebhookClient(Slim):
    """Where a webhook is asked: a Service or a URL."""

    service: WebhookService | None = None
    url: str | None = None
    #: Certificates in PEM, in base64; it may be masked.
    ca_bundle: str | None = None


class SelectorRequirement(Slim):
    """One expression of a selector."""

    key: str = ""
    operator: str = ""
    values: Many[str] = ()


class FullSelector(Slim):
    """A selector with labels and expressions; empty selects everything."""

    match_labels: StrMap = {}
    match_expressions: Many[SelectorRequirement] = ()


class WebhookRule(Slim):
    """Which requests a webhook sees."""

    api_groups: Many[str] = ()
    operations: Many[str] = ()
    resources: Many[str] = ()
    scope: str = "*"


class Webhook(Slim):
    """One webhook of a configuration; the API defaults ``failurePolicy`` to Fail."""

    name: str = ""
    client_config: WebhookClient = WebhookClient()
    failure_policy: str = "Fail"
    namespace_selector: FullSelector = FullSelector()
    object_selector: FullSelector = FullSelector()
    rules: Many[WebhookRule] = ()
    timeout_seconds: int | None = None


class WebhookConfiguration(KubeObject):
    """A Validating- or MutatingWebhookConfiguration."""

    metadata: MetaWithManagers = MetaWithManagers()
    webhooks: Many[Webhook] = ()


class NetworkPolicy(KubeObject):
    """A NetworkPolicy (its spec as it is)."""

    metadata: MetaWithManagers = MetaWithManagers()
    spec: dict[str, Any] = {}
