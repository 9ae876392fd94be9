"""The optional ARM exports (``azure/*.json``): plain output of read-only ``az`` commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence

#: Which command writes which export (bundle format 1).
COMMANDS = {
    "managed-cluster": "az aks show -o json",
    "agent-pools": "az aks nodepool list -o json",
    "vmss": "az vmss list -g <node resource group> -o json",
    "vmss-instances": "az vmss list-instances --expand instanceView -o json",
    "vmss-extensions": "az vmss extension list -o json",
    "nsg": "az network nsg list -g <node resource group> -o json",
    "route-tables": "az network route-table list -o json",
    "load-balancers": "az network lb list -g <node resource group> -o json",
    "vnets": "az network vnet list -o json",
    "activity-log": "az monitor activity-log list -g <node resource group> --offset 90d -o json",
    "features": "az feature list --namespace Microsoft.ContainerService -o json",
}


@dataclass(frozen=True)
class AzureExports:
    """Parsed exports by name (``managed-cluster``, ``nsg`` …)."""

    documents: Mapping[str, Any] = field(default_factory=dict)
    gaps: Mapping[str, Gap] = field(default_factory=dict)

    @property
    def readable(self) -> bool:
        """True if there is any export."""
        return bool(self.documents)

    def require(self) -> AzureExports:
        """Return itself, or say that there is no export, and why where somebody tried.

        Raises:
            NotCollected: there is none at all.
        """
        if self.documents:
            return self
        never = Gap(path="azure", reason=Presence.NOT_ASKED, detail="from: az, see the collector")
        raise NotCollected(*(tuple(self.gaps[name] for name in sorted(self.gaps)) or (never,)))

    def get(self, name: str) -> Any:
        """The document of that export.

        Raises:
            NotCollected: it is not there; the gap names the command that makes it.
        """
        if name in self.documents:
            return self.documents[name]
        gap = self.gaps.get(name)
        if gap is None or gap.reason is Presence.NOT_ASKED:
            command = COMMANDS.get(name, "az … -o json")
            gap = Gap(path=self.path(name), reason=Presence.NOT_ASKED, detail=f"from: {command}")
        raise NotCollected(gap)

    def rows(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """The export as a list of objects; entries of another kind are left out.

        Raises:
            NotCollected: it is not there.
        """
        document = self.get(name)
        return (
            tuple(row for row in document if isinstance(row, dict))
            if isinstance(document, list)
            else ()
        )

    def path(self, name: str) -> str:
        """The member that holds the export."""
        return f"azure/{name}.json"

    def where(self, name: str, *anchors: str, what: str = "") -> EvidenceRef:
        """Point into an export."""
        return EvidenceRef(path=self.path(name), what=what or f"export {name}", anchors=anchors)
