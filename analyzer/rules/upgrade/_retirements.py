"""What Microsoft announced the end of, with its dates.

Source: the retirement notices of learn.microsoft.com/azure/aks (MicrosoftDocs/azure-aks-docs,
articles/aks/includes/*-retirement.md), as of 2026-08-21.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

#: So long ahead of the end a retirement is told.
AHEAD = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Retirement:
    """``ends``: no support from that day. ``removed``: scaling and repairs fail from that day."""

    name: str
    ends: date
    instead: str
    removed: date | None = None

    def phase(self, now: datetime) -> str:
        """``removed``, ``default`` (past its end), ``soon``, or empty where it is far ahead."""
        day = now.astimezone(UTC).date()
        if self.removed is not None and day >= self.removed:
            return "removed"
        if day >= self.ends:
            return "default"
        return "soon" if day >= self.ends - AHEAD else ""

    def told(self, now: datetime) -> str:
        """The dates as a clause of a sentence."""
        past = now.astimezone(UTC).date() >= self.ends
        later = f", and its images are removed on {self.removed}" if self.removed else ""
        return f"AKS {'ended' if past else 'ends'} its support on {self.ends}{later}"


_UBUNTU = "Ubuntu 24.04 or Azure Linux 3"
#: By the text that the node reports as its OS image (Linux) or kernel (Windows).
OF_OS_IMAGE: dict[str, Retirement] = {
    # No notice gives a day; the last image is of that date (Azure/AgentBaker release notes).
    "Ubuntu 18.04": Retirement("Ubuntu 18.04", date(2024, 5, 20), _UBUNTU),
    "Ubuntu 20.04": Retirement("Ubuntu 20.04", date(2027, 3, 17), _UBUNTU, date(2027, 3, 17)),
    "Ubuntu 22.04": Retirement("Ubuntu 22.04", date(2027, 6, 30), _UBUNTU, date(2028, 4, 30)),
    "CBL-Mariner": Retirement(
        "Azure Linux 2.0 (CBL-Mariner)", date(2025, 11, 30), "Azure Linux 3", date(2026, 3, 31)
    ),
    "Flatcar": Retirement(
        "Flatcar Container Linux", date(2026, 6, 8), "Ubuntu or Azure Linux", date(2026, 9, 8)
    ),
}
OF_WINDOWS_KERNEL: dict[str, Retirement] = {
    "10.0.17763": Retirement(
        "Windows Server 2019", date(2026, 3, 1), "Windows Server 2022 or 2025", date(2027, 4, 1)
    ),
    "10.0.25398": Retirement(
        "Windows Server Annual Channel", date(2026, 5, 15), "Windows Server 2025", date(2027, 5, 15)
    ),
    "10.0.20348": Retirement(
        "Windows Server 2022", date(2028, 6, 30), "Windows Server 2025", date(2029, 6, 30)
    ),
}
KUBENET = Retirement("kubenet", date(2028, 3, 31), "Azure CNI overlay")
NPM_LINUX = Retirement(
    "Azure Network Policy Manager on Linux", date(2028, 9, 30), "Cilium network policy"
)
NPM_WINDOWS = Retirement(
    "Azure Network Policy Manager on Windows", date(2026, 9, 30), "another way to restrict traffic"
)
OSM = Retirement("the Open Service Mesh add-on", date(2027, 9, 30), "the Istio add-on")
BASIC_BALANCER = Retirement("the Basic load balancer", date(2025, 9, 30), "the Standard one")
AVAILABILITY_SETS = Retirement(
    "Availability sets", date(2025, 9, 30), "virtual machine node pools or scale sets"
)
