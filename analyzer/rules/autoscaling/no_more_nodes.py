"""The cluster autoscaler may or can add no more nodes, and pods wait.

What it means:
  Pods find no room, and the autoscaler says that no pool that would take them can grow: the pools
  are at their largest size, or its last tries failed and it waits before the next.
Why it matters:
  The pods wait until room is made by hand.
How we know:
  The autoscaler's own events NotTriggerScaleUp about pods that still wait for a node, within the
  last half hour: "max node group size reached", "max cluster cpu/memory limit reached" or "in
  backoff after failed scale-up". Its status in the ConfigMap cluster-autoscaler-status is shown
  where it tells the error. Where Azure refuses machines or addresses, this is a symptom of that.
What to do:
  customer: Raise the pool's largest size (az aks nodepool update --update-cluster-autoscaler
    --max-count), add a pool, or lower the pods' requests; for failed tries, see the error of the
    scale set (az aks nodepool show, activity log).
References:
  - Cluster autoscaler on AKS: https://learn.microsoft.com/azure/aks/cluster-autoscaler-overview
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import ConfigMaps, Events, Pods
from analyzer.facts.objects import ConfigMap, Event, Pod
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-CAS-001",
    title="The cluster autoscaler can add no more nodes, and pods wait",
    component="cluster-autoscaler",
    clauses=("SHR-05",),
)

RECENT = timedelta(minutes=30)
WAITS = timedelta(minutes=5)
#: Texts of cluster-autoscaler (kubernetes/autoscaler, core/scaleup/orchestrator/skippedreasons.go).
_FULL = re.compile(r"max node group size reached|max cluster [\w., ]+ limits? reached")
_BACKOFF = "in backoff after failed scale-up"
_ERROR = re.compile(r"errorMessage: (?P<text>.+)")


def check(
    events: Events, pods: Pods, identity: Identity, config_maps: ConfigMaps | None
) -> Iterator[Hit]:
    now = identity.collected_at
    waiting = {(p.namespace, p.name): p for p in pods.items if _waits(p, identity)}
    told: dict[str, list[tuple[Event, Pod]]] = {"full": [], "backoff": []}
    for event in events.items:
        pod = waiting.get(event.about[1:]) if event.reason == "NotTriggerScaleUp" else None
        old = now is not None and event.last is not None and now - event.last > RECENT
        if pod is None or old:
            continue
        if _FULL.search(event.text):
            told["full"].append((event, pod))
        elif _BACKOFF in event.text:
            told["backoff"].append((event, pod))
    for kind, rows in told.items():
        if rows:
            yield _hit(kind, rows, identity, _status(config_maps))


def _hit(
    kind: str, rows: list[tuple[Event, Pod]], identity: Identity, status: ConfigMap | None
) -> Hit:
    event = rows[0][0]
    error = _ERROR.search(status.data.get("status", "")) if status is not None else None
    says = f" Its status says: {error['text'].strip()[:400]}" if error and kind == "backoff" else ""
    full = kind == "full"
    shown: tuple[EvidenceRef, ...] = (event.where("message"),)
    if says and status is not None:
        shown = (*shown, status.where("errorMessage"))
    return Hit(
        subject=Subject(kind="Component", name="cluster-autoscaler"),
        title="The node pools are at their largest size, and pods wait"
        if full
        else "The cluster autoscaler's tries to add nodes fail, and pods wait",
        saw=f"{len(rows)} pods wait. The autoscaler says: {event.text[:400]}{says}",
        expected="A pool that takes the pods can grow.",
        evidence=shown,
        variant="default" if full else "backoff",
        group=kind,
        signals=frozenset({Signal.CAPACITY_EXHAUSTED} if full else ()),
        affects=tuple(pod.subject for _, pod in rows),
        first_seen=min((e.first for e, _ in rows if e.first), default=None),
        onset_at_latest=True,
        last_seen=identity.collected_at,
        count=len(rows),
        instance_of=frozenset() if full else None,
    )


def _waits(pod: Pod, identity: Identity) -> bool:
    made, now = pod.metadata.creation_timestamp, identity.collected_at
    young = made is not None and now is not None and now - made < WAITS
    return not pod.spec.node_name and pod.status.phase == "Pending" and not young


def _status(config_maps: ConfigMaps | None) -> ConfigMap | None:
    try:
        if config_maps is None:
            return None
        return config_maps.get("kube-system", "cluster-autoscaler-status")
    except NotCollected:
        return None
