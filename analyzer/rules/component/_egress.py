"""Whether a failing component can get out: the probes of the nodes on which it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.baselines.images import parse_image
from analyzer.baselines.schema import Component
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Pod
from analyzer.facts.parse.host import Probe, parse_probes
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.signal import Signal
from analyzer.rules.component._crashes import killed_for_memory

#: Results that mean "nothing came back": a refusal comes from the far end.
BLOCKED = frozenset({"timeout", "reset", "tls", "nxdomain"})
#: Components that send to endpoints outside, by category and by id.
OUTWARD = frozenset({"monitoring", "security", "gitops", "cost"})
OUTWARD_IDS = frozenset({"azure-policy"})
#: The host to which containerd got no connection (net/http and net of Go).
_UNREACHED = re.compile(
    r'https?://(?P<host>[\w.-]+)[^"\s]*"?: (?:dial tcp|net/http|read tcp|EOF|context deadline)'
)
_PULL = frozenset({"ImagePullBackOff", "ErrImagePull"})


@dataclass(frozen=True, slots=True)
class EgressView:
    """The signals of a look at the probes, and the probe that failed."""

    signals: frozenset[Signal] = frozenset()
    evidence: tuple[EvidenceRef, ...] = ()


def pulls_fail(pods: Iterable[Pod]) -> bool:
    """True if a container of one of the pods waits for its image."""
    return any(
        s.state.waiting and s.state.waiting.reason in _PULL for p in pods for s in p.statuses
    )


def sends_outside(component: Component) -> bool:
    """True for a component that passes on what the cluster's workloads give it."""
    return component.category in OUTWARD or component.id in OUTWARD_IDS


def egress_view(
    component: Component,
    pods: tuple[Pod, ...],
    archives: NodeArchives | None,
    told: Iterable[str] = (),
) -> EgressView:
    """Look at what the component needs outside: the API server, its registry, or its service.

    ``told`` are texts of events about its pods: they name the host that a pull did not reach.
    """
    nodes = {pod.spec.node_name for pod in pods if pod.spec.node_name}
    if pulls_fail(pods):
        hosts = {parse_image(s.image).registry for pod in pods for s in pod.statuses}
        # The registry's own name may be open while the one that the layers come from is not.
        hosts |= {host for text in told for host in _UNREACHED.findall(text)}
        return _look(archives, nodes, "probes/egress.json", hosts)
    if component.category == "tunnel":
        return api_view(archives, nodes)
    if sends_outside(component):
        view = _look(archives, nodes, "probes/egress.json")
        if killed_for_memory(pods) and Signal.EGRESS_BLOCKED not in view.signals:
            return EgressView()  # The kernel ended it; nothing says that it could not get out.
        # The standard probes do not ask for this component's own endpoints.
        return view if view.signals else EgressView(frozenset({Signal.EGRESS_NOT_CHECKED}))
    return EgressView()


def api_view(archives: NodeArchives | None, nodes: set[str]) -> EgressView:
    """Look at whether the nodes reach the API server by its own name."""
    return _look(archives, nodes, "probes/api.json")


def _in_cluster(probe: Probe) -> bool:
    return probe.name.startswith("kubernetes") or probe.name == "10.0.0.1"


def _look(
    archives: NodeArchives | None, nodes: set[str], item: str, hosts: set[str] | None = None
) -> EgressView:
    """Look at the probes of the hosts, all of which must have been asked; of all without hosts."""
    asked: set[str] = set()
    for node in archives or ():
        if nodes and node.node not in nodes:
            continue
        try:
            rows = parse_probes(node.get(item))
        except NotCollected:
            continue
        for probe, place in rows:
            if not _in_cluster(probe) and (hosts is None or probe.name in hosts):
                asked.add(probe.name)
                if probe.result in BLOCKED:
                    return EgressView(frozenset({Signal.EGRESS_BLOCKED}), (place,))
    checked = bool(asked) if hosts is None else hosts <= asked
    return EgressView() if checked else EgressView(frozenset({Signal.EGRESS_NOT_CHECKED}))
