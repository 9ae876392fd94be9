"""What the API server says of itself: ``/livez``, ``/readyz`` and the feature gates it reports."""

from __future__ import annotations

import re
from dataclasses import dataclass

from analyzer.facts.node_files import TextFile
from analyzer.model.evidence import EvidenceRef

#: Source: kubernetes.io, "Kubernetes API health endpoints" (verbose form).
_CHECK = re.compile(r"^\[(?P<sign>[+-])\](?P<name>\S+)\s*(?P<rest>.*)$")
#: Source: kubernetes.io, "Kubernetes Metrics Reference", kubernetes_feature_enabled.
_GATE = re.compile(
    r'^kubernetes_feature_enabled\{name="(?P<name>[^"]+)",stage="(?P<stage>[^"]*)"\}\s+(?P<on>[01])'
)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One line of a verbose health answer."""

    name: str
    passed: bool
    where: EvidenceRef


@dataclass(frozen=True, slots=True)
class FeatureGate:
    """A feature gate of the API server; ``stage`` is ALPHA, BETA, DEPRECATED or empty for GA."""

    name: str
    stage: str
    enabled: bool
    where: EvidenceRef


def parse_health(file: TextFile) -> tuple[HealthCheck, ...]:
    """Read ``[+]etcd ok`` and ``[-]etcd failed: reason withheld`` lines."""
    return tuple(
        HealthCheck(
            m["name"], m["sign"] == "+", file.at(number, what=f"API server check {m['name']}")
        )
        for number, line in file.lines()
        if (m := _CHECK.match(line.strip()))
    )


def parse_feature_gates(file: TextFile) -> tuple[FeatureGate, ...]:
    """Read the ``kubernetes_feature_enabled`` lines of the API server's metrics."""
    return tuple(
        FeatureGate(
            m["name"], m["stage"], m["on"] == "1", file.at(number, what=f"feature gate {m['name']}")
        )
        for number, line in file.lines()
        if (m := _GATE.match(line.strip()))
    )
