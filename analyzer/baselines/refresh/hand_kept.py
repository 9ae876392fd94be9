"""What the sources print and the files kept by hand do not have: told, never written."""

from __future__ import annotations

import json
from collections.abc import Iterator

from analyzer.baselines.calendar import first_day, last_day
from analyzer.baselines.catalogue import load
from analyzer.baselines.data_files import DataFile
from analyzer.baselines.images import belongs_to, parse_image
from analyzer.baselines.kube_versions import for_minor, line_key, line_of, minor_number
from analyzer.baselines.refresh.checkout import Checkout, RefreshError
from analyzer.baselines.schema import Component

#: Images that nodes of Azure/AgentBaker have before the first pod.
CACHED = "parts/common/components.json"
#: Base images and the sandbox: parts of a node, of no component.
_NO_COMPONENT = ("windows/", "oss/kubernetes/pause", "oss/v2/kubernetes/pause")


def questions(versions: DataFile, calendar: DataFile, as_of: str) -> Iterator[str]:
    """Version lines that the tables have for a supported minor and the component's file has not.

    Only lines newer than those known are told: the tables of the documentation lag behind.
    """
    components = {c.id: c for c in load().components}
    for row in str(versions.content["tables"]).splitlines():
        minor, component_id, version = row.split(" ")
        yield from _question(components.get(component_id), component_id, minor, version, "docs")
    for row in str(versions.content["updates"]).splitlines():
        day, component_id, version, minors = row.split(" ")
        for minor in minors.split(","):
            if minor[0].isdigit() and day[:4] >= as_of[:4]:
                component = components.get(component_id)
                yield from _question(component, component_id, minor, version, f"release {day}")
    known = {component for component in components if components[component].versions}
    named = set(versions.content["names"])
    for component_id in sorted(known - named):
        yield f"{component_id}: has version lines, and no name to look for in the sources"
    for component_id in sorted(named - components.keys()):
        yield f"{component_id}: is named in component_versions.yaml and is no component"
    supported = [
        row["minor"]
        for row in calendar.content["minors"]
        if first_day(row["preview"]).isoformat() <= as_of <= last_day(row["end"]).isoformat()
    ]
    for component_id in sorted(known):
        table = components[component_id].versions
        for minor in supported:
            if "same" not in table and not for_minor(table, minor_number(minor)):
                yield f"{component_id}: no version line for {minor}, which is supported"


def image_questions(checkout: Checkout) -> Iterator[str]:
    """Repositories of the images that lie ready on nodes and belong to no component.

    Nothing where the checkout of Azure/AgentBaker does not hold the list.

    Raises:
        RefreshError: the list is not understood.
    """
    path = checkout.root / CACHED
    if not path.is_file():
        return
    try:
        rows = json.loads(checkout.text(CACHED))["ContainerImages"]
        names = sorted({str(row["downloadURL"]).removesuffix(":*") for row in rows})
    except (ValueError, KeyError, TypeError) as error:
        raise RefreshError(f"{path}: not understood: {error!r}") from error
    components = load().components
    for name in names:
        image = parse_image(name)
        plain = image.repository.startswith(_NO_COMPONENT)
        if not plain and not any(belongs_to(image, component) for component in components):
            yield f"{name} lies ready on nodes and belongs to no component"


def _question(
    component: Component | None, component_id: str, minor: str, version: str, source: str
) -> Iterator[str]:
    if component is None or not component.versions or "same" in component.versions:
        return
    lines = for_minor(component.versions, minor_number(minor))
    line = line_of(version)
    if line and lines and line_key(line) > max(line_key(known) for known in lines):
        shown = ", ".join(lines)
        yield f"{component_id} on {minor}: {source} prints {version}, known lines are {shown}"
