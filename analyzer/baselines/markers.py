"""Whose is an object? Several marks are weighed; no label or namespace decides alone.

AKS's machinery changed over the years (add-on manager, hosted Flux and Helm, Eno), open-source
installs use the same names, and a customer can copy any label. So each mark gives points for AKS or
for the customer, and the verdict carries all of them as reasons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from analyzer.baselines.attribution import changes
from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.data_files import packaged
from analyzer.baselines.images import belongs_to, foreign_image, microsoft_registry, parse_image
from analyzer.baselines.managers import provenance
from analyzer.baselines.object_kind import kind_of
from analyzer.baselines.schema import Component, Scope
from analyzer.facts.identity import Aks, Identity, PolicyEngine
from analyzer.facts.kube import KubeObject
from analyzer.facts.objects import Node, Pod, Workload
from analyzer.model.gap import NotCollected
from analyzer.model.owner import Confidence

__all__ = ["Whose", "foreign_image", "is_managed_namespace", "whose"]

_MANAGED_BY = "kubernetes.azure.com/managedby"
#: Objects that Kubernetes itself puts into every namespace or cluster.
_OF_KUBERNETES = frozenset(
    {
        ("ConfigMap", "kube-root-ca.crt"), ("Service", "kubernetes"), ("ServiceAccount", "default"),
        ("ConfigMap", "extension-apiserver-authentication"), ("Namespace", "default"),
        ("Namespace", "kube-system"), ("Namespace", "kube-public"),
        ("Namespace", "kube-node-lease"),
        ("PriorityClass", "system-cluster-critical"), ("PriorityClass", "system-node-critical"),
    }
)  # fmt: skip
#: Managers that keep objects of their own (kube-controller-manager works for others too).
_SYSTEM_MANAGERS = frozenset({"kube-apiserver", "kubelet"})
_DECIDES, _FIRM = 3, 5


@dataclass(frozen=True, slots=True)
class Whose:
    """The verdict: owner, how firmly, and every mark that was seen, weightiest first."""

    owner: Literal["aks", "customer", "unknown"]
    confidence: Confidence
    reasons: tuple[str, ...]

    @property
    def managed(self) -> bool:
        """True where the object is a part of AKS."""
        return self.owner == "aks"


@dataclass(frozen=True, slots=True)
class _Mark:
    """Points: positive for AKS, negative for the customer."""

    points: int
    reason: str


def whose(obj: KubeObject, catalogue: Catalogue, identity: Identity) -> Whose:
    """Whose an object is. On a cluster that is not AKS nothing is AKS's."""
    if identity.aks is Aks.NO:
        return Whose("unknown", Confidence.HIGH, ("the cluster is not AKS",))
    settled = _settled(obj, catalogue)
    if settled is not None:
        return settled
    component = component_of(obj, catalogue)
    marks = list(_marks(obj, component, identity))
    marks.sort(key=lambda mark: (-abs(mark.points), mark.reason))
    return _weigh(marks, obj, identity)


def component_of(obj: KubeObject, catalogue: Catalogue) -> Component | None:
    """The catalogue's component for an object; a pod is looked up by its controller."""
    kind = kind_of(obj)
    if isinstance(obj, Pod) and obj.controller is not None:
        owner_kind, owner_name = obj.controller
        return catalogue.find(owner_kind, obj.namespace, owner_name)
    if kind in ("Endpoints", "EndpointSlice"):
        service = obj.metadata.labels.get("kubernetes.io/service-name", obj.name)
        return catalogue.find("Service", obj.namespace, service)
    return catalogue.find(kind, obj.namespace, obj.name)


def is_managed_namespace(name: str | None) -> bool:
    """True for a namespace that AKS or an Azure extension brings; no proof for its objects."""
    return name in _namespaces()[0]


def is_ambiguous_namespace(name: str | None) -> bool:
    """True for a managed namespace that is the usual home of an open-source install too."""
    return name in _namespaces()[1]


@lru_cache(maxsize=1)
def _namespaces() -> tuple[frozenset[str], frozenset[str]]:
    content = packaged("namespaces.yaml").content
    return frozenset(content["managed"]), frozenset(content["ambiguous"])


def _settled(obj: KubeObject, catalogue: Catalogue) -> Whose | None:
    """Cases that no weighing is needed for."""
    kind = kind_of(obj)
    allowed = catalogue.allowed(kind, obj.namespace, obj.name)
    if allowed is not None and allowed[1].content == "customer" and "*" not in allowed[1].object:
        reason = f"{obj.name} holds the customer's own settings of {allowed[0].id}"
        return Whose("customer", Confidence.HIGH, (reason,))
    if (kind, obj.name) in _OF_KUBERNETES or "kubernetes.io/bootstrapping" in obj.metadata.labels:
        return Whose("aks", Confidence.HIGH, ("Kubernetes itself keeps this object",))
    if isinstance(obj, Node):
        return _node(obj)
    return None


def _node(node: Node) -> Whose:
    azure = [k for k in sorted(node.metadata.labels) if k.startswith("kubernetes.azure.com/")]
    if azure and (node.spec.provider_id or "azure://").startswith("azure://"):
        return Whose("aks", Confidence.HIGH, (f"a node with AKS's label {azure[0]}",))
    return Whose("unknown", Confidence.LOW, ("a node without AKS's labels",))


