"""All listings by type, as the loader fills them and rules ask for them.

An empty tuple always means "listed, and there are none"; see :mod:`analyzer.facts.listing`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from analyzer.facts import objects as o
from analyzer.facts.kube import MetaWithManagers
from analyzer.facts.listing import WHOLE, ListingState, Objects
from analyzer.facts.more_listings import MORE
from analyzer.model.gap import Gap

__all__ = [
    "BY_RESOURCE",
    "LISTINGS",
    "WHOLE",
    "AnyListing",
    "ApiServices",
    "ClusterRoleBindings",
    "ClusterRoles",
    "ConfigMaps",
    "CustomResourceDefinitions",
    "DaemonSets",
    "Deployments",
    "EndpointSlices",
    "EndpointsLists",
    "Events",
    "Installations",
    "Jobs",
    "KnownNodes",
    "Leases",
    "ListingState",
    "MutatingWebhooks",
    "Namespaces",
    "NetworkPolicies",
    "NodeNetworkConfigs",
    "Nodes",
    "Objects",
    "PersistentVolumeClaims",
    "PersistentVolumes",
    "PodDisruptionBudgets",
    "Pods",
    "ReplicaSets",
    "ResourceQuotas",
    "Services",
    "StatefulSets",
    "StorageClasses",
    "ValidatingWebhooks",
    "VolumeAttachments",
]  # fmt: skip


class Nodes(Objects[o.Node]):
    """All nodes."""

    resource = "core/nodes"
    model = o.Node
    kind = "Node"


class Pods(Objects[o.Pod]):
    """All pods."""

    resource = "core/pods"
    model = o.Pod
    kind = "Pod"


class Deployments(Objects[o.Workload]):
    """All Deployments."""

    resource = "apps/deployments"
    model = o.Workload
    kind = "Deployment"


class DaemonSets(Objects[o.Workload]):
    """All DaemonSets."""

    resource = "apps/daemonsets"
    model = o.Workload
    kind = "DaemonSet"


class StatefulSets(Objects[o.Workload]):
    """All StatefulSets."""

    resource = "apps/statefulsets"
    model = o.Workload
    kind = "StatefulSet"


class ReplicaSets(Objects[o.Workload]):
    """All ReplicaSets."""

    resource = "apps/replicasets"
    model = o.Workload
    kind = "ReplicaSet"


class Jobs(Objects[o.Workload]):
    """All Jobs."""

    resource = "batch/jobs"
    model = o.Workload
    kind = "Job"


class Services(Objects[o.Service]):
    """All Services."""

    resource = "core/services"
    model = o.Service
    kind = "Service"


class EndpointSlices(Objects[o.EndpointSlice]):
    """All EndpointSlices."""

    resource = "discovery.k8s.io/endpointslices"
    model = o.EndpointSlice
    kind = "EndpointSlice"


class EndpointsLists(Objects[o.Endpoints]):
    """All Endpoints (the older form)."""

    resource = "core/endpoints"
    model = o.Endpoints
    kind = "Endpoints"


class ValidatingWebhooks(Objects[o.WebhookConfiguration]):
    """All ValidatingWebhookConfigurations."""

    resource = "admissionregistration.k8s.io/validatingwebhookconfigurations"
    model = o.WebhookConfiguration
    kind = "ValidatingWebhookConfiguration"


class MutatingWebhooks(Objects[o.WebhookConfiguration]):
    """All MutatingWebhookConfigurations."""

    resource = "admissionregistration.k8s.io/mutatingwebhookconfigurations"
    model = o.WebhookConfiguration
    kind = "MutatingWebhookConfiguration"


class NetworkPolicies(Objects[o.NetworkPolicy]):
    """All NetworkPolicies."""

    resource = "networking.k8s.io/networkpolicies"
    model = o.NetworkPolicy
    kind = "NetworkPolicy"


class ConfigMaps(Objects[o.ConfigMap]):
    """All ConfigMaps."""

    resource = "core/configmaps"
    model = o.ConfigMap
    kind = "ConfigMap"


class Events(Objects[o.Event]):
    """All events."""

    resource = "core/events"
    model = o.Event
    kind = "Event"


class Leases(Objects[o.Lease]):
    """All Leases."""

    resource = "coordination.k8s.io/leases"
    model = o.Lease
    kind = "Lease"


class PersistentVolumes(Objects[o.PersistentVolume]):
    """All volumes."""

    resource = "core/persistentvolumes"
    model = o.PersistentVolume
    kind = "PersistentVolume"


class PersistentVolumeClaims(Objects[o.PersistentVolumeClaim]):
    """All claims."""

    resource = "core/persistentvolumeclaims"
    model = o.PersistentVolumeClaim
    kind = "PersistentVolumeClaim"


class VolumeAttachments(Objects[o.VolumeAttachment]):
    """All volume attachments."""

    resource = "storage.k8s.io/volumeattachments"
    model = o.VolumeAttachment
    kind = "VolumeAttachment"


class StorageClasses(Objects[o.StorageClass]):
    """All storage classes."""

    resource = "storage.k8s.io/storageclasses"
    model = o.StorageClass
    kind = "StorageClass"


class Namespaces(Objects[o.Namespace]):
    """All namespaces."""

    resource = "core/namespaces"
    model = o.Namespace
    kind = "Namespace"


class CustomResourceDefinitions(Objects[o.CustomResourceDefinition]):
    """All CRDs."""

    resource = "apiextensions.k8s.io/customresourcedefinitions"
    model = o.CustomResourceDefinition
    kind = "CustomResourceDefinition"


class ApiServices(Objects[o.ApiService]):
    """All aggregated APIs."""

    resource = "apiregistration.k8s.io/apiservices"
    model = o.ApiService
    kind = "APIService"


class ClusterRoles(Objects[o.Role]):
    """All ClusterRoles."""

    resource = "rbac.authorization.k8s.io/clusterroles"
    model = o.Role
    kind = "ClusterRole"


class ClusterRoleBindings(Objects[o.RoleBinding]):
    """All ClusterRoleBindings."""

    resource = "rbac.authorization.k8s.io/clusterrolebindings"
    model = o.RoleBinding
    kind = "ClusterRoleBinding"


class PodDisruptionBudgets(Objects[o.PodDisruptionBudget]):
    """All disruption budgets."""

    resource = "policy/poddisruptionbudgets"
    model = o.PodDisruptionBudget
    kind = "PodDisruptionBudget"


class ResourceQuotas(Objects[o.ResourceQuota]):
    """All quotas."""

    resource = "core/resourcequotas"
    model = o.ResourceQuota
    kind = "ResourceQuota"


class NodeNetworkConfigs(Objects[o.AnyObject]):
    """Azure CNI's per-node network configurations."""

    resource = "acn.azure.com/nodenetworkconfigs"
    model = o.AnyObject
    kind = "NodeNetworkConfig"


