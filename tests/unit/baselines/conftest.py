"""The catalogue, loaded once."""

from __future__ import annotations

import pytest

from analyzer.baselines.catalogue import Catalogue, load


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load()
