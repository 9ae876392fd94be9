"""Listings of what not every cluster has: autoscalers, ingresses, custom resources of add-ons."""

from __future__ import annotations

from typing import Any

from analyzer.facts import objects as o
from analyzer.facts.listing import Objects
from analyzer.model.gap import NotCollected


class HorizontalPodAutoscalers(Objects[o.AnyObject]):
    """All horizontal pod autoscalers."""

    resource = "autoscaling/horizontalpodautoscalers"
    model = o.AnyObject
    kind = "HorizontalPodAutoscaler"


class ControllerRevisions(Objects[o.ControllerRevision]):
    """The older states of DaemonSets and StatefulSets that are still kept."""

    resource = "apps/controllerrevisions"
    model = o.ControllerRevision
    kind = "ControllerRevision"


class LimitRanges(Objects[o.AnyObject]):
    """All limit ranges."""

    resource = "core/limitranges"
    model = o.AnyObject
    kind = "LimitRange"


class Ingresses(Objects[o.AnyObject]):
    """All Ingresses."""

    resource = "networking.k8s.io/ingresses"
    model = o.AnyObject
    kind = "Ingress"


class IngressClasses(Objects[o.AnyObject]):
    """All ingress classes."""

    resource = "networking.k8s.io/ingressclasses"
    model = o.AnyObject
    kind = "IngressClass"


class CsiDrivers(Objects[o.AnyObject]):
    """All CSI drivers that are registered."""

    resource = "storage.k8s.io/csidrivers"
    model = o.AnyObject
    kind = "CSIDriver"


class VolumeSnapshots(Objects[o.AnyObject]):
    """All volume snapshots."""

    resource = "snapshot.storage.k8s.io/volumesnapshots"
    model = o.AnyObject
    kind = "VolumeSnapshot"


class FlowSchemas(Objects[o.AnyObject]):
    """How the API server shares its capacity among clients."""

    resource = "flowcontrol.apiserver.k8s.io/flowschemas"
    model = o.AnyObject
    kind = "FlowSchema"


class Certificates(Objects[o.AnyObject]):
    """cert-manager's certificates."""

    resource = "cert-manager.io/certificates"
    model = o.AnyObject
    kind = "Certificate"


class ScaledObjects(Objects[o.AnyObject]):
    """KEDA's scaled objects."""

    resource = "keda.sh/scaledobjects"
    model = o.AnyObject
    kind = "ScaledObject"


class Kustomizations(Objects[o.AnyObject]):
    """Flux's Kustomizations."""

    resource = "kustomize.toolkit.fluxcd.io/kustomizations"
    model = o.AnyObject
    kind = "Kustomization"


class HelmReleases(Objects[o.AnyObject]):
    """Flux's Helm releases."""

    resource = "helm.toolkit.fluxcd.io/helmreleases"
    model = o.AnyObject
    kind = "HelmRelease"


class SigningRequests(Objects[o.AnyObject]):
    """All certificate signing requests."""

    resource = "certificates.k8s.io/certificatesigningrequests"
    model = o.AnyObject
    kind = "CertificateSigningRequest"


#: All of them, for the loader.
MORE = (
    HorizontalPodAutoscalers, ControllerRevisions, LimitRanges, Ingresses, IngressClasses,
    CsiDrivers,
    VolumeSnapshots, FlowSchemas, Certificates, ScaledObjects, Kustomizations, HelmReleases,
    SigningRequests,
)  # fmt: skip


def not_installed(definitions: Objects[Any] | None, name: str) -> bool:
    """True where a complete list of resource definitions does not show that one.

    The API server has no such resource then: nobody could have listed it.
    """
    try:
        return definitions is not None and definitions.get(None, name) is None
    except NotCollected:
        return False
