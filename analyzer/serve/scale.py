"""The scale subresource of workloads: how many replicas are wanted, and how many there are.

Form: https://kubernetes.io/docs/reference/kubernetes-api/autoscaling/scale-v1/
"""

from __future__ import annotations

from typing import Any

from analyzer.serve.tables.cells import NONE, at, label_selector, pairs

Obj = dict[str, Any]
SCALED = frozenset(
    {
        ("apps", "deployments"),
        ("apps", "replicasets"),
        ("apps", "statefulsets"),
        ("", "replicationcontrollers"),
    }
)


def scale_of(obj: Obj) -> Obj:
    """Return the Scale of a workload."""
    meta = at(obj, "metadata", {})
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    selector = at(obj, "spec.selector", {})
    plain = at(obj, "kind") == "ReplicationController"
    text = pairs(selector) if plain else label_selector(selector)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": at(obj, "spec.replicas", 0)},
        "status": {
            "replicas": at(obj, "status.replicas", 0),
            "selector": "" if text == NONE else text,
        },
    }
