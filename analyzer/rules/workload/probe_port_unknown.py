"""A probe knocks at a port that its container does not have.

What it means:
  A readiness, liveness or startup probe names a port, and the container has no port of that name.
  The kubelet cannot ask anything then, and takes the probe for failed.
Why it matters:
  A pod whose readiness or startup probe cannot work never serves; one whose liveness probe cannot
  work is restarted for ever.
How we know:
  The probes in the templates of Deployments, DaemonSets and StatefulSets, against the names of the
  ports of the same container. A number is no fault: a container may listen on ports that it does
  not name.
What to do:
  customer: Give the container a port of that name (ports, name and containerPort), or put the
    number into the probe.
References:
  - Probes: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.workload_owners import Key, WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Deployments, StatefulSets
from analyzer.facts.objects import Workload
from analyzer.facts.objects.pods import TemplateContainer
from analyzer.facts.objects.probes import Probe
from analyzer.model.gap import NotCollected
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._workloads import named, subject_of

RULE = Rule(
    id="AKS-WL-017",
    title="A probe knocks at a port that its container does not have",
    component="workload",
    clauses=("UNS-01", "UNS-14"),
    signals=frozenset({Signal.UNHEALTHY}),
)


def check(
    identity: Identity,
    owners: WorkloadOwners,
    deployments: Deployments | None,
    daemonsets: DaemonSets | None,
    statefulsets: StatefulSets | None,
) -> Iterator[Hit]:
    listings = (deployments, daemonsets, statefulsets)
    for listing in listings:
        for workload in listing.items if listing is not None else ():
            wrong = [row for one in _containers(workload) for row in _wrong(one)]
            key: Key = (workload.kind, workload.namespace or "", workload.name)
            if wrong and workload.desired != 0 and not owners.of(workload, key).managed:
                yield _hit(workload, key, wrong, owners, identity)
    if deployments is None and statefulsets is None:
        raise NotCollected(Deployments().never_asked(), StatefulSets().never_asked())


def _hit(
    workload: Workload,
    key: Key,
    wrong: list[tuple[str, str, str]],
    owners: WorkloadOwners,
    identity: Identity,
) -> Hit:
    container, kind, port = wrong[0]
    more = f" So do {len(wrong) - 1} more probes." if len(wrong) > 1 else ""
    return Hit(
        subject=subject_of(key),
        title=f"A {kind} probe of {named(key)} knocks at a port that is not there",
        saw=f"The {kind} probe of container {container} asks at the port {port}, and the container "
        f"has no port of that name.{more}",
        expected="A port of that name in the same container, or a number.",
        evidence=(workload.where(f"{kind}Probe", f"port: {port}"),),
        signals=owners.signals(key),
        last_seen=identity.collected_at,
        count=len(wrong),
    )


def _containers(workload: Workload) -> tuple[TemplateContainer, ...]:
    spec = workload.spec.template.spec
    return (*spec.init_containers, *spec.containers)


def _wrong(container: TemplateContainer) -> Iterator[tuple[str, str, str]]:
    """Container, kind of probe and port of each probe that cannot work."""
    names = {port.name for port in container.ports}
    probes: tuple[tuple[str, Probe | None], ...] = (
        ("liveness", container.liveness_probe),
        ("readiness", container.readiness_probe),
        ("startup", container.startup_probe),
    )
    for kind, probe in probes:
        target = probe.target if probe is not None else None
        port = target.port if target is not None else None
        # The kubelet also takes a number that is written as text.
        if isinstance(port, str) and port and not port.isdigit() and port not in names:
            yield container.name, kind, port
