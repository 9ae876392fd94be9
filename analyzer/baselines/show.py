"""What is expected, and why, as rows for a table: of every cluster, or of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from analyzer.baselines.catalogue import Catalogue, source_link
from analyzer.baselines.component_versions import latest
from analyzer.baselines.freshness import data_age
from analyzer.baselines.projections import expected_lines
from analyzer.baselines.schema import Component
from analyzer.baselines.select import expected, expected_outside
from analyzer.facts.identity import Identity


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One line of ``demarc baseline show``."""

    id: str
    kind: str
    object: str
    expected: str
    why: str
    versions: str
    may_change: str


def show(catalogue: Catalogue, identity: Identity | None) -> tuple[ShownRow, ...]:
    """All components; with an identity only those that this cluster should have, and why."""
    if identity is None:
        return tuple(_row(c, c.when.scope.value, "", None) for c in catalogue.components)
    found = (*expected(catalogue, identity), *expected_outside(catalogue, identity))
    rows = (
        _row(e.component, "yes" if e.certain else "perhaps", e.why, identity.minor) for e in found
    )
    return tuple(sorted(rows, key=lambda row: row.id))


def heading(catalogue: Catalogue, identity: Identity | None) -> tuple[str, ...]:
    """What the table is about: the data's date, and the cluster with what decides."""
    if identity is None:
        return (f"{data_age(catalogue.as_of, None)}: {len(catalogue.components)} components",)
    network = identity.network
    version = identity.kubernetes_version or "of unknown version"
    parts = (
        f"network {network.mode.value}",
        f"dataplane {network.dataplane.value}",
        f"policy engine {network.policy.value}",
        f"kube-proxy {network.proxy}",
    )
    shown = ", ".join(sorted(identity.add_ons)) or "none is shown"
    return (
        f"{identity.name or 'cluster'}: Kubernetes {version}, {', '.join(parts)}",
        f"add-ons: {shown}" + ("" if identity.add_ons_known else " (the list may be incomplete)"),
        str(data_age(catalogue.as_of, identity.collected_at)),
    )


def as_dict(
    catalogue: Catalogue, identity: Identity | None, rows: Iterable[ShownRow]
) -> dict[str, Any]:
    """The rows for JSON, with what the catalogue knows of each component besides."""
    age = data_age(catalogue.as_of, identity.collected_at if identity else None)
    found = []
    for row in rows:
        component = catalogue.get(row.id)
        minor = identity.minor if identity else None
        found.append({**asdict(row), **_more(component, minor)})
    return {"as_of": age.as_of, "days_apart": age.days, "components": found}


def _more(component: Component, minor: str | None) -> dict[str, Any]:
    known = component.model_dump(mode="json", exclude_defaults=True, exclude={"id", "kind", "name"})
    known["versions_by_minor"] = known.pop("versions", {})
    if (newest := latest(component.id, minor)) is not None:
        day = newest.date.isoformat() if newest.date else None
        known["newest_release"] = {"version": newest.version, "date": day}
    known["sources"] = [source_link(source) for source in component.sources]
    return known


def _row(component: Component, is_expected: str, why: str, minor: str | None) -> ShownRow:
    place = f"{component.namespaces[0]}/" if component.namespaces else ""
    may = [rule.object or rule.what for rule in component.customer_may]
    return ShownRow(
        id=component.id,
        kind=component.kind,
        object=f"{place}{component.name}",
        expected=is_expected,
        why=why,
        versions=", ".join(expected_lines(component, minor)),
        may_change="; ".join(may),
    )
