"""Slim models of the Kubernetes objects that rules ask about, built straight from bytes.

Fields follow the Kubernetes API reference (https://kubernetes.io/docs/reference/kubernetes-api/).
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from analyzer.facts.kube import KubeObject, Many, Meta, MetaWithManagers, Slim, StrMap, Time


class Condition(Slim):
    """A status condition; ``status`` is ``True``, ``False`` or ``Unknown``."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_heartbeat_time: Time | None = None
    last_transition_time: Time | None = None


# --- nodes ---------------------------------------------------------------------------------------


class Taint(Slim):
    """A node taint."""

    key: str = ""
    value: str = ""
    effect: str = ""
    time_added: Time | None = None


class NodeSpec(Slim):
    """What a node is meant to be."""

    provider_id: str | None = Field(default=None, alias="providerID")
    pod_cidr: str | None = Field(default=None, alias="podCIDR")
    unschedulable: bool | None = None
    taints: Many[Taint] = ()


class SystemInfo(Slim):
    """Versions that the kubelet reports."""

    kernel_version: str | None = None
    os_image: str | None = None
    container_runtime_version: str | None = None
    kubelet_version: str | None = None
    operating_system: str | None = None
    architecture: str | None = None
    boot_id: str | None = Field(default=None, alias="bootID")


class Address(Slim):
    """A node address."""

    type: str = ""
    address: str = ""


class ImageOnNode(Slim):
    """An image that the node holds (the kubelet lists the 50 largest)."""

    names: Many[str] = ()
    size_bytes: int | None = None


class NodeStatus(Slim):
    """What a node is."""

    conditions: tuple[Condition, ...] | None = None
    capacity: StrMap = {}
    allocatable: StrMap = {}
    addresses: Many[Address] = ()
    node_info: SystemInfo = SystemInfo()
    images: Many[ImageOnNode] = ()


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
        """The node pool by label, or an empty string."""
        labels = self.metadata.labels
        return labels.get("kubernetes.azure.com/agentpool") or labels.get("agentpool", "")

    @property
    def windows(self) -> bool:
        """True for a Windows node."""
        return self.metadata.labels.get("kubernetes.io/os") == "windows" or (
            self.status.node_info.operating_system == "windows"
        )


# --- pods and what makes them --------------------------------------------------------------------


class ContainerStateDetail(Slim):
    """Waiting, running or terminated, with what is shown of it."""

    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    started_at: Time | None = None
    finished_at: Time | None = None


class ContainerState(Slim):
    """At most one of the three is set."""

    waiting: ContainerStateDetail | None = None
    running: ContainerStateDetail | None = None
    terminated: ContainerStateDetail | None = None


class ContainerStatus(Slim):
    """The state of one container of a pod."""

    name: str = ""
    image: str = ""
    image_id: str = Field(default="", alias="imageID")
    ready: bool | None = None
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class Resources(Slim):
    """Requests and limits as quantities."""

    requests: StrMap = {}
    limits: StrMap = {}


class SecurityContext(Slim):
    """The part of a security context that tells whether a container can reach the host."""

    privileged: bool | None = None


class EnvVar(Slim):
    """An environment variable; literal values are masked in customers' namespaces."""

    name: str = ""
    value: str | None = None


class Container(Slim):
    """A container of a pod spec."""

    name: str = ""
    image: str = ""
    command: Many[str] = ()
    args: Many[str] = ()
    env: Many[EnvVar] = ()
    resources: Resources = Resources()
    security_context: SecurityContext | None = None


class Toleration(Slim):
    """A toleration."""

    key: str = ""
    operator: str = ""
    effect: str = ""


class Named(Slim):
    """A reference by name."""

    name: str = ""


class HostPath(Slim):
    """A folder of the host."""

    path: str = ""


class PvcSource(Slim):
    """A volume from a claim."""

    claim_name: str = ""


class Volume(Slim):
    """A pod volume."""

    name: str = ""
    host_path: HostPath | None = None
    persistent_volume_claim: PvcSource | None = None
    config_map: Named | None = None


class PodSpec(Slim):
    """What a pod is meant to run."""

    node_name: str | None = None
    containers: Many[Container] = ()
    init_containers: Many[Container] = ()
    volumes: Many[Volume] = ()
    tolerations: Many[Toleration] = ()
    node_selector: StrMap = {}
    host_network: bool | None = None
    host_pid: bool | None = Field(default=None, alias="hostPID")
    priority_class_name: str = ""
    service_account_name: str = ""
    image_pull_secrets: Many[Named] = ()


class PodStatus(Slim):
    """What a pod does."""

    phase: str | None = None
    reason: str = ""
    message: str = ""
    conditions: Many[Condition] = ()
    container_statuses: tuple[ContainerStatus, ...] | None = None
    init_container_statuses: Many[ContainerStatus] = ()
    pod_ip: str | None = Field(default=None, alias="podIP")
    host_ip: str | None = Field(default=None, alias="hostIP")
    start_time: Time | None = None


