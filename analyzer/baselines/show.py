"""What is expected, and why, as rows for a table: of every cluster, or of one."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.baselines.catalogue import Catalogue
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
