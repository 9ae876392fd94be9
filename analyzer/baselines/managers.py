"""Who stands behind the name of a field manager, on which object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal

from analyzer.baselines.data_files import Data, packaged

Kind = Literal["aks", "kubernetes", "customer", "unknown"]
#: The namespace label of AKS's hosted Flux is the id of a hosted control plane.
_HOSTED = re.compile(r"^[0-9a-f]{24}$")


class Manager(Data):
    """One entry of ``data/managers.yaml``."""

    name: str
    kind: Kind
    tool: str
    applied_by: Literal["", "addon-manager", "hosted-flux"] = ""
    operations: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an object's labels and annotations say of the machinery that applies it."""

    addon_manager: bool
    hosted_flux: bool
    eno: bool

    @property
    def by_aks(self) -> bool:
        """True where any machinery of AKS signs the object."""
        return self.addon_manager or self.hosted_flux or self.eno


@lru_cache(maxsize=1)
def managers() -> tuple[Manager, ...]:
    """All entries, in their order: the first that fits wins."""
    return packaged("managers.yaml").records("managers", Manager)


def provenance(
    labels: Mapping[str, str], annotations: Mapping[str, str], writers: Iterable[str] = ()
) -> Provenance:
    """Read the marks of AKS's add-on manager, its hosted Flux and Helm, and Eno.

    ``writers`` are the names of the object's field managers. AKS has one machinery per object:
    where Eno writes it, ``kubectl apply`` is not the add-on manager's.
    """
    flux_namespace = labels.get("helm.toolkit.fluxcd.io/namespace", "")
    release = annotations.get("meta.helm.sh/release-name", "")
    eno = "Eno" in (
        labels.get("app.kubernetes.io/managed-by"),
        labels.get("app.kubernetes.io/actually-managed-by"),
    )
    eno = eno or any(name.lower().startswith("eno") for name in writers)
    mode = labels.get("addonmanager.kubernetes.io/mode")
    service = labels.get("kubernetes.io/cluster-service") == "true"
    return Provenance(
        addon_manager=mode in ("Reconcile", "EnsureExists")
        or (service and labels.get("kubernetes.azure.com/managedby") == "aks"),
        hosted_flux=bool(_HOSTED.match(flux_namespace)) or release.startswith("aks-managed-"),
        eno=eno,
    )


def manager_of(name: str, operation: str, subresource: str, by: Provenance) -> tuple[Kind, str]:
    """Kind and tool of a field manager on an object of that provenance."""
    for entry in _candidates(name):
        if entry.applied_by == "addon-manager" and (not by.addon_manager or by.eno):
            continue
        if entry.applied_by == "hosted-flux" and not by.hosted_flux:
            continue
        if entry.operations and operation not in entry.operations:
            continue
        if entry.subresources and subresource not in entry.subresources:
            continue
        return entry.kind, entry.tool
    return "unknown", name or "no name"


@lru_cache(maxsize=1024)
def _candidates(name: str) -> tuple[Manager, ...]:
    return tuple(entry for entry in managers() if fnmatchcase(name, entry.name))
