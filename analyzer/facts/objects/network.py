"""Services, endpoints, webhooks, network policies."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from analyzer.facts.kube import KubeObject, MetaWithManagers, Slim, slim
from analyzer.facts.shared import Many, StrMap, empty_map


@slim
class ServicePort(Slim):
    """A port of a Service."""

    name: str = ""
    port: int | None = None
    protocol: str = "TCP"
    #: The number of a port of the pods, or its name in their containers; None is as ``port``.
    target_port: int | str | None = None


@slim
class ServiceSpec(Slim):
    """What a Service offers."""

    type: str = "ClusterIP"
    cluster_ip: str | None = Field(default=None, alias="clusterIP")
    selector: StrMap = Field(default_factory=empty_map)
    ports: Many[ServicePort] = ()
    external_name: str | None = None


@slim
class Service(KubeObject):
    """A Service."""

    metadata: MetaWithManagers = MetaWithManagers()
    spec: ServiceSpec = ServiceSpec()
    status: dict[str, Any] = Field(default_factory=empty_map)


@slim
class EndpointConditions(Slim):
    """A missing ``ready`` counts as ready (API reference, EndpointSlice)."""

    ready: bool | None = None
    terminating: bool | None = None


@slim
class Endpoint(Slim):
    """One address of a Service."""

    addresses: Many[str] = ()
    conditions: EndpointConditions = EndpointConditions()
    node_name: str | None = None


@slim
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


@slim
class EndpointSubset(Slim):
    """A group of addresses of the older Endpoints object."""

    addresses: Many[dict[str, Any]] = ()
    not_ready_addresses: Many[dict[str, Any]] = ()


@slim
class Endpoints(KubeObject):
    """The older form of a Service's endpoints."""

    subsets: Many[EndpointSubset] = ()


@slim
class WebhookService(Slim):
    """The Service that answers a webhook."""

    name: str = ""
    namespace: str = ""


@slim
class WebhookClient(Slim):
    """Where a webhook is asked: a Service or a URL."""

    service: WebhookService | None = None
    url: str | None = None
    #: Certificates in PEM, in base64; it may be masked.
    ca_bundle: str | None = None


@slim
class SelectorRequirement(Slim):
    """One expression of a selector."""

    key: str = ""
    operator: str = ""
    values: Many[str] = ()


@slim
class FullSelector(Slim):
    """A selector with labels and expressions; empty selects everything."""

    match_labels: StrMap = Field(default_factory=empty_map)
    match_expressions: Many[SelectorRequirement] = ()


@slim
class WebhookRule(Slim):
    """Which requests a webhook sees."""

    api_groups: Many[str] = ()
    api_versions: Many[str] = ()
    operations: Many[str] = ()
    resources: Many[str] = ()
    scope: str = "*"


@slim
class MatchCondition(Slim):
    """An expression in CEL without which a webhook is not asked."""

    name: str = ""
    expression: str = ""


@slim
class Webhook(Slim):
    """One webhook of a configuration; the API defaults ``failurePolicy`` to Fail."""

    name: str = ""
    client_config: WebhookClient = WebhookClient()
    failure_policy: str = "Fail"
    namespace_selector: FullSelector = FullSelector()
    object_selector: FullSelector = FullSelector()
    match_policy: str = "Equivalent"
    match_conditions: Many[MatchCondition] = ()
    rules: Many[WebhookRule] = ()
    timeout_seconds: int | None = None


@slim
class WebhookConfiguration(KubeObject):
    """A Validating- or MutatingWebhookConfiguration."""

    metadata: MetaWithManagers = MetaWithManagers()
    webhooks: Many[Webhook] = ()


@slim
class NetworkPolicy(KubeObject):
    """A NetworkPolicy (its spec as it is)."""

    metadata: MetaWithManagers = MetaWithManagers()
    spec: dict[str, Any] = Field(default_factory=empty_map)
