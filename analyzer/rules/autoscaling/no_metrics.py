"""A pod autoscaler gets no metrics.

What it means:
  A HorizontalPodAutoscaler cannot work out how many pods are wanted, because the metric that it
  goes by is not there.
Why it matters:
  The workload stays at its present size, however large the load.
How we know:
  The autoscaler's condition ScalingActive (or AbleToScale) has been False for ten minutes or more,
  with the reason and the message of the controller. Autoscalers of AKS's own parts, and those of
  workloads that are scaled to zero, are left out. Where the resource metrics are missing for the
  whole cluster, this is a symptom of that.
What to do:
  customer: For "missing request for cpu", give the containers requests; for an own or external
    metric, look at the adapter that serves it; for a target that does not exist, correct
    scaleTargetRef.
References:
  - Horizontal pod autoscaling: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
  - Metrics server in AKS: https://learn.microsoft.com/azure/aks/use-metrics-server-vertical-pod-autoscaler
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.markers import is_managed_namespace
from analyzer.facts.identity import Identity
from analyzer.facts.more_listings import HorizontalPodAutoscalers
from analyzer.facts.objects import AnyObject, Condition
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-HPA-001",
    title="A pod autoscaler gets no metrics",
    component="autoscaling",
    clauses=("UNS-01",),
    signals=frozenset({Signal.UNHEALTHY}),
)

PATIENCE = timedelta(minutes=10)
#: Reasons of pkg/controller/podautoscaler that are no fault.
_ON_PURPOSE = frozenset({"ScalingDisabled", "ScaleDownStabilized", "ReadyForNewScale"})
#: What it is to scale does not exist, as where a workload went and its autoscaler stayed.
_NO_TARGET = "FailedGetScale"
#: Errors of the metrics API itself: whose it is, its own findings tell.
_OF_API = (
    "unable to handle the request",
    "unable to fetch metrics from resource metrics API",
    "ServiceUnavailable",
)
#: The API answers, and has nothing of these pods: they do not run, which is told where it is so.
_OF_PODS = ("no metrics returned from resource metrics API", "did not receive metrics for")


def check(autoscalers: HorizontalPodAutoscalers, identity: Identity) -> Iterator[Hit]:
    for item in autoscalers.items:
        condition = _failed(item, identity.collected_at)
        if condition is None or is_managed_namespace(item.namespace):
            continue
        of_api = any(text in condition.message for text in _OF_API)
        target = item.spec.get("scaleTargetRef") or {}
        yield Hit(
            subject=item.subject,
            title=f"The autoscaler {item.namespace}/{item.name} "
            + ("has no target" if condition.reason == _NO_TARGET else "gets no metrics"),
            saw=f"It scales {target.get('kind')} {target.get('name')} and says "
            f"{condition.reason}: {condition.message[:400]}",
            expected="The condition ScalingActive is True.",
            evidence=(item.where(f"type: {condition.type}", f"reason: {condition.reason}"),),
            variant=_variant(condition),
            signals=frozenset() if of_api else frozenset({Signal.OWN_WORKLOAD}),
            first_seen=condition.last_transition_time,
            last_seen=identity.collected_at,
            instance_of=frozenset({"metrics-missing", "tunnel-down"} if of_api else ()),
        )


def _variant(condition: Condition) -> str:
    if condition.reason == _NO_TARGET:
        return "no-target"
    return "pods-silent" if any(text in condition.message for text in _OF_PODS) else "default"


def _failed(item: AnyObject, now: datetime | None) -> Condition | None:
    for kind in ("ScalingActive", "AbleToScale"):
        condition = item.condition(kind)
        if condition is None or condition.status != "False" or condition.reason in _ON_PURPOSE:
            continue
        since = condition.last_transition_time
        if since is None or now is None or now - since >= PATIENCE:
            return condition
    return None