class Pod(KubeObject):
    """A pod."""

    metadata: Meta = Meta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def statuses(self) -> tuple[ContainerStatus, ...]:
        """All container states that are shown, init containers first."""
        return (*self.status.init_container_statuses, *(self.status.container_statuses or ()))

    @property
    def ready(self) -> bool | None:
        """The Ready condition; None when it is not shown."""
        for condition in self.status.conditions:
            if condition.type == "Ready":
                return condition.status == "True"
        return None

    def condition(self, type_: str) -> Condition | None:
        """The condition of that type, or None if it is not shown."""
        return next((c for c in self.status.conditions if c.type == type_), None)

    @property
    def controller(self) -> tuple[str, str] | None:
        """Kind and name of the controller; a ReplicaSet is given as its Deployment."""
        for owner in self.metadata.owner_references:
            if owner.controller is not False:
                digest = self.metadata.labels.get("pod-template-hash", "")
                if owner.kind == "ReplicaSet" and digest and owner.name.endswith(f"-{digest}"):
                    return "Deployment", owner.name.removesuffix(f"-{digest}")
                return owner.kind, owner.name
        return None


class PodTemplate(Slim):
    """The pods that a workload makes."""

    metadata: Meta = Meta()
    spec: PodSpec = PodSpec()


class Selector(Slim):
    """A label selector."""

    match_labels: StrMap = {}


class WorkloadSpec(Slim):
    """The part that Deployments, DaemonSets, StatefulSets, ReplicaSets and Jobs share."""

    replicas: int | None = None
    selector: Selector = Selector()
    template: PodTemplate = PodTemplate()


class WorkloadStatus(Slim):
    """Counts of all workload kinds; a count that the kind does not have is None."""

    replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    updated_replicas: int | None = None
    desired_number_scheduled: int | None = None
    current_number_scheduled: int | None = None
    number_ready: int | None = None
    number_available: int | None = None
    updated_number_scheduled: int | None = None
    number_misscheduled: int | None = None
    observed_generation: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    conditions: Many[Condition] = ()


class Workload(KubeObject):
    """A Deployment, DaemonSet, StatefulSet, ReplicaSet or Job."""

    metadata: MetaWithManagers = MetaWithManagers()
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus | None = None

    @property
    def desired(self) -> int | None:
        """Pods wanted; None when not shown (a Deployment without ``replicas`` wants one)."""
        if self.kind == "DaemonSet":
            return self.status.desired_number_scheduled if self.status else None
        return 1 if self.spec.replicas is None else self.spec.replicas

    @property
    def ready_count(self) -> int | None:
        """Pods that are ready; None when no status is shown. The API leaves zeros out."""
        if self.status is None:
            return None
        count = self.status.number_ready if self.kind == "DaemonSet" else self.status.ready_replicas
        return count or 0

    @property
    def images(self) -> tuple[str, ...]:
        """Images of all containers, init containers first."""
        spec = self.spec.template.spec
        return tuple(c.image for c in (*spec.init_containers, *spec.containers))


# --- network and admission -----------------------------------------------------------------------


class ServicePort(Slim):
    """A port of a Service."""

    name: str = ""
    port: int | None = None
    protocol: str = "TCP"


class ServiceSpec(Slim):
    """What a Service offers."""

    type: str = "ClusterIP"
    cluster_ip: str | None = Field(default=None, alias="clusterIP")
    selector: StrMap = {}
    ports: Many[ServicePort] = ()
    external_name: str | None = None


class Service(KubeObject):
    """A Service."""

    metadata: MetaWithManagers = MetaWithManagers()
    spec: ServiceSpec = ServiceSpec()
    status: dict[str, Any] = {}


class EndpointConditions(Slim):
    """A missing ``ready`` counts as ready (API reference, EndpointSlice)."""

    ready: bool | None = None
    terminating: bool | None = None


class Endpoint(Slim):
    """One address of a Service."""

    addresses: Many[str] = ()
    conditions: EndpointConditions = EndpointConditions()
    node_name: str | None = None


class EndpointSlice(KubeObject):
    """A part of a Service's endpoints."""

    endpoints: Many[Endpoint] = ()

    @property
    def service(self) -> str:
        """The Service that it belongs to."""
        return self.metadata.labels.get("kubernetes.io/service-name", "")

    @property
    def ready_count(self) -> int:
        """Addresses that take traffic."""
        return sum(len(e.addresses) for e in self.endpoints if e.conditions.ready is not False)


class EndpointSubset(Slim):
    """A group of addresses of the older Endpoints object."""

    addresses: Many[dict[str, Any]] = ()
    not_ready_addresses: Many[dict[str, Any]] = ()


