"""A DaemonSet of the customer starves a node.

What it means:
  A DaemonSet that the customer runs on the nodes, with rights on the host or without limits,
  takes what the kubelet and the runtime need, and the node fails after it started there.
Why it matters:
  The node becomes not ready, again after each repair, because the DaemonSet comes back with it.
How we know:
  Not by the rights alone: the node is in trouble, the trouble began after the DaemonSet's pod
  started there, and either the node's OOM killer or an eviction names its process, or exactly the
  nodes on which it started are in trouble and others are not.
What to do:
  customer: Take the DaemonSet off the node (a node selector, or kubectl delete daemonset), see
    whether the node recovers, and give it requests and limits before it comes back.
References:
  - Support policies: https://learn.microsoft.com/azure/aks/support-policies
  - DaemonSet: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.baseline import Baseline
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Events, Nodes, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.objects import Pod, PodSpec, Workload
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._ailing import Ill, troubled
from analyzer.rules.node._consumers import (
    is_customers,
)
from analyzer.rules.node._nodes import earliest, settled, stamp

RULE = Rule(
    id="AKS-NODE-014",
    title="A DaemonSet of the customer starves a node",
    component="node",
    clauses=("NODE-11", "UNS-18", "NODE-15"),
    signals=frozenset({Signal.OWN_DAEMONSET}),
)

#: Without its name on a kill or an eviction, the trouble must follow the start this closely.
SOON = timedelta(hours=1)
#: A pattern over nodes needs so many of them in trouble, and one that is not.
MIN_NODES = 2


def check(
    nodes: Nodes,
    pods: Pods,
    daemonsets: DaemonSets,
    identity: Identity,
    baseline: Baseline,
    events: Events | None,
    logs: Logs | None,
) -> Iterator[Hit]:
    ill = {t.node.name: t for t in troubled(nodes, pods, events, logs, identity.collected_at)}
    if not ill:
        return
    for daemon in daemonsets.items:
        own = [p for p in pods.items if p.namespace == daemon.namespace
               and p.controller == ("DaemonSet", daemon.name)]  # fmt: skip
        if not own or not is_customers(own[0], daemon.namespace or "", baseline, identity):
            continue
        if not _heavy(daemon.spec.template.spec):
            continue
        guilty = _named(own, ill) or _pattern(own, ill, nodes, identity.collected_at)
        if guilty:
            yield _hit(daemon, own, guilty, identity.collected_at)


def _heavy(spec: PodSpec) -> bool:
    """Rights on the host, or a container without limits of memory and CPU."""
    privileged = any(c.security_context and c.security_context.privileged for c in spec.containers)
    host = spec.host_pid or any(v.host_path is not None for v in spec.volumes)
    unlimited = any("memory" not in c.resources.limits for c in spec.containers)
    return bool(privileged or host or unlimited)


def _named(own: list[Pod], ill: dict[str, Ill]) -> list[Ill]:
    """Nodes in trouble on which a kill or an eviction names one of these pods."""
    return [t for t in ill.values() if any(pod.metadata.uid in t.named for pod in own)]


def _pattern(own: list[Pod], ill: dict[str, Ill], nodes: Nodes, now: datetime | None) -> list[Ill]:
    """All nodes in trouble, where they are those with a new pod of the DaemonSet, and no others."""
    young = {
        pod.spec.node_name
        for pod in own
        if (t := ill.get(pod.spec.node_name or "")) is not None and _follows(t.since, pod)
    }
    with_pod = {pod.spec.node_name for pod in own}
    well = [n for n in nodes.items if n.name not in ill and settled(n, now)]
    fits = young == set(ill) and len(ill) >= MIN_NODES and with_pod <= set(ill)
    return list(ill.values()) if fits and well else []


def _follows(since: datetime | None, pod: Pod) -> bool:
    start = pod.status.start_time
    return since is not None and start is not None and start <= since <= start + SOON


def _hit(daemon: Workload, own: list[Pod], guilty: list[Ill], now: datetime | None) -> Hit:
    names = [t.node.name for t in guilty]
    start = earliest(pod.status.start_time for pod in own if pod.spec.node_name in names)
    blamed = [ref for t in guilty for pod in own if (ref := t.named.get(pod.metadata.uid))]
    how = (
        "The node's own memory kill or eviction names it"
        if blamed
        else "Exactly the nodes on which it started fell ill, soon after its start"
    )
    return Hit(
        subject=daemon.subject,
        title=f"DaemonSet {daemon.namespace}/{daemon.name} starves {len(names)} "
        + ("node" if len(names) == 1 else "nodes"),
        saw=f"{', '.join(names[:5])}: in trouble{stamp(earliest(t.since for t in guilty))}, after "
        f"a pod of {daemon.name} started{stamp(start).replace('since', 'at')}. {how}.",
        expected="A DaemonSet leaves the kubelet, the runtime and the network agents their share.",
        evidence=(
            daemon.where("template", "containers"),
            *blamed[:2],
            *(t.evidence for t in guilty[:3]),
        ),
        affects=tuple(Subject(kind="Node", name=name) for name in names),
        first_seen=start,
        last_seen=now,
    )
