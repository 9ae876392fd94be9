"""Whether the secrets store that pods ask for is in the cluster, and whether AKS brought it."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.baselines.catalogue import add_on_id
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets
from analyzer.facts.more_listings import CsiDrivers
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected

#: The driver's name (secrets-store-csi-driver.sigs.k8s.io), and the add-on that brings it on AKS
#: (learn.microsoft.com/azure/aks/csi-secrets-store-driver).
DRIVER = "secrets-store.csi.k8s.io"
ADD_ON = "azure-keyvault-secrets-provider"
#: How its DaemonSets are called by the add-on (aks-…) and by the charts of both projects.
_DAEMONSETS = "secrets-store"


@dataclass(frozen=True, slots=True)
class SecretsStore:
    """``there``: the driver is in the cluster; ``enabled``: the add-on is on. None is not known.

    ``where`` shows that there is no such driver.
    """

    there: bool | None = None
    enabled: bool | None = None
    where: EvidenceRef | None = None

    @property
    def never_brought(self) -> bool:
        """True where nobody brought the driver, as far as what was collected tells."""
        absent = self.there is False or (self.there is None and self.enabled is False)
        return absent and self.enabled is not True

    @property
    def of_customer(self) -> bool:
        """True where a driver is there that the add-on did not bring."""
        return self.there is True and self.enabled is False

    @property
    def says(self) -> str:
        """What was seen of it, for a reader."""
        driver = f"no CSI driver {DRIVER} is registered in the cluster" if self.where else ""
        add_on = f"the add-on {ADD_ON} is not enabled" if self.enabled is False else ""
        return " and ".join(part for part in (add_on, driver) if part)


def secrets_store(
    identity: Identity, drivers: CsiDrivers | None, daemonsets: DaemonSets | None
) -> SecretsStore:
    """Read the registered drivers, the DaemonSets, and the add-ons of the exported cluster."""
    on = any(add_on_id(name) == ADD_ON for name in identity.add_ons)
    enabled = on if identity.add_ons_known else None
    if any(_DAEMONSETS in item.name for item in (daemonsets.items if daemonsets else ())):
        return SecretsStore(True, enabled)
    try:
        if drivers is None:
            return SecretsStore(None, enabled)
        if drivers.get(None, DRIVER) is not None:
            return SecretsStore(True, enabled)
    except NotCollected:
        return SecretsStore(None, enabled)
    return SecretsStore(False, enabled, drivers.listing(what="the CSI drivers of the cluster"))
