"""A Service leads to a port that none of its pods has.

What it means:
  The targetPort of a Service is a name that no container of the selected pods gives to a port, or a
  number while the containers name other ports.
Why it matters:
  By a name that is not there Kubernetes gives the Service no endpoint on that port: callers are
  refused at once. By a number on which nothing listens every connection is refused by the pod.
How we know:
  The Service's selector against the templates of Deployments, DaemonSets and StatefulSets of its
  namespace, and the ports of their containers; where the pods have containers that no template
  has (a mesh's, an operator's), nothing is said. A name that is missing everywhere is certain. A
  number is only told where all containers name ports and none is that number: a process may listen
  on ports that nobody names, so that is low.
What to do:
  customer: Correct the targetPort of the Service (kubectl edit service <name> -n <namespace>), or
    name the port in the container.
References:
  - Services, port definitions: https://kubernetes.io/docs/concepts/services-networking/service/
  - Debug Services: https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analyzer.baselines.workload_owners import WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Deployments, Pods, Services, StatefulSets
from analyzer.facts.objects import Service, ServicePort, Workload
from analyzer.facts.objects.pods import TemplateContainer
from analyzer.facts.objects.probes import ContainerPort
from analyzer.model.gap import Gap, NotCollected
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-SVC-001",
    title="A Service leads to a port that none of its pods has",
    component="workload",
    clauses=("UNS-01", "UNS-14"),
    signals=frozenset({Signal.OWN_WORKLOAD, Signal.UNHEALTHY}),
)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A port of a Service that leads nowhere; ``certain`` where Kubernetes finds no port."""

    port: ServicePort
    certain: bool


def check(
    services: Services,
    deployments: Deployments,
    pods: Pods,
    identity: Identity,
    owners: WorkloadOwners,
    daemonsets: DaemonSets | None,
    statefulsets: StatefulSets | None,
) -> Iterator[Hit]:
    listings = (deployments, daemonsets, statefulsets)
    missed: list[Gap] = []
    by_namespace: dict[str, list[Workload]] = {}
    for listing in listings:
        for workload in listing.items if listing is not None else ():
            by_namespace.setdefault(workload.namespace or "", []).append(workload)
    for service in services.items:
        near = by_namespace.get(service.namespace or "", [])
        behind = [w for w in near if _selects(service.spec.selector, w) and w.desired != 0]
        wrong = list(_wrong(service, behind)) if behind else []
        if not wrong or any(_managed(workload, owners) for workload in behind):
            continue
        try:
            if not _more_in_pods(service, behind, pods):
                yield _hit(service, behind, wrong, identity)
        except NotCollected as gone:
            missed += gone.gaps
    if missed:
        raise NotCollected(*missed)
    if statefulsets is None or daemonsets is None:
        # What only these make may stand behind a Service for which nothing was found.
        raise NotCollected(StatefulSets().never_asked(), DaemonSets().never_asked())


def _managed(workload: Workload, owners: WorkloadOwners) -> bool:
    return owners.of(workload, (workload.kind, workload.namespace or "", workload.name)).managed


def _selects(selector: Mapping[str, str], workload: Workload) -> bool:
    labels = workload.spec.template.metadata.labels
    return bool(selector) and selector.items() <= labels.items()


def _wrong(service: Service, behind: list[Workload]) -> Iterator[_Wrong]:
    ports = [port for workload in behind for port in _ports(workload)]
    names = {port.name for port in ports}
    numbers = {port.container_port for port in ports}
    whole = all(_names_ports(workload) for workload in behind)
    for port in service.spec.ports:
        target = port.port if port.target_port is None else port.target_port
        if isinstance(target, str) and not target.isdigit():
            if target and target not in names:
                yield _Wrong(port, certain=True)
        elif target is not None and whole and int(target) not in numbers:
            yield _Wrong(port, certain=False)


def _more_in_pods(service: Service, behind: list[Workload], pods: Pods) -> bool:
    """True where a pod has containers that no template has: one of them may have the port.

    Meshes and webhooks put containers into pods, and operators make pods of their own.
    Raises ``NotCollected`` where the pods are not shown.
    """
    known = {one.name for workload in behind for one in _containers(workload)}
    selector = service.spec.selector.items()
    return any(
        container.name not in known
        for pod in pods.of(service.namespace or "")
        if selector <= pod.metadata.labels.items()
        for container in (*pod.spec.init_containers, *pod.spec.containers)
    )


def _containers(workload: Workload) -> tuple[TemplateContainer, ...]:
    spec = workload.spec.template.spec
    return (*spec.init_containers, *spec.containers)


def _ports(workload: Workload) -> Iterator[ContainerPort]:
    for container in _containers(workload):
        yield from container.ports


def _names_ports(workload: Workload) -> bool:
    """True where every container says on which ports it listens."""
    return all(container.ports for container in workload.spec.template.spec.containers)


def _hit(service: Service, behind: list[Workload], wrong: list[_Wrong], identity: Identity) -> Hit:
    first = next((one for one in wrong if one.certain), wrong[0])
    target = first.port.port if first.port.target_port is None else first.port.target_port
    who = ", ".join(f"{w.kind} {w.name}" for w in behind[:3])
    shown = ", ".join(
        dict.fromkeys(f"{p.name or '-'}={p.container_port}" for w in behind for p in _ports(w))
    )
    return Hit(
        subject=service.subject,
        title=f"Service {service.namespace}/{service.name} leads to port {target}, "
        "which none of its pods " + ("has" if first.certain else "names"),
        saw=f"Port {first.port.port} leads to {target}; the containers of {who} have "
        f"{shown or 'no named port'}.",
        expected="A targetPort that the containers have.",
        evidence=(service.where(f"targetPort: {target}"), behind[0].where("containers")),
        variant="default" if first.certain else "number",
        affects=tuple(workload.subject for workload in behind),
        last_seen=identity.collected_at,
        count=len(wrong),
    )
