"""What the kubelet says of probes, and what can be behind a probe that fails.

The forms are those of pkg/kubelet/prober (``Readiness probe failed: …``) and of its probe helpers
(``context deadline exceeded``, ``connect: connection refused``, ``HTTP probe failed with
statuscode: 503``).
"""

from __future__ import annotations

import re

from analyzer.facts.objects import Event
from analyzer.rules.workload._names import NAMES_FAIL

_PROBE = re.compile(r"^(?:Readiness|Startup|Liveness) probe (?:failed|errored)")
_KILLED = re.compile(r"failed (?:liveness|startup) probe, will be restarted")
#: The kubelet has found no port of that name, and tries to read the name as a number.
_NO_PORT = re.compile(r"strconv\.Atoi: parsing")
_SILENT = re.compile(r"deadline exceeded|i/o timeout|Client\.Timeout|no route to host")

#: A process that does not answer in time may be held up by its node or its network.
_NODE = frozenset(
    {
        "node-overloaded", "kernel-stalls", "runtime-down", "no-pod-network", "packets-dropped",
        "no-service-routing",
    }
)  # fmt: skip


def is_probe_failure(event: Event) -> bool:
    """True for the kubelet's event about a probe that fails."""
    return event.reason == "Unhealthy" and _PROBE.match(event.text) is not None


def is_probe_kill(event: Event) -> bool:
    """True for the kubelet's event about a container that it restarts for its probe."""
    return event.reason == "Killing" and _KILLED.search(event.text) is not None


def effects_of(text: str) -> frozenset[str]:
    """What a failing probe can be a symptom of, by its answer."""
    if _NO_PORT.search(text):
        return frozenset({"probe-cannot-work"})
    effects = _NODE if _SILENT.search(text) else frozenset({"packets-dropped"})
    return effects | {"no-dns", "no-dns-in-namespace"} if NAMES_FAIL.search(text) else effects
