"""What may be compared of a managed object: images, labels, the Corefile's frame, AKS's RBAC."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from analyzer.baselines.data_files import Data, packaged
from analyzer.baselines.drift_rows import ABSENT
from analyzer.baselines.images import belongs_to, foreign_image, parse_image
from analyzer.baselines.kube_versions import (
    for_minor,
    line_key,
    line_of,
    minor_number,
)
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.objects import ConfigMap, RoleBinding, Workload
from analyzer.model.hit import DriftRow


class _Corefile(Data):
    block: str
    plugins: tuple[str, ...]
    also: tuple[str, ...]
    arguments: dict[str, str]
    imports: tuple[str, ...]


class _Binding(Data):
    name: str
    role: str
    users: tuple[str, ...]


def workload_rows(
    component: Component, workload: Workload, identity: Identity
) -> tuple[DriftRow, ...]:
    """Where a workload leaves its component's baseline: images, version lines, pod labels.

    Exact tags are not compared (they change weekly), and a version newer than the data is no
    drift. A minor that the data does not know is not compared.
    """
    rows = [*image_rows(component, workload), *version_rows(component, workload, identity)]
    rows.extend(label_rows(component, workload))
    return tuple(rows)


def image_rows(component: Component, workload: Workload) -> Iterator[DriftRow]:
    """Images that are not Microsoft's, by container."""
    spec = workload.spec.template.spec
    shipped = component.images[0] if component.images else "…"
    parts = (("initContainers", spec.init_containers), ("containers", spec.containers))
    for part, containers in parts:
        for container in containers:
            if container.image and foreign_image(container.image, component):
                expected = f"mcr.microsoft.com/{shipped}"
                path = f"spec.template.spec.{part}[{container.name}].image"
                yield DriftRow(path=path, expected=expected, actual=container.image)


def version_rows(
    component: Component, workload: Workload, identity: Identity
) -> Iterator[DriftRow]:
    """Version lines of the main image that do not go with the cluster's minor version."""
    lines = expected_lines(component, identity.minor)
    if not lines:
        return
    newest = newest_line(component, identity.minor)
    for container in workload.spec.template.spec.containers:
        image = parse_image(container.image)
        line = line_of(image.tag)
        if line is None or not is_main_image(component, container.image) or line in lines:
            continue
        if newest is not None and line_key(line) > line_key(newest):
            continue  # newer than this baseline: not drift
        path = f"spec.template.spec.containers[{container.name}].image"
        expected = f"a version {' or '.join(lines)} for Kubernetes {identity.minor}"
        yield DriftRow(path=path, expected=expected, actual=container.image)


def label_rows(component: Component, workload: Workload) -> Iterator[DriftRow]:
    """Labels of the pods that the component must carry."""
    actual = workload.spec.template.metadata.labels
    if not actual and not workload.spec.selector.match_labels:
        return  # the template's metadata is not shown
    for key in sorted(component.labels):
        if actual.get(key) != component.labels[key]:
            path = f"spec.template.metadata.labels[{key}]"
            value = actual.get(key, ABSENT)
            yield DriftRow(path=path, expected=component.labels[key], actual=value)


def expected_lines(component: Component, minor: str | None) -> tuple[str, ...]:
    """Version lines (``1.12``) of the main image for a Kubernetes minor; empty if not known."""
    number = minor_number(minor)
    if number is None:
        return ()
    if "same" in component.versions:
        return (f"1.{number}",)
    return for_minor(component.versions, number)


def newest_line(component: Component, minor: str | None) -> str | None:
    """The newest line that the data knows; for a component that follows Kubernetes, the minor's."""
    if "same" in component.versions:
        return minor
    lines = [line for known in component.versions.values() for line in known]
    return max(lines, key=line_key) if lines else None


def is_main_image(component: Component, image: str) -> bool:
    """True if the image is the one that ``Component.versions`` speaks of (the first repository)."""
    if not component.images:
        return False
    last = component.images[0].rsplit("/", 1)[-1]
    parsed = parse_image(image)
    return belongs_to(parsed, component) and parsed.repository.rsplit("/", 1)[-1].startswith(last)