class Installations(Objects[o.AnyObject]):
    """The Tigera operator's Installation objects."""

    resource = "operator.tigera.io/installations"
    model = o.AnyObject
    kind = "Installation"


class KnownNodes:
    """Nodes by the API server, or, where it was not asked, by the archives that they sent.

    A node that only its archive shows has a name and nothing else: no condition, no label. Rules
    that go by a node's own logs take these; rules that read silence take :class:`Nodes`.
    """

    def __init__(self, nodes: Nodes, archived: Iterable[str]) -> None:
        self.listed = nodes.readable
        stubs = (o.Node(kind="Node", metadata=MetaWithManagers(name=n)) for n in sorted(archived))
        self.items: tuple[o.Node, ...] = nodes.items if nodes.readable else tuple(stubs)
        self._nodes = nodes

    @property
    def readable(self) -> bool:
        """True if any node is known."""
        return self.listed or bool(self.items)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing of the API server's own view of the nodes."""
        never = () if self.listed else (self._nodes.never_asked(),)
        return self._nodes.gaps or never

    def require(self) -> KnownNodes:
        """Return itself, or say that no node is known.

        Raises:
            NotCollected: neither the API server nor an archive shows a node.
        """
        if not self.readable:
            self._nodes.require()
        return self


AnyListing = type[Objects[Any]]

LISTINGS: tuple[AnyListing, ...] = tuple(
    sorted(
        cast("set[AnyListing]", {*Objects.__subclasses__(), *MORE}), key=lambda cls: cls.resource
    )
)
BY_RESOURCE: dict[str, AnyListing] = {cls.resource: cls for cls in LISTINGS}
