"""What a finding is about."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Subject(BaseModel):
    """One entity of the cluster: a Kubernetes object, or a part that has no object.

    ``kind`` is the Kubernetes kind (``Pod``, ``Node``, ``Deployment`` …) or one of ``Cluster``,
    ``NodePool``, ``Component``, ``Subnet``, ``Endpoint``. ``node`` names the node where it runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    name: str
    namespace: str | None = None
    node: str | None = None

    @property
    def key(self) -> str:
        """The vertex in the cause graph: ``Kind/namespace/name`` or ``Kind/name``."""
        parts = (self.kind, self.namespace, self.name) if self.namespace else (self.kind, self.name)
        return "/".join(parts)

    def __str__(self) -> str:
        """Name it as people say it: ``pod kube-system/coredns-0``, ``node aks-np-0``."""
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {name}"


CLUSTER = Subject(kind="Cluster", name="cluster")
