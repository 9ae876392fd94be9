"""Notices on the inputs of an analysis, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.bundle import Bundle, Inventory
from analyzer.bundle.layouts.tools import tool_of
from analyzer.bundle.unfold import DOUBLE
from analyzer.facts.facts import Facts
from analyzer.facts.listings import Events, Leases, Nodes
from analyzer.inputs.clusters import clusters_apart

#: Inputs whose newest data lie further apart do not show the same moment. The archive that AKS
#: writes on nodes is made every hour.
_APART = timedelta(hours=2)


def input_notices(bundle: Bundle, inventory: Inventory, facts: Facts) -> tuple[str, ...]:
    """Return what must be known before reading on; none for a bundle of our own collector."""
    return (
        *_tools(bundle),
        *_several(bundle, inventory),
        *_times(bundle, facts),
        *clusters_apart(bundle, facts),
    )


def _tools(bundle: Bundle) -> Iterator[str]:
    """Say who made the inputs, and what none of them can hold."""
    tools = [(one.name, tool_of(one.layout)) for one in bundle.inputs]
    foreign = [(name, tool) for name, tool in tools if tool is not None]
    if not foreign:
        return
    if len(tools) == 1:
        made, cannot = f"Made by {foreign[0][1].name}", foreign[0][1].cannot
    else:
        made = "; ".join(f"{name} was made by {tool.name}" for name, tool in foreign)
        lacks = [tool.cannot if tool is not None else () for _, tool in tools]
        cannot = tuple(lack for lack in lacks[0] if all(lack in other for other in lacks))
    if not cannot:
        yield f"{made}."
        return
    which = "That form" if len(tools) == 1 else "None of these forms"
    verb = "cannot hold" if len(tools) == 1 else "can hold"
    yield f"{made}. {which} {verb}: {'; '.join(cannot)}. Checks that need it answer unknown."


def _several(bundle: Bundle, inventory: Inventory) -> Iterator[str]:
    if len(bundle.inputs) < 2:
        return
    yield f"{len(bundle.inputs)} inputs are read together: {bundle.name}."
    doubles = [
        gap for part in inventory.parts.values() for gap in part.gaps if gap.detail.endswith(DOUBLE)
    ]
    if doubles:
        first = min(doubles, key=lambda gap: gap.path)
        yield (
            "Some data are in more than one input; the input that is named first counts (such as "
            f"{first.path}: {first.detail})."
        )


def _times(bundle: Bundle, facts: Facts) -> Iterator[str]:
    """Compare the newest time that each input shows."""
    newest = {one.name: _newest(bundle, one, facts) for one in bundle.inputs}
    told = {name: time for name, time in newest.items() if time is not None}
    if len(told) < 2:
        return
    early, late = min(told, key=lambda n: told[n]), max(told, key=lambda n: told[n])
    apart = told[late] - told[early]
    if apart > _APART:
        yield (
            f"The inputs are {_span(apart)} apart: {early} ends at {told[early]:%Y-%m-%d %H:%M} "
            f"UTC, {late} at {told[late]:%Y-%m-%d %H:%M} UTC. What changed between is not seen."
        )


def _span(apart: timedelta) -> str:
    hours = round(apart.total_seconds() / 3600)
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def _newest(bundle: Bundle, one: Bundle, facts: Facts) -> datetime | None:
    if one.manifest is not None and one.manifest.finished is not None:
        return one.manifest.finished
    if one.format and sum(other.format > 0 for other in bundle.inputs) > 1:
        return None  # paths of our own layouts do not tell which of several it was
    prefix = ("cluster/", "nodes/") if one.format else f"{one.name}/"
    times = [span.last for span in facts.logs.spans if span.path.startswith(prefix)]
    for node in facts.of(Nodes).items:
        if node.path.startswith(prefix):
            conditions = node.status.conditions or ()
            times += [c.last_heartbeat_time for c in conditions if c.last_heartbeat_time]
    times += [e.last for e in facts.of(Events).items if e.path.startswith(prefix) and e.last]
    for lease in facts.of(Leases).items:
        if lease.path.startswith(prefix):
            times += _time(str(lease.spec.get("renewTime")))
    return max((time for time in times if time.tzinfo is not None), default=None)


def _time(text: str) -> list[datetime]:
    try:
        return [datetime.fromisoformat(text)]
    except ValueError:
        return []
