"""Scenarios as trees, built once for all forms."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.model.diagnosis import Diagnosis
from analyzer.options import Options
from fixtures.build import load_scenario, tree
from tests.importers.forms import CLUSTER_FORMS, Tree
from tests.rules.harness import bundle_of

SCENARIOS = Path(__file__).parents[2] / "fixtures" / "scenarios"


@lru_cache(maxsize=8)
def tree_of(name: str) -> Tree:
    """The canonical tree of a scenario of the corpus."""
    return tree(load_scenario(SCENARIOS / f"{name}.yaml"))


@lru_cache(maxsize=8)
def own_diagnosis(name: str) -> Diagnosis:
    """What the bundle of our own collector gives for it."""
    return analyze(bundle_of(tree_of(name)))


@lru_cache(maxsize=64)
def diagnosis_in(form: str, name: str) -> Diagnosis:
    """What the archive of another tool gives for it."""
    make, pack, _ = CLUSTER_FORMS[form]
    return analyze(io.BytesIO(pack(make(tree_of(name)))), options=Options(jobs=1))


@pytest.fixture(scope="session")
def crashing() -> Tree:
    """A workload of the customer's that crashes again and again."""
    return tree_of("pod-crash-looping")


@pytest.fixture(scope="session")
def edited() -> Tree:
    """A managed Deployment that the customer changed."""
    return tree_of("managed-workload-edited")
