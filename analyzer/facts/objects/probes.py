"""Ports and probes of containers, kept for the templates of workloads alone: pods repeat them.

API reference, "Container" and "Probe" (https://kubernetes.io/docs/reference/kubernetes-api/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from analyzer.facts.kube import Slim, slim
from analyzer.facts.shared import Word


@slim
class ContainerPort(Slim):
    """A port that a container says it listens on."""

    name: Word = ""
    container_port: int | None = None
    host_port: int | None = None
    protocol: Word = "TCP"


@slim
class ProbeTarget(Slim):
    """Where an HTTP, TCP or gRPC probe knocks: a number, or a name of one of the ports."""

    port: int | Word | None = None
    path: Word | None = None
    host: Word | None = None
    scheme: Word | None = None
    service: Word | None = None


@slim
class Probe(Slim):
    """A probe; None for what is not shown (the API server fills in its defaults)."""

    http_get: ProbeTarget | None = None
    tcp_socket: ProbeTarget | None = None
    grpc: ProbeTarget | None = None
    exec: dict[str, Any] | None = None
    initial_delay_seconds: int | None = None
    period_seconds: int | None = None
    timeout_seconds: int | None = None
    failure_threshold: int | None = None
    success_threshold: int | None = None

    @property
    def target(self) -> ProbeTarget | None:
        """What it knocks at; None for a command."""
        return self.http_get or self.tcp_socket or self.grpc

    @property
    def patience_seconds(self) -> int:
        """After how long without an answer the kubelet gives up: period times failures."""
        period = 10 if self.period_seconds is None else self.period_seconds
        failures = 3 if self.failure_threshold is None else self.failure_threshold
        return period * failures


@slim
class Strategy(Slim):
    """How a workload is rolled out; the numbers are counts or percentages."""

    type: Word = ""
    rolling_update: dict[str, Any] = Field(default_factory=dict)


def pins_of(affinity: Any) -> tuple[str, ...]:
    """The nodes to which a pod's affinity binds it by their names (``matchFields``, In).

    The DaemonSet controller binds each of its pods to its node in this way.
    """
    return tuple(sorted(set(_pins(affinity)))) if isinstance(affinity, Mapping) else ()


def _pins(affinity: Mapping[str, Any]) -> Iterator[str]:
    node = affinity.get("nodeAffinity")
    required = _of(node, "requiredDuringSchedulingIgnoredDuringExecution")
    for term in _of(required, "nodeSelectorTerms") or ():
        for field in _of(term, "matchFields") or ():
            if _of(field, "key") == "metadata.name" and _of(field, "operator") == "In":
                yield from (str(value) for value in _of(field, "values") or ())


def _of(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None
