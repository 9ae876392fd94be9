"""Who the cluster is: AKS or not, version, cloud, pools, network; each with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from analyzer.model.evidence import EvidenceRef


class Aks(StrEnum):
    """Whether this is an AKS cluster at all."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class NetworkMode(StrEnum):
    """Network modes of AKS (learn.microsoft.com/azure/aks/concepts-network-cni-overview)."""

    NODE_SUBNET = "azure-cni-node-subnet"
    POD_SUBNET = "azure-cni-pod-subnet"
    OVERLAY = "azure-cni-overlay"
    KUBENET = "kubenet"
    BYOCNI = "byocni"
    UNKNOWN = "unknown"


class Dataplane(StrEnum):
    """What moves the packets of Services."""

    AZURE = "azure"
    CILIUM = "cilium"
    UNKNOWN = "unknown"


class PolicyEngine(StrEnum):
    """Which managed engine enforces network policies."""

    NONE = "none"
    AZURE = "azure"
    CALICO = "calico"
    CILIUM = "cilium"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Network:
    """The network mode with the evidence for it.

    ``byocni`` is None where nothing tells: it is never inferred from silence.
    ``own_cni`` names a CNI that AKS does not install, wherever it was seen.
    """

    mode: NetworkMode = NetworkMode.UNKNOWN
    dataplane: Dataplane = Dataplane.UNKNOWN
    policy: PolicyEngine = PolicyEngine.UNKNOWN
    #: ``iptables``, ``ipvs``, ``nftables``, ``none`` (replaced or switched off) or ``unknown``.
    proxy: str = "unknown"
    byocni: bool | None = None
    own_cni: tuple[str, ...] = ()
    evidence: tuple[EvidenceRef, ...] = ()
    would_settle: str = ""

    @property
    def managed(self) -> bool | None:
        """True where AKS installs the CNI; None where unknown."""
        return None if self.byocni is None else not self.byocni


@dataclass(frozen=True, slots=True)
class Pool:
    """A node pool as its nodes' labels (or the ARM export) show it."""

    name: str
    mode: str = ""
    os_sku: str = ""
    vm_size: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """The cluster. Versions are without the leading ``v``; None where the bundle does not tell."""

    name: str
    aks: Aks
    aks_reason: str
    aks_evidence: tuple[EvidenceRef, ...]
    collected_at: datetime | None
    collected_at_source: str
    kubernetes_version: str | None
    #: Azure cloud by name (``AzurePublicCloud`` …) and region, where shown.
    cloud: str | None = None
    location: str | None = None
    network: Network = Network()
    pools: tuple[Pool, ...] = ()
    #: Add-ons by the names of ``az aks enable-addons`` and ARM ``addonProfiles`` where shown.
    add_ons: frozenset[str] = frozenset()
    add_ons_known: bool = False
    #: The ARM ``supportPlan`` (``KubernetesOfficial``, ``AKSLongTermSupport``), where exported.
    support_plan: str | None = None

    @property
    def minor(self) -> str | None:
        """``1.33`` of ``1.33.5``."""
        parts = (self.kubernetes_version or "").split(".")
        return ".".join(parts[:2]) if len(parts) >= 2 else None
