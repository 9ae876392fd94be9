"""Pods, and the workloads that make them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from analyzer.facts.kube import KubeObject, Meta, MetaWithManagers, Slim, Time, slim
from analyzer.facts.objects.condition import Condition
from analyzer.facts.objects.probes import ContainerPort, Probe, Strategy, pins_of
from analyzer.facts.shared import Many, Shared, StrMap, Word, empty_map

#: 128 + SIGKILL or SIGTERM: the kubelet or the kernel ended the process, not the process itself.
_ENDED_FROM_OUTSIDE = frozenset({137, 143})


@slim
class ContainerStateDetail(Slim):
    """Waiting, running or terminated, with what is shown of it."""

    reason: Word = ""
    message: Word = ""
    exit_code: int | None = None
    started_at: Time | None = None
    finished_at: Time | None = None

    @property
    def killed(self) -> bool:
        """True where a signal to stop ended it (exit code 137 or 143)."""
        return self.exit_code in _ENDED_FROM_OUTSIDE


@slim
class ContainerState(Slim):
    """At most one of the three is set."""

    waiting: ContainerStateDetail | None = None
    running: ContainerStateDetail | None = None
    terminated: ContainerStateDetail | None = None


@slim
class ContainerStatus(Slim):
    """The state of one container of a pod."""

    name: Word = ""
    image: Word = ""
    image_id: Word = Field(default="", alias="imageID")
    ready: bool | None = None
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: Shared[ContainerState] = ContainerState()


@slim
class Resources(Slim):
    """Requests and limits as quantities."""

    requests: StrMap = Field(default_factory=empty_map)
    limits: StrMap = Field(default_factory=empty_map)


@slim
class SecurityContext(Slim):
    """The part of a security context that tells whether a container can reach the host."""

    privileged: bool | None = None


@slim
class EnvVar(Slim):
    """An environment variable; literal values are masked in customers' namespaces."""

    name: str = ""
    value: str | None = None


@slim
class Container(Slim):
    """A container of a pod spec."""

    name: str = ""
    image: str = ""
    command: Many[str] = ()
    args: Many[str] = ()
    env: Many[EnvVar] = ()
    resources: Resources = Resources()
    security_context: SecurityContext | None = None


@slim
class Toleration(Slim):
    """A toleration."""

    key: str = ""
    operator: str = ""
    effect: str = ""


@slim
class Named(Slim):
    """A reference by name."""

    name: str = ""


@slim
class HostPath(Slim):
    """A folder of the host."""

    path: str = ""


@slim
class GitRepo(Slim):
    """A volume that the kubelet fills by git (deprecated by Kubernetes)."""

    repository: str = ""


@slim
class PvcSource(Slim):
    """A volume from a claim."""

    claim_name: str = ""


@slim
class Volume(Slim):
    """A pod volume."""

    name: str = ""
    host_path: HostPath | None = None
    persistent_volume_claim: PvcSource | None = None
    git_repo: GitRepo | None = None
    config_map: Named | None = None


@slim
class PodSpec(Slim):
    """What a pod is meant to run."""

    node_name: Word | None = None
    containers: Shared[Many[Container]] = ()
    init_containers: Shared[Many[Container]] = ()
    volumes: Many[Shared[Volume]] = ()
    tolerations: Shared[Many[Toleration]] = ()
    node_selector: StrMap = Field(default_factory=empty_map)
    host_network: bool | None = None
    host_pid: bool | None = Field(default=None, alias="hostPID")
    priority_class_name: Word = ""
    service_account_name: Word = ""
    image_pull_secrets: Shared[Many[Named]] = ()
    #: Nodes to which its affinity binds it by name.
    pinned_to: Annotated[tuple[Word, ...], BeforeValidator(pins_of)] = Field(
        default=(), validation_alias="affinity", exclude=True
    )


@slim
class PodStatus(Slim):
    """What a pod does."""

    phase: Word | None = None
    reason: Word = ""
    message: Word = ""
    conditions: Many[Condition] = ()
    container_statuses: tuple[ContainerStatus, ...] | None = None
    init_container_statuses: Many[ContainerStatus] = ()
    pod_ip: str | None = Field(default=None, alias="podIP")
    host_ip: Word | None = Field(default=None, alias="hostIP")
    start_time: Time | None = None


@slim
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


@slim
class TemplateContainer(Container):
    """A container of a workload's template, with what its pods repeat."""

    ports: Shared[Many[ContainerPort]] = ()
    liveness_probe: Shared[Probe | None] = None
    readiness_probe: Shared[Probe | None] = None
    startup_probe: Shared[Probe | None] = None


@slim
class TemplateSpec(PodSpec):
    """What the pods of a workload are meant to run."""

    containers: Shared[Many[TemplateContainer]] = ()
    init_containers: Shared[Many[TemplateContainer]] = ()
    affinity: Shared[dict[str, Any] | None] = None


@slim
class PodTemplate(Slim):
    """The pods that a workload makes."""

    metadata: Meta = Meta()
    spec: TemplateSpec = TemplateSpec()


@slim
class Selector(Slim):
    """A label selector."""

    match_labels: StrMap = Field(default_factory=empty_map)


@slim
class WorkloadSpec(Slim):
    """The part that Deployments, DaemonSets, StatefulSets, ReplicaSets and Jobs share."""

    replicas: int | None = None
    selector: Selector = Selector()
    template: PodTemplate = PodTemplate()
    #: Of Deployments, and of DaemonSets and StatefulSets.
    strategy: Shared[Strategy | None] = None
    update_strategy: Shared[Strategy | None] = None
    min_ready_seconds: int | None = None


@slim
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


@slim
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


@slim
class RevisionData(Slim):
    """What a controller keeps of an older state: the pod template."""

    spec: WorkloadSpec = WorkloadSpec()


@slim
class ControllerRevision(KubeObject):
    """An older or the present state of a DaemonSet or StatefulSet, numbered."""

    metadata: Meta = Meta()
    data: RevisionData = RevisionData()
    revision: int = 0
