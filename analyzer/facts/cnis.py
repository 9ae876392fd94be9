"""CNI plugins that AKS does not install, and how they show."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from analyzer.facts.objects import Workload
from analyzer.facts.parse.cni import Conflist


class ThirdPartyCni(BaseModel):
    """One CNI by the names of its plugins, DaemonSets and image repositories."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    plugins: tuple[str, ...] = ()
    daemonsets: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


class CniData(BaseModel):
    """The data file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aks_plugins: frozenset[str]
    mesh_plugins: frozenset[str]
    cnis: tuple[ThirdPartyCni, ...]


@cache
def cni_data() -> CniData:
    """Read ``data/cnis.yaml`` once."""
    text = files("analyzer.facts").joinpath("data/cnis.yaml").read_text(encoding="utf-8")
    return CniData.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))


def own_cni_of_conflist(conflist: Conflist) -> str | None:
    """The name of the CNI that a conflist runs, if AKS did not write it.

    Managed Cilium chains ``cilium-cni`` with ``azure-ipam`` or ``azure-vnet``; managed Calico on
    kubenet uses ``host-local``: both are AKS's own.
    """
    if not conflist.readable or conflist.ipam in ("azure-ipam", "azure-cns"):
        return None
    if "azure-vnet" in conflist.plugins:
        return None
    data = cni_data()
    foreign = [p for p in conflist.plugins if p not in data.aks_plugins | data.mesh_plugins]
    if not foreign or (foreign == ["calico"] and conflist.ipam == "host-local"):
        return None
    for cni in data.cnis:
        if set(foreign) & set(cni.plugins):
            return cni.name
    return f"unknown CNI ({', '.join(foreign)})"


def own_cni_of_daemonset(daemonset: Workload) -> str | None:
    """The name of the CNI that a DaemonSet installs, judged by its images, not by its name."""
    if any(is_microsoft_image(image) for image in daemonset.images):
        return None
    for cni in cni_data().cnis:
        named = daemonset.name in cni.daemonsets
        pulled = any(image.startswith(cni.images) for image in daemonset.images)
        if pulled and named:
            return cni.name
        if named and daemonset.spec.template.spec.host_network:
            return cni.name
    return None


def is_microsoft_image(image: str) -> bool:
    """True for Microsoft's registry and 21Vianet's (``mcr.azk8s.cn``, ``mcr.azure.cn``)."""
    return image.startswith(("mcr.microsoft.com/", "mcr.azk8s.cn/", "mcr.azure.cn/"))
