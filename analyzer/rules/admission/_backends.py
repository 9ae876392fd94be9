"""Whether anything answers for the Service behind a webhook."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.facts.listings import EndpointSlices, EndpointsLists, Namespaces, Pods, Services
from analyzer.facts.objects import Pod, Service, WebhookService
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected


@dataclass(frozen=True)
class Cluster:
    """The listings by which a Service's endpoints are found."""

    services: Services
    slices: EndpointSlices | None
    endpoints: EndpointsLists | None
    pods: Pods | None
    namespaces: Namespaces | None


@dataclass(frozen=True)
class Dead:
    """A Service that nothing answers for: why, where it shows, and its pods."""

    why: str
    where: EvidenceRef
    pods: tuple[Pod, ...] = ()


def dead_backend(target: WebhookService, cluster: Cluster) -> Dead | None:
    """Why nothing answers for the Service; None where something does.

    Raises:
        NotCollected: the Services of that namespace, or their endpoints, were not read.
    """
    name = f"{target.namespace}/{target.name}"
    spaces = cluster.namespaces
    if spaces is not None and spaces.items and spaces.get(None, target.namespace) is None:
        place = spaces.listing(what=f"namespace {target.namespace} is not in the list")
        return Dead(f"the namespace of its Service {name} does not exist", place)
    service = cluster.services.get(target.namespace, target.name)
    if service is None:
        what = f"Service {target.name} is not in the list"
        place = cluster.services.listing(target.namespace, what=what)
        return Dead(f"its Service {name} does not exist", place)
    if service.spec.type == "ExternalName" or _ready(service, cluster):
        return None
    pods = _pods(service, cluster)
    having = f"none of its {len(pods)} pods is ready" if pods else "it has no pods"
    return Dead(f"its Service {name} has no ready endpoint: {having}", service.where(), pods)


def _ready(service: Service, cluster: Cluster) -> bool:
    """True if an address takes traffic, by EndpointSlices or by the older Endpoints."""
    namespace = service.namespace or ""
    try:
        slices = cluster.slices.of(namespace) if cluster.slices is not None else None
    except NotCollected:
        slices = None
    if slices is not None:
        return any(one.ready_count for one in slices if one.service == service.name)
    older = (cluster.endpoints or EndpointsLists()).get(namespace, service.name)
    return older is not None and any(subset.addresses for subset in older.subsets)


def _pods(service: Service, cluster: Cluster) -> tuple[Pod, ...]:
    wanted = service.spec.selector
    shown = cluster.pods.items if cluster.pods is not None and wanted else ()
    return tuple(
        pod
        for pod in shown
        if pod.namespace == service.namespace
        and all(pod.metadata.labels.get(key) == value for key, value in wanted.items())
    )
