"""Kinds of API objects, and ``<group>/<resource>`` of the canonical path of their listing."""

from __future__ import annotations

import re

#: Source: the Kubernetes API reference (kubernetes.io/docs/reference/kubernetes-api).
_BY_GROUP = {
    "core": "Node Namespace Pod Service Event ConfigMap ServiceAccount ResourceQuota LimitRange "
    "ReplicationController PersistentVolume PersistentVolumeClaim",
    "apps": "DaemonSet Deployment ReplicaSet StatefulSet ControllerRevision",
    "batch": "Job CronJob",
    "autoscaling": "HorizontalPodAutoscaler",
    "policy": "PodDisruptionBudget",
    "discovery.k8s.io": "EndpointSlice",
    "coordination.k8s.io": "Lease",
    "admissionregistration.k8s.io": "ValidatingWebhookConfiguration MutatingWebhookConfiguration",
    "apiregistration.k8s.io": "APIService",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "certificates.k8s.io": "CertificateSigningRequest",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding Role RoleBinding",
}
_IRREGULAR = {
    "Endpoints": "core/endpoints",
    "NetworkPolicy": "networking.k8s.io/networkpolicies",
    "Ingress": "networking.k8s.io/ingresses",
    "IngressClass": "networking.k8s.io/ingressclasses",
    "PriorityClass": "scheduling.k8s.io/priorityclasses",
    "StorageClass": "storage.k8s.io/storageclasses",
    "CSIDriver": "storage.k8s.io/csidrivers",
    "CSINode": "storage.k8s.io/csinodes",
    "VolumeAttachment": "storage.k8s.io/volumeattachments",
}
RESOURCES: dict[str, str] = _IRREGULAR | {
    kind: f"{group}/{kind.lower()}s" for group, kinds in _BY_GROUP.items() for kind in kinds.split()
}
_LISTING = re.compile(
    r"resources/(?P<resource>[^/]+/[^/.]+)(?:/(?P<scope>[^/]+?))?(?:\.\d{4})?\.(?:json|ya?ml)"
)


def listing_of(rel: str) -> tuple[str, str] | None:
    """Return resource and namespace (empty: all) of a listing's path; None for another file."""
    found = _LISTING.fullmatch(rel)
    return (found["resource"], found["scope"] or "") if found else None
