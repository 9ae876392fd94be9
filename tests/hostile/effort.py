"""How long the property tests search: a few seconds each, or more by an environment variable."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

#: ``DEMARC_EFFORT=50 pytest tests/hostile/properties`` tries fifty times as many examples.
EFFORT = float(os.environ.get("DEMARC_EFFORT", "1"))


def examples(count: int) -> settings:
    """Settings of one test: ``count`` examples, times the effort that was asked for."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    most = max(1, int(count * EFFORT))
    return settings(max_examples=most, deadline=None, suppress_health_check=slow)
