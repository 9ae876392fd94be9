"""The last roll-outs of a Deployment: what changed, from which value to which, when, by whom."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from baseline_builders import managed, sample_objects, workload

from analyzer.baselines.attribution import changes
from analyzer.baselines.history import roll_outs
from analyzer.facts.objects import Workload

IMAGE = "mcr.microsoft.com/oss/v2/kubernetes/coredns:v1.12.1-7"


def replica_set(revision: int, memory: str, **more: Any) -> Workload:
    container = {
        "name": "coredns",
        "image": IMAGE,
        "resources": {"limits": {"memory": memory}},
    }
    return Workload.model_validate(
        {
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"coredns-{revision}",
                "namespace": "kube-system",
                "creationTimestamp": f"2026-11-{10 + revision}T09:00:00Z",
                "annotations": {"deployment.kubernetes.io/revision": str(revision)},
                "ownerReferences": [{"kind": "Deployment", "name": more.pop("owner", "coredns")}],
            },
            "spec": {
                "template": {
                    "metadata": {
                        "labels": {"pod-template-hash": str(revision)},
                        "annotations": more.pop("annotations", {}),
                    },
                    "spec": {"containers": [container]},
                }
            },
        }
    )


def test_a_step_tells_old_and_new_value_time_and_author() -> None:
    fields: dict[str, Any] = {"f:resources": {"f:limits": {"f:memory": {}}}}
    for key in ('k:{"name":"coredns"}', "f:containers", "f:spec", "f:template", "f:spec"):
        fields = {key: fields}
    thing = workload("coredns", IMAGE, managedFields=[managed("kubectl-edit", fields)])
    sets = [replica_set(1, "170Mi"), replica_set(3, "170Mi"), replica_set(2, "500Mi")]
    newest, older = roll_outs(thing, sets, changes(thing))
    assert (newest.revision, newest.before) == (3, 2)
    assert newest.at == datetime(2026, 11, 13, 9, tzinfo=UTC)
    (row,) = newest.rows
    assert row.path == "spec.template.spec.containers[coredns].resources.limits.memory"
    assert (row.expected, row.actual, row.changed_by) == ("500Mi", "170Mi", "kubectl-edit")
    assert older.rows[0].changed_by is None


def test_a_restart_changes_nothing() -> None:
    restarted = {"kubectl.kubernetes.io/restartedAt": "2026-11-12T09:00:00Z"}
    sets = [replica_set(1, "500Mi"), replica_set(2, "500Mi", annotations=restarted)]
    (step,) = roll_outs(workload("coredns", IMAGE), sets)
    assert step.rows == ()


def test_replica_sets_of_others_do_not_count() -> None:
    sets = [replica_set(1, "500Mi"), replica_set(2, "170Mi", owner="other")]
    assert roll_outs(workload("coredns", IMAGE), sets) == ()
    assert roll_outs(workload("coredns", IMAGE), []) == ()


def test_samples_are_read_without_a_mistake() -> None:
    things = [t for t in sample_objects("s1") if isinstance(t, Workload)]
    sets = [t for t in things if t.kind == "ReplicaSet"]
    steps = [step for t in things if t.kind == "Deployment" for step in roll_outs(t, sets)]
    assert all(step.revision > step.before for step in steps)
