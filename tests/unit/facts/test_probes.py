"""Ports, probes and pins: kept for templates, read from what the API server writes."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.facts.objects import Pod, Workload
from analyzer.facts.objects.probes import Probe, pins_of

CONTAINER = {
    "name": "web",
    "image": "acr.example/web:1",
    "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
    "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}, "timeoutSeconds": 1},
    "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 5, "failureThreshold": 2},
    "startupProbe": {"exec": {"command": ["true"]}},
}
PINNED = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {
                    "matchFields": [
                        {"key": "metadata.name", "operator": "In", "values": ["n2", "n1"]}
                    ]
                },
                {"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["n3"]}]},
                {"matchExpressions": [{"key": "disk", "operator": "Exists"}]},
            ]
        }
    }
}


def _workload(container: dict[str, Any]) -> Workload:
    spec = {"template": {"spec": {"containers": [container], "affinity": PINNED}}}
    return Workload.model_validate(
        {"kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    )


def test_a_template_keeps_its_ports_and_probes() -> None:
    container = _workload(CONTAINER).spec.template.spec.containers[0]
    assert [(p.name, p.container_port) for p in container.ports] == [("http", 8080)]
    live, ready, start = (
        container.liveness_probe, container.readiness_probe, container.startup_probe
    )  # fmt: skip
    assert live is not None and live.target is not None and live.target.port == "http"
    assert ready is not None and ready.target is not None and ready.target.port == 8080
    assert start is not None and start.target is None and start.exec == {"command": ["true"]}


def test_patience_uses_the_defaults_of_the_api() -> None:
    assert Probe().patience_seconds == 30
    assert Probe(period_seconds=5, failure_threshold=2).patience_seconds == 10


def test_a_template_is_written_back_as_it_was_shown() -> None:
    shown = _workload(CONTAINER).model_dump(by_alias=True, mode="json", exclude_none=True)
    spec = shown["spec"]["template"]["spec"]
    assert spec["containers"][0]["livenessProbe"]["httpGet"] == {"path": "/live", "port": "http"}
    assert spec["affinity"] == PINNED
    again = Workload.model_validate(shown)
    assert again.spec.template.spec.containers == _workload(CONTAINER).spec.template.spec.containers


def test_a_pod_keeps_no_probes_and_only_the_names_of_nodes() -> None:
    pod = Pod.model_validate(
        {"metadata": {"name": "a"}, "spec": {"containers": [CONTAINER], "affinity": PINNED}}
    )
    assert not hasattr(pod.spec.containers[0], "liveness_probe")
    assert pod.spec.pinned_to == ("n1", "n2")


@pytest.mark.parametrize(
    "affinity",
    [None, {}, [], "x", {"nodeAffinity": None}, {"nodeAffinity": {"requiredDuringScheduling": 1}}],
)
def test_no_pins_where_there_are_none(affinity: Any) -> None:
    assert pins_of(affinity) == ()
