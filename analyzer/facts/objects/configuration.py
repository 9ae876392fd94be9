"""ConfigMaps, events, storage, access, and the rest."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from analyzer.facts.kube import KubeObject, Meta, MetaWithManagers, Slim, Time, slim
from analyzer.facts.objects.condition import Condition, condition_in
from analyzer.facts.shared import Many, StrMap, Word, empty_map


@slim
class ConfigMap(KubeObject):
    """A ConfigMap; ``data`` is masked in customers' namespaces."""

    metadata: MetaWithManagers = MetaWithManagers()
    data: StrMap = Field(default_factory=empty_map)


@slim
class Event(KubeObject):
    """An event, of ``core/v1`` or ``events.k8s.io``."""

    metadata: Meta = Meta()
    involved_object: dict[str, Any] = Field(default_factory=empty_map)
    regarding: dict[str, Any] = Field(default_factory=empty_map)
    reason: Word = ""
    message: str = ""
    note: str = ""
    type: Word = ""
    count: int | None = None
    first_timestamp: Time | None = None
    last_timestamp: Time | None = None
    event_time: Time | None = None
    series: dict[str, Any] | None = None
    source: dict[str, Any] = Field(default_factory=empty_map)
    reporting_component: Word = ""

    @property
    def about(self) -> tuple[str, str | None, str]:
        """Kind, namespace and name of the object that the event is about."""
        target = self.involved_object or self.regarding
        namespace = target.get("namespace")
        return (
            str(target.get("kind") or ""),
            str(namespace) if namespace else None,
            str(target.get("name") or ""),
        )

    @property
    def text(self) -> str:
        """The message, whichever API wrote it."""
        return self.message or self.note

    @property
    def first(self) -> Time | None:
        """When it was seen first."""
        return self.first_timestamp or self.event_time or self.metadata.creation_timestamp

    @property
    def last(self) -> Time | None:
        """When it was seen last."""
        return self.last_timestamp or self.event_time or self.metadata.creation_timestamp

    @property
    def times(self) -> int:
        """How often it was seen."""
        series = self.series or {}
        return self.count or int(series.get("count") or 1)


@slim
class Lease(KubeObject):
    """A Lease: heartbeat of a node or of a controller."""

    spec: dict[str, Any] = Field(default_factory=empty_map)


@slim
class PersistentVolume(KubeObject):
    """A volume (its spec and status as they are)."""

    spec: dict[str, Any] = Field(default_factory=empty_map)
    status: dict[str, Any] = Field(default_factory=empty_map)


@slim
class PersistentVolumeClaim(KubeObject):
    """A claim (its spec and status as they are)."""

    spec: dict[str, Any] = Field(default_factory=empty_map)
    status: dict[str, Any] = Field(default_factory=empty_map)


@slim
class VolumeError(Slim):
    """Why a volume did not attach."""

    message: str = ""
    time: Time | None = None


@slim
class VolumeAttachmentStatus(Slim):
    """Whether a volume is attached."""

    attached: bool | None = None
    attachment_metadata: StrMap = Field(default_factory=empty_map)
    attach_error: VolumeError | None = None
    detach_error: VolumeError | None = None


@slim
class VolumeAttachmentSpec(Slim):
    """What is to be attached where."""

    attacher: str = ""
    node_name: str = ""
    source: dict[str, Any] = Field(default_factory=empty_map)


@slim
class VolumeAttachment(KubeObject):
    """A volume on its way to a node."""

    spec: VolumeAttachmentSpec = VolumeAttachmentSpec()
    status: VolumeAttachmentStatus = VolumeAttachmentStatus()


@slim
class StorageClass(KubeObject):
    """A storage class."""

    provisioner: str = ""


@slim
class Namespace(KubeObject):
    """A namespace (its status as it is)."""

    metadata: MetaWithManagers = MetaWithManagers()
    status: dict[str, Any] = Field(default_factory=empty_map)


@slim
class CustomResourceDefinition(KubeObject):
    """A CRD: which group and kind it brings, how it converts versions, and its conditions."""

    spec: dict[str, Any] = Field(default_factory=empty_map)
    status: dict[str, Any] = Field(default_factory=empty_map)

    @property
    def group(self) -> str:
        """The API group."""
        return str(self.spec.get("group") or "")


@slim
class ApiService(KubeObject):
    """An aggregated API."""

    spec: dict[str, Any] = Field(default_factory=empty_map)
    status: dict[str, Any] = Field(default_factory=empty_map)


@slim
class Role(KubeObject):
    """A Role or ClusterRole."""

    metadata: MetaWithManagers = MetaWithManagers()
    rules: Many[dict[str, Any]] = ()


@slim
class RoleBinding(KubeObject):
    """A RoleBinding or ClusterRoleBinding."""

    metadata: MetaWithManagers = MetaWithManagers()
    role_ref: dict[str, Any] = Field(default_factory=empty_map)
    subjects: Many[dict[str, Any]] = ()


@slim
class PodDisruptionBudget(KubeObject):
    """A disruption budget."""

    spec: dict[str, Any] = Field(default_factory=empty_map)
    status: dict[str, Any] = Field(default_factory=empty_map)


@slim
class ResourceQuota(KubeObject):
    """A quota."""

    spec: dict[str, Any] = Field(default_factory=empty_map)
    status: dict[str, Any] = Field(default_factory=empty_map)


@slim
class AnyObject(KubeObject):
    """An object of which only metadata, spec and status are looked at (custom resources)."""

    metadata: MetaWithManagers = MetaWithManagers()
    spec: dict[str, Any] = Field(default_factory=empty_map)
    status: dict[str, Any] = Field(default_factory=empty_map)

    def condition(self, type_: str) -> Condition | None:
        """The condition of that type, or None if it is not shown or is no condition."""
        return condition_in(self.status, type_)
