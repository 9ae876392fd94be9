"""The expected state of one cluster: what rules ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.schema import Component
from analyzer.baselines.select import Expectation, expected
from analyzer.baselines.third_party import ThirdParty
from analyzer.facts.identity import Identity


@dataclass(frozen=True)
class Baseline:
    """The catalogue and what this cluster should run according to it."""

    catalogue: Catalogue
    expected: tuple[Expectation, ...]

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


def baseline_for(catalogue: Catalogue, identity: Identity) -> Baseline:
    """Select what this cluster should run."""
    return Baseline(catalogue, expected(catalogue, identity))
