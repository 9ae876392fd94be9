"""The values of one object that the baseline speaks of, and those that a customer has set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.baselines.attribution import allowed_changes
from analyzer.baselines.drift_rows import text_of
from analyzer.baselines.frames import as_written, frame_rows, known_frame, value_at
from analyzer.baselines.images import parse_image
from analyzer.baselines.kube_versions import line_key, line_of
from analyzer.baselines.projections import (
    expected_lines,
    is_main_image,
    newest_line,
    workload_rows,
)
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.objects import ConfigMap, Workload
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow

_LONG = 80


def compared(
    component: Component, workload: Workload, identity: Identity
) -> tuple[int, tuple[DriftRow, ...]]:
    """How many values of a workload the baseline states, and where the workload differs."""
    frame = known_frame(component, workload, identity)
    count = len(workload.images) + len(component.labels) + _leaves(frame)
    count += sum(1 for _ in _main_lines(component, workload, identity))
    rows = (
        *workload_rows(component, workload, identity),
        *frame_rows(component, workload, identity),
    )
    return count, rows


def newer_images(component: Component, workload: Workload, identity: Identity) -> Iterator[str]:
    """Images whose version line is newer than any that the data knows for this minor."""
    newest = newest_line(component, identity.minor)
    for path, image, line in _main_lines(component, workload, identity):
        if newest is not None and line_key(line) > line_key(newest):
            yield f"{path}: {image}"


def customised(obj: KubeObject, component: Component) -> tuple[str, ...]:
    """What a customer has set where AKS lets customers set it, as ``path: value``.

    An object that is the customer's as a whole shows its keys also without managed fields.
    """
    try:
        fields = dict.fromkeys(
            field for change in allowed_changes(obj, component) for field in change.fields
        )
    except NotCollected:
        fields = {}
    if isinstance(obj, ConfigMap) and _own(obj, component):
        fields |= dict.fromkeys(f"data[{key}]" for key in sorted(obj.data))
    dump = as_written(obj) if fields else {}
    return tuple(dict.fromkeys(f"{_plain(field)}: {_short(dump, field)}" for field in fields))


def _main_lines(
    component: Component, workload: Workload, identity: Identity
) -> Iterator[tuple[str, str, str]]:
    """Path, image and version line of the containers whose line the data knows."""
    if not expected_lines(component, identity.minor):
        return
    for container in workload.spec.template.spec.containers:
        line = line_of(parse_image(container.image).tag)
        if line is not None and is_main_image(component, container.image):
            yield f"spec.template.spec.containers[{container.name}].image", container.image, line


def _leaves(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(_leaves(item) for key, item in value.items() if key != "name")
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return sum(_leaves(item) for item in value)
    return 1


def _own(config_map: ConfigMap, component: Component) -> bool:
    key = f"ConfigMap/{config_map.namespace}/{config_map.name}"
    return any(rule.object == key and rule.content == "customer" for rule in component.customer_may)


def _plain(field: str) -> str:
    """``data[corp.server]`` and ``data.ladder`` in one spelling."""
    key = field.removeprefix("data").strip(".[]")
    return f"data[{key}]" if field.startswith("data") else field


def _short(dump: Mapping[str, Any], field: str) -> str:
    value = value_at(dump, field)
    text = " ".join(text_of(value).split()) if value is not None else "not shown"
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
