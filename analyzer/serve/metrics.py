"""What ``kubectl top`` asks for, made of the kubelets' own summaries (``stats-summary.json``).

The form is that of metrics.k8s.io/v1beta1; metrics-server takes the same two numbers: processor
use in nanocores and the working set of memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from analyzer.serve.catalogue import METRICS, Kind
from analyzer.serve.status import not_collected, not_found
from analyzer.serve.store import Store
from analyzer.serve.tables.cells import at, dicts

Obj = dict[str, Any]
_NO_PODS = "the kubelets' summaries tell of no pod's use"
_WHY = "no kubelet's stats-summary.json was collected"


class Usage:
    """Processor and memory in use, by node and by pod, at the time of collection."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def every(self, kind: Kind, namespace: str) -> Iterator[Obj]:
        """Yield NodeMetrics or PodMetrics.

        Raises:
            ApiError: 404, the bundle holds none.
        """
        summaries = [p for p in sorted(self._store.files) if p.endswith("/stats-summary.json")]
        if not summaries:
            raise not_collected(f"{kind.qualified} are", _WHY, kind=kind.name, group=METRICS)
        seen = False
        for path in summaries:
            summary = self._summary(path)
            if kind.name == "nodes":
                yield from _node(summary)
            else:
                seen = seen or any(True for _ in _pods(summary, ""))
                yield from _pods(summary, namespace)
        if kind.name == "pods" and not seen:
            raise not_collected(f"{kind.qualified} are", _NO_PODS, kind=kind.name, group=METRICS)

    def get(self, kind: Kind, namespace: str, name: str) -> Obj:
        """Return the metrics of one node or pod.

        Raises:
            ApiError: 404, the bundle holds none.
        """
        for found in self.every(kind, namespace):
            if found["metadata"]["name"] == name:
                return found
        raise not_found(kind.name, kind.group, name)

    def _summary(self, path: str) -> Obj:
        try:
            found = orjson.loads(self._store.read(self._store.files[path]))
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}


def _node(summary: Obj) -> Iterator[Obj]:
    name = at(summary, "node.nodeName")
    usage = _usage(at(summary, "node", {}))
    if name and usage:
        yield _metrics("NodeMetrics", {"name": name}, at(summary, "node")) | {"usage": usage}


def _pods(summary: Obj, namespace: str) -> Iterator[Obj]:
    for pod in dicts(summary, "pods"):
        ref = at(pod, "podRef", {})
        ref = ref if isinstance(ref, dict) else {}
        if namespace and ref.get("namespace") != namespace:
            continue
        found = [
            {"name": c.get("name", ""), "usage": usage}
            for c in dicts(pod, "containers")
            if (usage := _usage(c))
        ]
        if found:
            meta = {"name": ref.get("name", ""), "namespace": ref.get("namespace", "")}
            yield _metrics("PodMetrics", meta, pod) | {"containers": found}


def _metrics(kind: str, meta: Obj, source: Obj) -> Obj:
    """``window`` is how long the kubelet averages over; its summaries are 10 to 20 s apart."""
    stamp = at(source, "cpu.time") or at(source, "memory.time") or at(source, "startTime") or None
    return {
        "kind": kind,
        "apiVersion": f"{METRICS}/v1beta1",
        "metadata": meta | {"creationTimestamp": stamp},
        "timestamp": stamp,
        "window": "15s",
    }


def _usage(source: Obj) -> Obj:
    cores = at(source, "cpu.usageNanoCores", None)
    memory = at(source, "memory.workingSetBytes", None)
    if not isinstance(cores, int) or not isinstance(memory, int):
        return {}
    return {"cpu": f"{cores}n", "memory": f"{memory // 1024}Ki"}
