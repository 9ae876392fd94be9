"""A managed component crashes again and again.

What it means:
  A container of a component that AKS runs ends soon after each start, and the kubelet starts it
  again after longer and longer pauses.
Why it matters:
  Between the restarts the component does nothing: its work is late, or not done at all.
How we know:
  Container states: waiting in CrashLoopBackOff after three restarts or more, or at least five
  restarts of which the last is minutes old and the run before it was short. Restarts of long ago
  are no finding. Reason, exit code and the component's own log lines are shown if collected. An
  error in CoreDNS's configuration, a loop, or an API server out of its reach leaves the owner open
  where nothing tells whose part failed.
What to do:
  customer: Read the log of the last run (kubectl -n <namespace> logs <pod> --previous), and undo
    any change of the component or of its settings.
  microsoft: Look into the crash of the component; the evidence holds the last termination and log
    lines.
References:
  - Pod lifecycle, restarts: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import component_of, is_managed_namespace, whose
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.listings import ConfigMaps, DaemonSets, Deployments, Events, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.more_listings import LimitRanges
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Pod, Workload
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.component._crashes import Crash, crash_of, log_lines
from analyzer.rules.component._egress import egress_view
from analyzer.rules.component._managed import (
    OWN_EFFECTS,
    SYSTEM,
    VITAL,
    ChangeView,
    change_view,
    pod_subject,
    signals_of,
)
from analyzer.rules.component._node_side import node_view
from analyzer.rules.component._open_questions import carried_by, ended_by, limited_by
from analyzer.rules.component._own_log import Sources, Told, told_by_log

RULE = Rule(
    id="AKS-CMP-003",
    title="A managed component crashes again and again",
    component="managed-component",
    clauses=("MGD-08", "MGD-05", "SUP-02"),
    signals=frozenset({Signal.MANAGED_COMPONENT, Signal.UNHEALTHY}),
)

#: What can make a component crash, besides its own code.
_CAUSES = frozenset(
    {"component-changed", "component-down", "runtime-down", "kernel-stalls", "node-overloaded",
     "api-unreachable", "api-server-unhealthy", "no-egress", "no-pod-network", "no-service-routing",
     "no-disks"}
)  # fmt: skip
Key = tuple[str, str, str]


@dataclass(frozen=True)
class _Group:
    """The crashing pods of one workload, and how many pods it has."""

    component: Component
    workload: Workload | None
    crashes: tuple[Crash, ...]
    total: int

    @property
    def onset(self) -> datetime | None:
        return min((c.since for c in self.crashes if c.since), default=None)

    @property
    def killed(self) -> tuple[tuple[Pod, str], ...]:
        """Pods with the container that was killed at its memory limit."""
        return tuple(
            (c.pod, c.status.name)
            for c in self.crashes
            if c.ended is not None and c.ended.reason == "OOMKilled"
        )

    @property
    def pods(self) -> tuple[Pod, ...]:
        return tuple(c.pod for c in self.crashes)


def check(
    pods: Pods,
    baseline: Baseline,
    identity: Identity,
    deployments: Deployments | None,
    daemonsets: DaemonSets | None,
    archives: NodeArchives | None,
    logs: Logs | None,
    config_maps: ConfigMaps | None,
    events: Events | None,
    limits: LimitRanges | None,
) -> Iterator[Hit]:
    sources = Sources(logs, archives, config_maps, identity.collected_at)
    workloads = _workloads(deployments, daemonsets)
    counts: dict[Key, int] = {}
    crashes: dict[Key, list[Crash]] = {}
    for pod in pods.items:
        if not is_managed_namespace(pod.namespace) or pod.controller is None:
            continue
        key = (pod.namespace or "", *pod.controller)
        counts[key] = counts.get(key, 0) + 1
        crash = crash_of(pod, identity.collected_at)
        if crash is not None:
            crashes.setdefault(key, []).append(crash)
    for key in sorted(crashes):
        first = crashes[key][0].pod
        component = component_of(first, baseline.catalogue)
        owner = whose(workloads.get(key) or first, baseline.catalogue, identity)
        if component is not None and owner.managed:
            group = _Group(component, workloads.get(key), tuple(crashes[key]), counts[key])
            asked = ended_by(key[0], [c.ended for c in group.crashes if c.ended], events)
            limited = limited_by(group.killed, group.workload, limits)
            load = carried_by(component, group.pods)
            asked = _both(asked, _both(limited, load))
            yield _hit(key, group, asked, _told(group, sources), sources, identity)
    pods.of(SYSTEM)


def _both(left: ChangeView, right: ChangeView) -> ChangeView:
    return ChangeView(left.signals | right.signals, (*left.would_change, *right.would_change))


def _workloads(
    deployments: Deployments | None, daemonsets: DaemonSets | None
) -> dict[Key, Workload]:
    shown = (*(deployments.items if deployments else ()), *(daemonsets.items if daemonsets else ()))
    return {(w.namespace or "", w.kind, w.name): w for w in shown}


def _told(group: _Group, sources: Sources) -> Told:
    """What logs and probes say; a container that was killed at its limit said nothing of that."""
    egress = egress_view(group.component, group.pods, sources.archives)
    lines = (*log_lines(sources.logs, group.pods), *egress.evidence)
    killed = any(c.ended is not None and c.ended.reason == "OOMKilled" for c in group.crashes)
    told = Told() if killed else told_by_log(group.component.id, group.pods, sources)
    places = tuple(dict.fromkeys((*lines, *told.evidence)))
    return Told(egress.signals | told.signals, places, told.would_change)


def _hit(
    key: Key,
    group: _Group,
    asked: ChangeView,
    told: Told,
    sources: Sources,
    identity: Identity,
) -> Hit:
    namespace, kind, name = key
    worst = max(group.crashes, key=lambda crash: crash.status.restart_count)
    changed = change_view(group.workload, group.component, group.onset, sources.config_maps)
    node = node_view(kind, group.pods, group.total, sources.archives)
    everywhere = len(group.pods) >= group.total
    variant = "all-vital" if group.component.id in VITAL else "all"
    return Hit(
        subject=Subject(kind=kind, name=name, namespace=namespace),
        title=f"{name} crashes again and again on {len(group.pods)} of {group.total} pods",
        component=group.component.id,
        saw=worst.sentence,
        expected=f"No restarts. {group.component.what}",
        evidence=(*(crash.where for crash in group.crashes[:3]), *told.evidence),
        variant=variant if everywhere else "default",
        signals=signals_of(group.component)
        | changed.signals
        | node.signals
        | asked.signals
        | told.signals,
        affects=tuple(pod_subject(pod) for pod in group.pods),
        first_seen=group.onset,
        last_seen=identity.collected_at,
        would_change=(
            *changed.would_change,
            *node.would_change,
            *asked.would_change,
            *told.would_change,
        ),
        count=len(group.crashes),
        instance_of=_CAUSES - OWN_EFFECTS.get(group.component.category, frozenset()),
    )
