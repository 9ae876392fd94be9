"""How bad a finding is."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """Five steps, worst first. ``rank`` sorts: 0 is the worst."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Position from the worst: 0 for critical to 4 for info."""
        return _RANK[self]


_RANK = {severity: position for position, severity in enumerate(Severity)}
