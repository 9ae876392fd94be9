"""What the tests of a fleet share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analyzer.fleet.run import FleetResult


@dataclass(frozen=True)
class Made:
    """Where the bundles are, where their fleet is, and what the run said."""

    bundles: Path
    folder: Path
    result: FleetResult
