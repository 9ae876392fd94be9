"""The tunnel from the control plane to the nodes is down.

What it means:
  The agents that hold the tunnel (konnectivity) cannot connect to its server in the control plane,
  or the API server finds no agent.
Why it matters:
  kubectl logs, exec and port-forward fail, admission webhooks and aggregated APIs in the cluster
  cannot be asked, and objects that need a webhook cannot be created.
How we know:
  Failed connections in the agents' own logs, over ten minutes or more until the collection, in at
  least half of the agents; repeated errors "No agent available" in events; or aggregated APIs that
  time out while the agents' nodes cannot reach the API server, or while not one container log
  could be fetched (a tunnel that is down keeps them out of the bundle). An agent's ordinary
  chatter (closed connections, a renewed certificate) is no finding.
What to do:
  customer: Let the nodes reach the API server's name on port 443 with ALPN passed through (no TLS
    inspection), then restart the agents: kubectl -n kube-system rollout restart deployment
    konnectivity-agent
  microsoft: Look at the tunnel's server in the control plane of this cluster.
References:
  - Outbound rules: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
  - Konnectivity: https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.attribution import customer_changes
from analyzer.baselines.baseline import Baseline
from analyzer.facts.identity import Identity
from analyzer.facts.listings import ApiServices, Deployments, Events, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.parse.host import Probe
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.control_plane._reach import BLOCKED, agents_reach
from analyzer.rules.control_plane._tunnel import LANDMARK, NAME, SYSTEM, Signs, read_signs

RULE = Rule(
    id="AKS-CTL-003",
    title="The tunnel from the control plane to the nodes is down",
    component="konnectivity-agent",
    clauses=("MGD-01", "NODE-03", "MGD-05"),
    signals=frozenset({Signal.MANAGED_COMPONENT, Signal.UNHEALTHY}),
)

_AGENTS_LOG = (
    "The agents' own logs, taken on their nodes (crictl logs): a refused or opened TLS connection "
    "points to the customer's firewall or proxy, an error of the server to Microsoft."
)


def check(
    identity: Identity,
    baseline: Baseline,
    logs: Logs | None,
    pods: Pods | None,
    events: Events | None,
    api_services: ApiServices | None,
    deployments: Deployments | None,
    archives: NodeArchives | None,
) -> Iterator[Hit]:
    signs = read_signs(identity.collected_at, logs, pods, events, api_services)
    nodes = [p.spec.node_name for p in signs.failing if p.spec.node_name]
    way = agents_reach(archives, nodes)
    blocked = way is not None and way[0].result in BLOCKED
    if signs.by_agents or signs.told or (signs.apis and (blocked or signs.no_logs)):
        yield _hit(signs, way, _change_signals(deployments, baseline), identity)
    (logs or Logs()).of(LANDMARK)


def _hit(
    signs: Signs,
    way: tuple[Probe, EvidenceRef] | None,
    change: frozenset[Signal],
    identity: Identity,
) -> Hit:
    signals, evidence = _way_out(signs, way)
    shown = (
        *(match.samples[0] for match in signs.lines[:2] if match.samples),
        *(event.where("message", f"reason: {event.reason}") for event in signs.told[:2]),
        *(item.where("reason: FailedDiscoveryCheck") for item in signs.apis[:1]),
    )
    return Hit(
        subject=Subject(kind="Deployment", name=NAME, namespace=SYSTEM),
        saw=signs.sentence,
        expected="Every agent holds a connection to the tunnel's server.",
        evidence=(*shown, *evidence),
        signals=signals | change,
        affects=tuple(
            Subject(kind="Pod", name=p.name, namespace=p.namespace, node=p.spec.node_name)
            for p in signs.failing
        ),
        first_seen=signs.onset,
        last_seen=identity.collected_at,
        would_change=() if signs.lines else (_AGENTS_LOG,),
        count=sum(match.count for match in signs.lines) or 1,
    )


def _way_out(
    signs: Signs, way: tuple[Probe, EvidenceRef] | None
) -> tuple[frozenset[Signal], tuple[EvidenceRef, ...]]:
    """Blocked, open, or not known: a probe of the port says nothing of the tunnel's protocol."""
    if way is not None and way[0].result in BLOCKED:
        return frozenset({Signal.EGRESS_BLOCKED}), (way[1],)
    if signs.inspected:
        return frozenset({Signal.EGRESS_BLOCKED}), ()
    if way is None or not signs.lines:
        return frozenset({Signal.EGRESS_NOT_CHECKED}), ()
    return frozenset(), ()


def _change_signals(deployments: Deployments | None, baseline: Baseline) -> frozenset[Signal]:
    try:
        agent = deployments.get(SYSTEM, NAME) if deployments is not None else None
        if agent is None:
            return frozenset({Signal.CHANGE_NOT_CHECKED})
        changed = customer_changes(agent, baseline.catalogue.find("Deployment", SYSTEM, NAME))
    except NotCollected:
        return frozenset({Signal.CHANGE_NOT_CHECKED})
    return frozenset({Signal.CHANGED_BY_CUSTOMER if changed else Signal.CHANGED_BY_AKS})
