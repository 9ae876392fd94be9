"""Rows of the workload kinds: their columns in words, and the cells of one object."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analyzer.serve.tables.cells import (
    NONE,
    UNKNOWN,
    UNSET,
    Obj,
    age,
    at,
    condition,
    containers,
    duration,
    label_selector,
    moment,
    pairs,
    since,
)

Cells = list[Any]
_POD_SPEC = "spec.template.spec"


def _tail(obj: Obj, selector: bool = True) -> Cells:
    names, images = containers(at(obj, _POD_SPEC, {}))
    return [names, images, *([label_selector(at(obj, "spec.selector", None))] if selector else [])]


def deployment(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a Deployment."""
    ready, wanted = at(obj, "status.readyReplicas", 0), at(obj, "spec.replicas", 1)
    current = [at(obj, "status.updatedReplicas", 0), at(obj, "status.availableReplicas", 0)]
    return [at(obj, "metadata.name"), f"{ready}/{wanted}", *current, age(obj, now), *_tail(obj)]


def replica_set(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a ReplicaSet or a ReplicationController."""
    counts = [
        at(obj, "spec.replicas", 1),
        at(obj, "status.replicas", 0),
        at(obj, "status.readyReplicas", 0),
    ]
    tail = _tail(obj)
    if obj.get("kind") == "ReplicationController":
        tail[2] = pairs(at(obj, "spec.selector", {}))
    return [at(obj, "metadata.name"), *counts, age(obj, now), *tail]


def daemon_set(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a DaemonSet."""
    counts = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    return [
        at(obj, "metadata.name"),
        *(at(obj, f"status.{count}", 0) for count in counts),
        pairs(at(obj, f"{_POD_SPEC}.nodeSelector", {})),
        age(obj, now),
        *_tail(obj),
    ]


def stateful_set(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a StatefulSet."""
    ready, wanted = at(obj, "status.readyReplicas", 0), at(obj, "spec.replicas", 1)
    return [at(obj, "metadata.name"), f"{ready}/{wanted}", age(obj, now), *_tail(obj, False)]


def job(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a Job."""
    done, wanted = at(obj, "status.succeeded", 0), at(obj, "spec.completions", None)
    if wanted is None:
        parallel = at(obj, "spec.parallelism", 1)
        wanted = f"1 of {parallel}" if parallel > 1 else 1
    start, end = at(obj, "status.startTime"), moment(at(obj, "status.completionTime"))
    begun = moment(start)
    took = since(start, now) if begun else ""
    if begun and end:
        took = duration((end - begun).total_seconds())
    return [
        at(obj, "metadata.name"),
        _job_status(obj),
        f"{done}/{wanted}",
        took,
        age(obj, now),
        *_tail(obj),
    ]


def _job_status(obj: Obj) -> str:
    for name, word in (
        ("Complete", "Complete"),
        ("Failed", "Failed"),
        ("Suspended", "Suspended"),
        ("FailureTarget", "FailureTarget"),
        ("SuccessCriteriaMet", "SuccessCriteriaMet"),
    ):
        if condition(obj, name).get("status") == "True":
            return word
    return "Terminating" if at(obj, "metadata.deletionTimestamp") else "Running"


def cron_job(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a CronJob."""
    last = at(obj, "status.lastScheduleTime")
    names, images = containers(at(obj, "spec.jobTemplate.spec.template.spec", {}))
    return [
        at(obj, "metadata.name"),
        at(obj, "spec.schedule"),
        at(obj, "spec.timeZone") or NONE,
        str(bool(at(obj, "spec.suspend", False))),
        len(at(obj, "status.active", [])),
        since(last, now) if last else NONE,
        age(obj, now),
        names,
        images,
        label_selector(at(obj, "spec.jobTemplate.spec.selector", None)),
    ]


def autoscaler(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a HorizontalPodAutoscaler (autoscaling/v2)."""
    target = at(obj, "spec.scaleTargetRef", {})
    metrics = [
        _metric(spec, number, obj) for number, spec in enumerate(at(obj, "spec.metrics", []))
    ]
    shown = ", ".join(metrics[:2])
    if len(metrics) > 2:
        shown += f" + {len(metrics) - 2} more..."
    return [
        at(obj, "metadata.name"),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        shown or NONE,
        str(at(obj, "spec.minReplicas", UNSET)),
        at(obj, "spec.maxReplicas", 0),
        at(obj, "status.currentReplicas", 0),
        age(obj, now),
    ]


def _metric(spec: Obj, number: int, obj: Obj) -> str:
    """Return ``cpu: 12%/80%``, or current and target value of any other metric."""
    source = str(spec.get("type", ""))
    body = at(spec, source[:1].lower() + source[1:], {})
    now = at(obj, "status.currentMetrics", [])
    seen = at(now[number], source[:1].lower() + source[1:], {}) if number < len(now) else {}
    name = f"{body['name']}: " if body.get("name") else ""
    if (wanted := at(body, "target.averageUtilization", None)) is not None:
        current = at(seen, "current.averageUtilization", None)
        return f"{name}{UNKNOWN if current is None else f'{current}%'}/{wanted}%"
    average = at(body, "target.averageValue", None)
    wanted = at(body, "target.value") if average is None else f"{average} (avg)"
    field = "value" if average is None else "averageValue"
    return f"{name}{at(seen, f'current.{field}') or UNKNOWN}/{wanted}"


def budget(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a PodDisruptionBudget."""
    return [
        at(obj, "metadata.name"),
        str(at(obj, "spec.minAvailable", "N/A")),
        str(at(obj, "spec.maxUnavailable", "N/A")),
        at(obj, "status.disruptionsAllowed", 0),
        age(obj, now),
    ]


_POD_TAIL = "Containers Images Selector"
PRINTERS = {
    ("apps", "deployments"): ("Name Ready Up-to-date Available Age", _POD_TAIL, deployment),
    ("apps", "replicasets"): ("Name Desired# Current# Ready# Age", _POD_TAIL, replica_set),
    ("", "replicationcontrollers"): ("Name Desired# Current# Ready# Age", _POD_TAIL, replica_set),
    ("apps", "daemonsets"): (
        "Name Desired# Current# Ready# Up-to-date# Available# Node_Selector Age",
        _POD_TAIL,
        daemon_set,
    ),
    ("apps", "statefulsets"): ("Name Ready Age", "Containers Images", stateful_set),
    ("batch", "jobs"): ("Name Status Completions Duration Age", _POD_TAIL, job),
    ("batch", "cronjobs"): (
        "Name Schedule Timezone Suspend Active# Last_Schedule Age",
        _POD_TAIL,
        cron_job,
    ),
    ("autoscaling", "horizontalpodautoscalers"): (
        "Name Reference Targets MinPods MaxPods Replicas# Age",
        "",
        autoscaler,
    ),
    ("policy", "poddisruptionbudgets"): (
        "Name Min_Available Max_Unavailable Allowed_Disruptions# Age",
        "",
        budget,
    ),
}
