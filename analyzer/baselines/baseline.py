"""The expected state of one cluster: what rules ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from analyzer.baselines.capture import Captured
from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.schema import Component
from analyzer.baselines.select import Expectation, expected
from analyzer.baselines.third_party import ThirdParty
from analyzer.facts.identity import Identity

#: Captured objects by kind, namespace and name.
CapturedObjects = Mapping[tuple[str, str, str], Captured]


@dataclass(frozen=True)
class Baseline:
    """The catalogue, what this cluster should run according to it, and what its user captured."""

    catalogue: Catalogue
    expected: tuple[Expectation, ...]
    captured: CapturedObjects = field(default_factory=dict)

    def expects(self, component_id: str) -> Expectation | None:
        """The expectation for that component, or None if the cluster should not have it."""
        return next((e for e in self.expected if e.component.id == component_id), None)

    def workloads(self, kind: str) -> Iterator[tuple[Component, Expectation]]:
        """Expected components of a workload kind, by id."""
        for expectation in self.expected:
            if expectation.component.kind == kind:
                yield expectation.component, expectation


@dataclass(frozen=True)
class ThirdPartySoftware:
    """Software of others that was recognised in the cluster."""

    found: tuple[ThirdParty, ...] = ()


def baseline_for(
    catalogue: Catalogue, identity: Identity, captured: CapturedObjects | None = None
) -> Baseline:
    """Select what this cluster should run."""
    return Baseline(catalogue, expected(catalogue, identity), captured or {})
