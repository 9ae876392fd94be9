"""What a caller may choose for an analysis."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from analyzer.bundle import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Choices of one run; none of them changes what the evidence says.

    ``policy`` is the date of a policy pack (None: the newest). ``data_dirs`` hold users' own bugs,
    baselines, clauses and decision rows. ``jobs`` are processes for node archives (0: all cores).
    """

    limits: Limits = field(default_factory=Limits)
    policy: str | None = None
    data_dirs: tuple[Path, ...] = ()
    jobs: int = 0
    #: The name to show for a stream, which has none of its own.
    bundle_name: str | None = None
