"""The row of a pod: ready containers, the one word for its state, and restarts.

The rules are those of kubectl's server-side printer (kubernetes/kubernetes,
pkg/printers/internalversion), told in its order: the reason of the pod, then of the init
containers, then of the containers from the last to the first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analyzer.serve.tables.cells import NONE, Obj, age, at, condition, since

COLUMNS = (
    "Name Ready Status Restarts Age",
    "IP Node Nominated_Node Readiness_Gates",
)


def row(pod: Obj, now: datetime | None) -> list[Any]:
    """Return the cells of one pod."""
    spec, status = at(pod, "spec", {}), at(pod, "status", {})
    sidecars = [c for c in at(spec, "initContainers", []) if c.get("restartPolicy") == "Always"]
    state = _State(pod, {str(c.get("name")) for c in sidecars})
    gates = at(spec, "readinessGates", [])
    met = sum(condition(pod, str(g.get("conditionType"))).get("status") == "True" for g in gates)
    restarts = str(state.restarts)
    if state.last_restart and state.restarts:
        restarts = f"{state.restarts} ({since(state.last_restart, now)} ago)"
    return [
        at(pod, "metadata.name"),
        f"{state.ready}/{len(at(spec, 'containers', [])) + len(sidecars)}",
        state.reason,
        restarts,
        age(pod, now),
        at(status, "podIP") or NONE,
        at(spec, "nodeName") or NONE,
        at(status, "nominatedNodeName") or NONE,
        f"{met}/{len(gates)}" if gates else NONE,
    ]


class _State:
    """What the containers say together."""

    def __init__(self, pod: Obj, sidecars: set[str]) -> None:
        self.ready = self.restarts = 0
        self.last_restart = ""
        self.reason = str(at(pod, "status.reason") or at(pod, "status.phase"))
        if condition(pod, "PodScheduled").get("reason") == "SchedulingGated":
            self.reason = "SchedulingGated"
        waiting = self._init(pod, sidecars)
        if not waiting or condition(pod, "Initialized").get("status") == "True":
            self._main(pod, sidecars)
        phase = at(pod, "status.phase")
        if at(pod, "metadata.deletionTimestamp"):
            if at(pod, "status.reason") == "NodeLost":
                self.reason = "Unknown"
            elif phase not in ("Failed", "Succeeded"):
                self.reason = "Terminating"

    def _init(self, pod: Obj, sidecars: set[str]) -> bool:
        """Go over the init containers; True where one of them is not through."""
        found = at(pod, "status.initContainerStatuses", [])
        for number, container in enumerate(found):
            self._count(container)
            done = at(container, "state.terminated", {})
            if done and done.get("exitCode") == 0:
                continue
            if container.get("name") in sidecars and container.get("started"):
                self.ready += bool(container.get("ready"))
                continue
            waiting = at(container, "state.waiting.reason")
            if done:
                self.reason = f"Init:{_ended(done)}"
            elif waiting and waiting != "PodInitializing":
                self.reason = f"Init:{waiting}"
            else:
                total = len(at(pod, "spec.initContainers", []))
                self.reason = f"Init:{number}/{total}"
            return True
        return False

    def _main(self, pod: Obj, sidecars: set[str]) -> None:
        """Go over the containers; restarts of finished init containers no longer count."""
        self.restarts, self.last_restart = 0, ""
        for container in at(pod, "status.initContainerStatuses", []):
            if container.get("name") in sidecars:
                self._count(container)
        running = False
        for container in reversed(at(pod, "status.containerStatuses", [])):
            self._count(container)
            done = at(container, "state.terminated", {})
            if waiting := at(container, "state.waiting.reason"):
                self.reason = str(waiting)
            elif done:
                self.reason = _ended(done)
            elif container.get("ready") and at(container, "state.running", None) is not None:
                running = True
                self.ready += 1
        if self.reason == "Completed" and running:
            ready = condition(pod, "Ready").get("status") == "True"
            self.reason = "Running" if ready else "NotReady"

    def _count(self, container: Obj) -> None:
        self.restarts += int(container.get("restartCount") or 0)
        ended = str(at(container, "lastState.terminated.finishedAt"))
        self.last_restart = max(self.last_restart, ended)


def _ended(done: Obj) -> str:
    if done.get("reason"):
        return str(done["reason"])
    if done.get("signal"):
        return f"Signal:{done['signal']}"
    return f"ExitCode:{done.get('exitCode', 0)}"
