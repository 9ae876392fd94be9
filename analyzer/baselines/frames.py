"""What AKS sets in the pods of a component, and where a workload leaves that."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from analyzer.baselines.data_files import Data, packaged
from analyzer.baselines.drift import differences
from analyzer.baselines.drift_rows import path_steps, written_at
from analyzer.baselines.kube_versions import in_range, minor_number
from analyzer.baselines.normalise import normalise
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.objects import Workload
from analyzer.model.hit import DriftRow

State = Mapping[str, Any]


class Frame(Data):
    """Fields of a component's pod spec. ``firm``: they count whoever may have written them.

    ``minors`` is a range of Kubernetes minors (empty: all); ``unless`` are globs of annotations
    with which a customer may choose other values.
    """

    component: str
    pod: dict[str, Any]
    minors: str = ""
    firm: bool = False
    unless: tuple[str, ...] = ()


class Needed(Data):
    """An object that is there on every AKS cluster, and whose component it belongs to."""

    component: str
    kind: str
    namespace: str
    name: str
    what: str


def frame_rows(
    component: Component, workload: Workload, identity: Identity, *, firm: bool = False
) -> tuple[DriftRow, ...]:
    """Where a workload leaves its frame; with ``firm`` only what every cluster has alike.

    A container that the frame does not know by name is not compared.
    """
    state = known_frame(component, workload, identity, firm=firm)
    return differences(state, as_written(workload)) if state else ()


def known_frame(
    component: Component, workload: Workload, identity: Identity, *, firm: bool = False
) -> State:
    """The expected fields of the containers that the workload has, and of its pod spec."""
    return _known_parts(frame_state(component, workload, identity, firm=firm), workload)


def frame_state(
    component: Component, workload: Workload, identity: Identity, *, firm: bool = False
) -> State:
    """The expected fields in the shape of the object; empty where nothing is known."""
    pod: dict[str, Any] = {}
    for frame in frames().get(component.id, ()):
        if (frame.firm or not firm) and _holds(frame, workload, identity):
            pod = _merged(pod, frame.pod)
    if not firm:
        names = {
            "serviceAccountName": component.service_account,
            "priorityClassName": component.priority_class,
        }
        pod |= {key: value for key, value in names.items() if value}
    return {"spec": {"template": {"spec": pod}}} if pod else {}


def as_written(obj: KubeObject) -> dict[str, Any]:
    """An object as its listing shows it, what is not set left out; cheap enough for each object."""
    return obj.model_dump(by_alias=True, mode="json", exclude_none=True)


def same_value(path: str, left: Any, right: Any) -> bool:
    """True if two values of a field say the same (``512Mi`` and ``0.5Gi``, lists in any order)."""
    steps = path_steps(path)[-2:]
    for step in reversed(steps):
        left, right = {step: left}, {step: right}
    if normalise(left) == normalise(right):
        return True
    return not differences(left, right, extra=True)


def value_at(state: State, path: str) -> Any:
    """The value of a path in an expected state or an object; None if it has none there."""
    return written_at(state, path)


@lru_cache(maxsize=1)
def frames() -> dict[str, tuple[Frame, ...]]:
    """All frames by component, in their order."""
    found: dict[str, tuple[Frame, ...]] = {}
    for frame in packaged("expected_objects.yaml").records("frames", Frame):
        found[frame.component] = (*found.get(frame.component, ()), frame)
    return found


@lru_cache(maxsize=1)
def needed() -> tuple[Needed, ...]:
    """The objects besides workloads that every AKS cluster has."""
    return packaged("expected_objects.yaml").records("needed", Needed)


@lru_cache(maxsize=1)
def marks() -> dict[str, str]:
    """Labels that AKS puts on its objects with one value everywhere."""
    content = packaged("expected_objects.yaml").content
    return {str(key): str(value) for key, value in content["marks"].items()}


def _holds(frame: Frame, workload: Workload, identity: Identity) -> bool:
    if frame.minors:
        minor = minor_number(identity.minor)
        if minor is None or not in_range(minor, frame.minors):
            return False
    keys = workload.metadata.annotations
    return not any(fnmatchcase(key, glob) for glob in frame.unless for key in keys)


def _known_parts(state: State, workload: Workload) -> State:
    """The state without containers that the workload does not have."""
    if not state:
        return state
    pod = dict(state["spec"]["template"]["spec"])
    names = {container.name for container in workload.spec.template.spec.containers}
    if "containers" in pod:
        pod["containers"] = [part for part in pod["containers"] if part["name"] in names]
        if not pod["containers"]:
            del pod["containers"]
    return {"spec": {"template": {"spec": pod}}}


def _merged(left: dict[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """Two frames of a pod; their containers do not overlap."""
    both = {**left, **right}
    if "containers" in left and "containers" in right:
        both["containers"] = [*left["containers"], *right["containers"]]
    return both
