"""Whose a workload is: one fact, worked out once per workload, that rules name as a parameter.

Rules first look for pods in trouble and ask for the owner of those alone: a cluster of ten thousand
healthy pods costs nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from analyzer.baselines.baseline import ThirdPartySoftware
from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.managers import provenance
from analyzer.baselines.markers import Whose, component_of, foreign_image, whose
from analyzer.facts.cnis import cni_data
from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.objects import Pod, Workload
from analyzer.model.owner import Confidence
from analyzer.model.signal import Signal

#: Workloads by kind, namespace and name.
Key = tuple[str, str, str]

#: A Job of a CronJob is named after the minute for which it was made (batch/v1, CronJob
#: controller).
_OF_CRONJOB = re.compile(r"^(?P<name>.+)-\d{8,11}$")


class WorkloadOwners:
    """Whose workloads are, weighed by several marks (:func:`analyzer.baselines.markers.whose`).

    Where ``controllers`` show what made a pod, that is judged and not the pod: pods do not carry
    the marks of Helm, nor who wrote them.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        identity: Identity,
        third_party: ThirdPartySoftware,
        controllers: Iterable[Workload] = (),
    ) -> None:
        self._catalogue = catalogue
        self._identity = identity
        self._products = third_party.found
        self._known: dict[Key, Whose] = {}
        self._controllers: dict[Key, KubeObject] = {
            (item.kind, item.namespace or "", item.name): item for item in controllers
        }

    def own(self, pods: Iterable[Pod]) -> list[Pod]:
        """Pods that are not shown to be AKS's; managed components have rules of their own."""
        return [pod for pod in pods if not self.of(pod, key_of(pod)).managed]

    def of(self, obj: KubeObject, key: Key) -> Whose:
        """The verdict on a workload, taken from itself or else one of its pods, and kept."""
        if key not in self._known:
            self._known[key] = self._judge(self._controllers.get(key, obj))
        return self._known[key]

    def _judge(self, judged: KubeObject) -> Whose:
        verdict = whose(judged, self._catalogue, self._identity)
        if verdict.owner != "unknown":
            return verdict
        release = _release_of_others(judged)
        if release is not None:
            reason = f"installed by the Helm release {release}, and signed by nothing of AKS"
        elif self._nothing_of_aks(judged):
            reason = "no component of AKS, and none of its images is Microsoft's"
        else:
            return verdict
        return Whose("customer", Confidence.MEDIUM, (reason, *verdict.reasons))

    def _nothing_of_aks(self, obj: KubeObject) -> bool:
        """True where only labels speak for AKS: these can be copied, its images cannot."""
        images = obj.images if isinstance(obj, Workload) else ()
        if isinstance(obj, Pod):
            images = tuple(c.image for c in (*obj.spec.init_containers, *obj.spec.containers))
        known = component_of(obj, self._catalogue) is not None
        return not known and bool(images) and all(foreign_image(image, None) for image in images)

    def signals(self, key: Key) -> frozenset[Signal]:
        """Own workload; third-party software where it was recognised; the CNI as the CNI itself.

        A workload of which the marks do not tell the owner gets no signal of an owner.
        """
        verdict = self._known.get(key)
        if verdict is not None and verdict.owner == "unknown":
            return frozenset()
        if self.is_cni(key):
            return frozenset({Signal.CNI_ITSELF, Signal.THIRD_PARTY, Signal.UNHEALTHY})
        here = "/".join(key)
        products = [product for product in self._products if here in product.objects]
        signals = {Signal.OWN_WORKLOAD}
        if products:
            signals.add(Signal.THIRD_PARTY)
        if any(product.closed_source for product in products):
            signals.add(Signal.CLOSED_SOURCE)
        if any(product.category == "ingress" for product in products):
            signals.add(Signal.OWN_INGRESS_CONTROLLER)
        return frozenset(signals)

    def is_cni(self, key: Key) -> bool:
        """True for a part of a CNI that AKS does not install."""
        here = "/".join(key)
        if any(here in p.objects for p in self._products if p.category == "cni"):
            return True
        own = {c.name: c.daemonsets for c in cni_data().cnis}
        kind, _, name = key
        names = [d for cni in self._identity.network.own_cni for d in own.get(cni, ())]
        return kind == "DaemonSet" and name in names


def key_of(pod: Pod) -> Key:
    """What made a pod: Jobs are told as their CronJob, static and bare pods as themselves."""
    kind, name = pod.controller or ("Pod", pod.name)
    if kind == "Node":
        kind, name = "Pod", pod.name
    if kind == "Job" and (match := _OF_CRONJOB.match(name)):
        kind, name = "CronJob", match["name"]
    return kind, pod.namespace or "", name


def _release_of_others(obj: KubeObject) -> str | None:
    """The Helm release that installed an object which no machinery of AKS signs.

    People install the open-source forms of Microsoft's software (images and names are the same).
    """
    labels, annotations = obj.metadata.labels, obj.metadata.annotations
    extension = any(key.startswith("clusterconfig.azure.com/") for key in labels)
    managed = labels.get("kubernetes.azure.com/managedby") == "aks"
    if extension or managed or provenance(labels, annotations).by_aks:
        return None
    return annotations.get("meta.helm.sh/release-name")