def _marks(obj: KubeObject, component: Component | None, identity: Identity) -> Iterator[_Mark]:
    yield from _signature_marks(obj)
    yield from _name_marks(obj, component)
    yield from _image_marks(obj, component)
    yield from _manager_marks(obj)
    yield from _network_marks(component, identity)


def _signature_marks(obj: KubeObject) -> Iterator[_Mark]:
    labels, annotations = obj.metadata.labels, obj.metadata.annotations
    by = provenance(labels, annotations)
    if labels.get(_MANAGED_BY) == "aks":
        yield _Mark(3, f"label {_MANAGED_BY}=aks")
    if by.addon_manager:
        yield _Mark(3, "label addonmanager.kubernetes.io/mode, of AKS's add-on manager")
    if by.hosted_flux:
        yield _Mark(3, "marks of AKS's hosted Flux or Helm")
    if by.eno:
        yield _Mark(3, "label of AKS's reconciler Eno")
    if labels.get("app.kubernetes.io/managed-by") == "aks-app-routing-operator":
        yield _Mark(3, "made by the application routing operator")
    if any(key.startswith("clusterconfig.azure.com/") for key in labels):
        yield _Mark(2, "label of a cluster extension")
    release = annotations.get("meta.helm.sh/release-name")
    if release and not by.hosted_flux:
        yield _Mark(-3, f"installed by the Helm release {release}, which is not one of AKS's")
    for key in ("argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance"):
        if key in annotations or key in labels:
            yield _Mark(-4, "tracked by Argo CD")
    if any(key.startswith("kustomize.toolkit.fluxcd.io/") for key in labels):
        yield _Mark(-4, "applied by a Flux kustomization")


def _name_marks(obj: KubeObject, component: Component | None) -> Iterator[_Mark]:
    managed, ambiguous = _namespaces()
    if component is not None and component.when.scope is Scope.CUSTOMER:
        yield _Mark(-7, f"{component.name} is installed by customers, never by AKS")
        return
    if component is not None:
        yield _Mark(2, f"name and kind of AKS's component {component.id}")
    if obj.namespace is None:
        return
    if obj.namespace in managed:
        if obj.namespace not in ambiguous:
            yield _Mark(1, f"namespace {obj.namespace}")
        if component is None:
            yield _Mark(-1, "no component of AKS has this name")
    else:
        yield _Mark(-2 if component else -5, f"namespace {obj.namespace} is not one of AKS's")


def _image_marks(obj: KubeObject, component: Component | None) -> Iterator[_Mark]:
    images = _images(obj)
    if not images or (component is not None and component.when.scope is Scope.CUSTOMER):
        return
    parsed = [parse_image(image) for image in images]
    foreign = [image for image in images if foreign_image(image, component)]
    own = [i for i in parsed if component and microsoft_registry(i) and belongs_to(i, component)]
    if component is not None and own:
        yield _Mark(2, f"an image that AKS uses for {component.id}")
    elif all(microsoft_registry(image) for image in parsed):
        yield _Mark(1, "images of Microsoft's registry")
    if len(foreign) == len(images):
        yield _Mark(-3, f"no image is Microsoft's ({parsed[0].name})")


def _images(obj: KubeObject) -> tuple[str, ...]:
    if isinstance(obj, Workload):
        return obj.images
    if isinstance(obj, Pod):
        return tuple(c.image for c in (*obj.spec.init_containers, *obj.spec.containers))
    return ()


def _manager_marks(obj: KubeObject) -> Iterator[_Mark]:
    try:
        found = [c for c in changes(obj) if c.subresource != "status"]
    except NotCollected:
        return
    main = max(found, key=lambda c: len(c.fields), default=None)
    aks = next((c for c in found if c.kind == "aks"), None)
    if aks is not None:
        yield _Mark(3, f"written by {aks.tool}")
    elif main is not None and main.manager in _SYSTEM_MANAGERS:
        yield _Mark(5, f"kept by the {main.tool}")
    elif main is not None and main.kind == "customer":
        yield _Mark(-4, f"made with {main.tool}, and by nothing of AKS")


def _network_marks(component: Component | None, identity: Identity) -> Iterator[_Mark]:
    """Calico carries no mark of AKS, managed or not: the cluster's network settings decide."""
    if component is None or not component.pod_network_part:
        return
    network = identity.network
    if network.byocni:
        yield _Mark(-5, "with its own CNI, the cluster has no part of the pod network from AKS")
    elif component.unlabelled and network.policy is PolicyEngine.CALICO:
        yield _Mark(3, "AKS's Calico is switched on, and its parts carry no label of AKS")


def _weigh(marks: list[_Mark], obj: KubeObject, identity: Identity) -> Whose:
    score = sum(mark.points for mark in marks)
    reasons = tuple(mark.reason for mark in marks) or (f"nothing marks {obj.subject}",)
    if abs(score) < _DECIDES:
        return Whose("unknown", Confidence.LOW, reasons)
    against = any(mark.points * score < 0 and abs(mark.points) >= _DECIDES for mark in marks)
    confidence = Confidence.HIGH if abs(score) >= _FIRM and not against else Confidence.MEDIUM
    if identity.aks is Aks.UNKNOWN:
        confidence = Confidence.LOW
    return Whose("aks" if score > 0 else "customer", confidence, reasons)