class Endpoints(KubeObject):
    """The older form of a Service's endpoints."""

    subsets: Many[EndpointSubset] = ()


class WebhookService(Slim):
    """The Service that answers a webhook."""

    name: str = ""
    namespace: str = ""


class WebhookClient(Slim):
    """Where a webhook is asked: a Service or a URL."""

    service: WebhookService | None = None
    url: str | None = None


class SelectorRequirement(Slim):
    """One expression of a selector."""

    key: str = ""
    operator: str = ""
    values: Many[str] = ()


class FullSelector(Slim):
    """A selector with labels and expressions; empty selects everything."""

    match_labels: StrMap = {}
    match_expressions: Many[SelectorRequirement] = ()


class WebhookRule(Slim):
    """Which requests a webhook sees."""

    api_groups: Many[str] = ()
    operations: Many[str] = ()
    resources: Many[str] = ()
    scope: str = "*"


class Webhook(Slim):
    """One webhook of a configuration; the API defaults ``failurePolicy`` to Fail."""

    name: str = ""
    client_config: WebhookClient = WebhookClient()
    failure_policy: str = "Fail"
    namespace_selector: FullSelector = FullSelector()
    object_selector: FullSelector = FullSelector()
    rules: Many[WebhookRule] = ()
    timeout_seconds: int | None = None


class WebhookConfiguration(KubeObject):
    """A Validating- or MutatingWebhookConfiguration."""

    metadata: MetaWithManagers = MetaWithManagers()
    webhooks: Many[Webhook] = ()


class NetworkPolicy(KubeObject):
    """A NetworkPolicy (its spec as it is)."""

    metadata: MetaWithManagers = MetaWithManagers()
    spec: dict[str, Any] = {}


# --- configuration, storage, access, the rest ----------------------------------------------------


class ConfigMap(KubeObject):
    """A ConfigMap; ``data`` is masked in customers' namespaces."""

    metadata: MetaWithManagers = MetaWithManagers()
    data: StrMap = {}


class Event(KubeObject):
    """An event, of ``core/v1`` or ``events.k8s.io``."""

    metadata: Meta = Meta()
    involved_object: dict[str, Any] = {}
    regarding: dict[str, Any] = {}
    reason: str = ""
    message: str = ""
    note: str = ""
    type: str = ""
    count: int | None = None
    first_timestamp: Time | None = None
    last_timestamp: Time | None = None
    event_time: Time | None = None
    series: dict[str, Any] | None = None
    source: dict[str, Any] = {}
    reporting_component: str = ""

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


class Lease(KubeObject):
    """A Lease: heartbeat of a node or of a controller."""

    spec: dict[str, Any] = {}


class PersistentVolume(KubeObject):
    """A volume (its spec and status as they are)."""

    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class PersistentVolumeClaim(KubeObject):
    """A claim (its spec and status as they are)."""

    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class VolumeError(Slim):
    """Why a volume did not attach."""

    message: str = ""
    time: Time | None = None


class VolumeAttachmentStatus(Slim):
    """Whether a volume is attached."""

    attached: bool | None = None
    attachment_metadata: StrMap = {}
    attach_error: VolumeError | None = None
    detach_error: VolumeError | None = None


class VolumeAttachmentSpec(Slim):
    """What is to be attached where."""

    attacher: str = ""
    node_name: str = ""
    source: dict[str, Any] = {}


class VolumeAttachment(KubeObject):
    """A volume on its way to a node."""

    spec: VolumeAttachmentSpec = VolumeAttachmentSpec()
    status: VolumeAttachmentStatus = VolumeAttachmentStatus()


class StorageClass(KubeObject):
    """A storage class."""

    provisioner: str = ""


class Namespace(KubeObject):
    """A namespace."""

    metadata: MetaWithManagers = MetaWithManagers()


class CustomResourceDefinition(KubeObject):
    """A CRD: only which group and kind it brings."""

    spec: dict[str, Any] = {}

    @property
    def group(self) -> str:
        """The API group."""
        return str(self.spec.get("group") or "")


class ApiService(KubeObject):
    """An aggregated API."""

    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class Role(KubeObject):
    """A Role or ClusterRole."""

    metadata: MetaWithManagers = MetaWithManagers()
    rules: Many[dict[str, Any]] = ()


class RoleBinding(KubeObject):
    """A RoleBinding or ClusterRoleBinding."""

    metadata: MetaWithManagers = MetaWithManagers()
    role_ref: dict[str, Any] = {}
    subjects: Many[dict[str, Any]] = ()


class PodDisruptionBudget(KubeObject):
    """A disruption budget."""

    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class ResourceQuota(KubeObject):
    """A quota."""

    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class AnyObject(KubeObject):
    """An object of which only metadata, spec and status are looked at (custom resources)."""

    metadata: MetaWithManagers = MetaWithManagers()
    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}
