"""Nodes."""

from __future__ import annotations

from pydantic import Field

from analyzer.facts.kube import KubeObject, MetaWithManagers, Slim, Time, slim
from analyzer.facts.objects.condition import Condition
from analyzer.facts.shared import Many, Shared, StrMap, empty_map


@slim
class Taint(Slim):
    """A node taint."""

    key: str = ""
    value: str = ""
    effect: str = ""
    time_added: Time | None = None


@slim
class NodeSpec(Slim):
    """What a node is meant to be."""

    provider_id: str | None = Field(default=None, alias="providerID")
    pod_cidr: str | None = Field(default=None, alias="podCIDR")
    unschedulable: bool | None = None
    taints: Many[Taint] = ()


@slim
class SystemInfo(Slim):
    """Versions that the kubelet reports."""

    kernel_version: str | None = None
    os_image: str | None = None
    container_runtime_version: str | None = None
    kubelet_version: str | None = None
    operating_system: str | None = None
    architecture: str | None = None
    boot_id: str | None = Field(default=None, alias="bootID")


@slim
class Address(Slim):
    """A node address."""

    type: str = ""
    address: str = ""


@slim
class ImageOnNode(Slim):
    """An image that the node holds (the kubelet lists the 50 largest)."""

    names: Many[str] = ()
    size_bytes: int | None = None


@slim
class NodeStatus(Slim):
    """What a node is."""

    conditions: tuple[Condition, ...] | None = None
    capacity: StrMap = Field(default_factory=empty_map)
    allocatable: StrMap = Field(default_factory=empty_map)
    addresses: Many[Address] = ()
    node_info: Shared[SystemInfo] = SystemInfo()
    images: Many[Shared[ImageOnNode]] = ()


@slim
class Node(KubeObject):
    """A node as the API server shows it."""

    metadata: MetaWithManagers = MetaWithManagers()
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    def condition(self, type_: str) -> Condition | None:
        """The condition of that type, or None if it is not shown."""
        return next((c for c in self.status.conditions or () if c.type == type_), None)

    @property
    def ready(self) -> bool | None:
        """True, False (also when the control plane lost contact), or None when not shown."""
        condition = self.condition("Ready")
        return None if condition is None else condition.status == "True"

    @property
    def pool(self) -> str:
        """The node pool by label, or an empty string; also a pool of node auto-provisioning."""
        labels = self.metadata.labels
        names = ("kubernetes.azure.com/agentpool", "agentpool", "karpenter.sh/nodepool")
        return next((labels[name] for name in names if labels.get(name)), "")

    @property
    def windows(self) -> bool:
        """True for a Windows node."""
        return self.metadata.labels.get("kubernetes.io/os") == "windows" or (
            self.status.node_info.operating_system == "windows"
        )