def corefile_rows(config_map: ConfigMap) -> tuple[DriftRow, ...]:
    """Where the managed Corefile leaves its frame; nothing where its text is not shown."""
    text = config_map.data.get("Corefile")
    if text is None:
        return ()
    frame = _corefile()
    blocks = corefile_blocks(text)
    plugins = blocks.get(frame.block)
    if plugins is None:
        return (DriftRow(path=f"data.Corefile[{frame.block}]", expected="a block", actual=ABSENT),)
    rows = list(_plugin_rows(frame, plugins))
    rows.extend(
        DriftRow(path=f"data.Corefile[{name}]", expected=ABSENT, actual="a server block")
        for name in sorted(blocks)
        if name not in (frame.block, "")
    )
    for wanted in frame.imports:
        if wanted not in text:
            path = f"data.Corefile[import {wanted}]"
            rows.append(DriftRow(path=path, expected=f"import {wanted}", actual=ABSENT))
    return tuple(rows)


def corefile_values(config_map: ConfigMap) -> int:
    """How many plugins and imports of the Corefile are compared; 0 where its text is not shown."""
    if "Corefile" not in config_map.data:
        return 0
    frame = _corefile()
    return len(frame.plugins) + len(frame.imports)


def _plugin_rows(frame: _Corefile, plugins: Mapping[str, str]) -> Iterator[DriftRow]:
    for name in frame.plugins:
        path = f"data.Corefile[{name}]"
        wanted = frame.arguments.get(name, "")
        if name not in plugins:
            yield DriftRow(path=path, expected=f"{name} {wanted}".strip(), actual=ABSENT)
        elif wanted and not plugins[name].startswith(wanted):
            yield DriftRow(path=path, expected=f"{name} {wanted}", actual=f"{name} {plugins[name]}")
    for name in sorted(plugins):
        if name not in frame.plugins and name not in frame.also:
            actual = f"{name} {plugins[name]}".strip()
            yield DriftRow(path=f"data.Corefile[{name}]", expected=ABSENT, actual=actual)


def corefile_blocks(text: str) -> dict[str, dict[str, str]]:
    """Server blocks with their plugins and arguments; ``""`` holds lines outside of any block.

    Source: the Corefile format, https://coredns.io/manual/configuration/.
    """
    blocks: dict[str, dict[str, str]] = {"": {}}
    name, depth = "", 0
    for raw in text.splitlines():
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        opens = line.endswith("{")
        if depth == 0 and opens:
            name = line.rstrip("{").strip()
            blocks.setdefault(name, {})
        elif line and line != "}" and depth <= 1:
            plugin, _, arguments = line.rstrip("{").strip().partition(" ")
            blocks[name if depth else ""].setdefault(plugin, arguments.strip())
        depth += int(opens) - int(line == "}")
        if depth <= 0:
            name, depth = "", 0
    return blocks


def binding_rows(binding: RoleBinding) -> tuple[DriftRow, ...]:
    """Where a role binding of AKS itself was changed; nothing for any other binding."""
    for wanted in _bindings():
        if wanted.name == binding.name:
            return tuple(_binding_rows(wanted, binding.role_ref, binding.subjects))
    return ()


@lru_cache(maxsize=1)
def _corefile() -> _Corefile:
    return packaged("expected_objects.yaml").record("corefile", _Corefile)


@lru_cache(maxsize=1)
def _bindings() -> tuple[_Binding, ...]:
    return packaged("expected_objects.yaml").records("bindings", _Binding)


def _binding_rows(
    wanted: _Binding, role_ref: Mapping[str, Any], subjects: tuple[dict[str, Any], ...]
) -> Iterator[DriftRow]:
    if role_ref.get("name") != wanted.role:
        actual = str(role_ref.get("name") or ABSENT)
        yield DriftRow(path="roleRef.name", expected=wanted.role, actual=actual)
    users = sorted(str(subject.get("name")) for subject in subjects)
    if not set(users) & set(wanted.users):
        expected = wanted.users[0]
        yield DriftRow(path="subjects", expected=expected, actual=", ".join(users) or ABSENT)
