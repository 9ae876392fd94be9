"""Which network mode the cluster runs, by the evidence: ARM export, labels, conflists, DaemonSets.

The order of the sources and what each mode shows are described in Microsoft's documents
(learn.microsoft.com/azure/aks: concepts-network-cni-overview, use-byo-cni, configure-kubenet,
azure-cni-overlay, azure-cni-powered-by-cilium). BYOCNI is concluded from an export that says
``none``, or from a complete listing that shows no managed CNI *and* something that stands in for
it; silence alone leaves it open and says what would settle it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analyzer.facts.cnis import is_microsoft_image, own_cni_of_conflist, own_cni_of_daemonset
from analyzer.facts.identity import Dataplane, Network, NetworkMode, PolicyEngine
from analyzer.facts.listings import DaemonSets, Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.objects import Workload
from analyzer.facts.parse.cni import Conflist, parse_conflist
from analyzer.facts.parse.node_labels import labelled_archives
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected

SETTLES = "az aks show -o json (networkProfile)"
_PREFIX = "kubernetes.azure.com/"


@dataclass(frozen=True)
class NetworkInputs:
    """What the detection looks at; ``arm`` is the ``networkProfile`` of the export, if any."""

    nodes: Nodes
    daemonsets: DaemonSets
    archives: NodeArchives
    arm: Mapping[str, Any] | None = None
    arm_path: str = ""


@dataclass
class _Draft:
    mode: NetworkMode | None = None
    byocni: bool | None = None
    dataplane: Dataplane | None = None
    policy: PolicyEngine | None = None
    proxy: str | None = None
    own: list[str] = field(default_factory=list)
    evidence: list[EvidenceRef] = field(default_factory=list)

    def settle(self, mode: NetworkMode, *evidence: EvidenceRef) -> None:
        """Take a mode unless an earlier source gave one."""
        if self.mode is None and (mode is not NetworkMode.BYOCNI or self.byocni is not False):
            self.mode = mode
            self.byocni = mode is NetworkMode.BYOCNI
        self.evidence.extend(evidence)


def detect_network(inputs: NetworkInputs) -> Network:
    """Weigh the sources in order; the first that tells decides, the others add what it left out."""
    draft = _Draft()
    conflists = _conflists(inputs.archives)
    _from_arm(draft, inputs)
    _from_labels(draft, inputs)
    _from_conflists(draft, conflists)
    _from_routes(draft, inputs.nodes)
    _from_daemonsets(draft, inputs)
    _own_cnis(draft, inputs, conflists)
    _byocni_by_evidence(draft, inputs, conflists)
    network = Network(
        mode=draft.mode or NetworkMode.UNKNOWN,
        dataplane=draft.dataplane
        or (Dataplane.AZURE if draft.byocni is False else Dataplane.UNKNOWN),
        policy=draft.policy or PolicyEngine.UNKNOWN,
        proxy=draft.proxy or "unknown",
        byocni=draft.byocni,
        own_cni=tuple(dict.fromkeys(draft.own)),
        evidence=tuple(dict.fromkeys(draft.evidence))[:6],
    )
    open_question = network.byocni is None or network.mode is NetworkMode.UNKNOWN
    return replace(network, would_settle=SETTLES if open_question else "")


def _from_arm(draft: _Draft, inputs: NetworkInputs) -> None:
    if not inputs.arm:
        return
    plugin = str(inputs.arm.get("networkPlugin") or "")
    overlay = inputs.arm.get("networkPluginMode") == "overlay"
    place = EvidenceRef(
        path=inputs.arm_path,
        what="network profile of the cluster",
        anchors=("networkProfile", "networkPlugin"),
    )
    modes = {
        "none": NetworkMode.BYOCNI,
        "kubenet": NetworkMode.KUBENET,
        "azure": NetworkMode.OVERLAY if overlay else None,
    }
    mode = modes.get(plugin)
    if mode is not None:
        draft.settle(mode, place)
    elif plugin == "azure":
        draft.byocni = False  # node subnet or pod subnet: the pools and the nodes tell
        draft.evidence.append(place)
    if inputs.arm.get("networkDataplane") == "cilium":
        draft.dataplane = Dataplane.CILIUM
    policy = str(inputs.arm.get("networkPolicy") or "none")
    if policy in set(PolicyEngine):
        draft.policy = PolicyEngine(policy)
    proxy = inputs.arm.get("kubeProxyConfig")
    if isinstance(proxy, dict):
        off = proxy.get("enabled") is False
        draft.proxy = "none" if off else str(proxy.get("mode") or "iptables").lower()


def _from_labels(draft: _Draft, inputs: NetworkInputs) -> None:
    """Labels of the node objects; where none are shown, those that the kubelets' files give."""
    for node in inputs.nodes.items:
        labels = node.metadata.labels
        if told := _told_by_labels(draft, labels):
            mode, key = told
            draft.settle(mode, node.where(_PREFIX + key, what=f"label {key} of a node"))
            return
    if inputs.nodes.items:
        return
    for _, labels, place in labelled_archives(inputs.archives):
        if told := _told_by_labels(draft, labels):
            draft.settle(told[0], place)
            return


def _told_by_labels(draft: _Draft, labels: Mapping[str, str]) -> tuple[NetworkMode, str] | None:
    """Take dataplane and policy engine; the mode and the label that tells it, or None."""
    pod_network = labels.get(_PREFIX + "podnetwork-type", "")
    if labels.get(_PREFIX + "ebpf-dataplane") == "cilium":
        draft.dataplane = Dataplane.CILIUM
    policy = labels.get(_PREFIX + "network-policy", "")
    if draft.policy is None and policy in set(PolicyEngine):
        draft.policy = PolicyEngine(policy)
    if labels.get(_PREFIX + "azure-cni-overlay") == "true" or pod_network == "overlay":
        shown = _PREFIX + "azure-cni-overlay" in labels
        return NetworkMode.OVERLAY, "azure-cni-overlay" if shown else "podnetwork-type"
    if pod_network in ("vnet", "vnetblock", "swift"):
        return NetworkMode.POD_SUBNET, "podnetwork-type"
    return None


def _from_routes(draft: _Draft, nodes: Nodes) -> None:
    """The cloud's route controller runs for kubenet alone, and notes it on every node."""
    for node in nodes.items:
        condition = node.condition("NetworkUnavailable")
        if condition is not None and condition.reason in ("RouteCreated", "NoRouteCreated"):
            place = node.where(f"reason: {condition.reason}", what="routes made for the node")
            draft.settle(NetworkMode.KUBENET, place)
            return


def _conflists(archives: NodeArchives) -> list[Conflist]:
    return [
        parse_conflist(item, file) for node in archives for item, file in node.under("cni/net.d/")
    ]


def _from_conflists(draft: _Draft, conflists: list[Conflist]) -> None:
    for conflist in conflists:
        mode = _mode_of_conflist(conflist)
        if conflist.plugins[:1] == ("cilium-cni",) and conflist.ipam == "azure-ipam":
            draft.dataplane = draft.dataplane or Dataplane.CILIUM
            draft.byocni = False if draft.byocni is None else draft.byocni
        if mode is not None:
            draft.settle(mode, conflist.where)
            return


def _mode_of_conflist(conflist: Conflist) -> NetworkMode | None:
    if "azure-vnet" in conflist.plugins:
        if conflist.ipam == "azure-vnet-ipam":
            return NetworkMode.NODE_SUBNET
        if conflist.ipam == "azure-cns":
            overlay = "overlay" in conflist.ipam_mode.lower() or "overlay" in conflist.file_name
            return NetworkMode.OVERLAY if overlay else NetworkMode.POD_SUBNET
    if conflist.ipam == "host-local" and conflist.plugins[:1] in (("bridge",), ("calico",)):
        return NetworkMode.KUBENET
    return None


def _from_daemonsets(draft: _Draft, inputs: NetworkInputs) -> None:
    try:
        system = {d.name: d for d in inputs.daemonsets.of("kube-system")}
    except NotCollected:
        return
    cns, masq = system.get("azure-cns"), system.get("azure-ip-masq-agent")
    cilium = system.get("cilium")
    if cilium is not None and any(is_microsoft_image(i) for i in cilium.images):
        draft.dataplane = Dataplane.CILIUM
        draft.byocni = False if draft.byocni is None else draft.byocni
        draft.evidence.append(cilium.where("image", what="managed Cilium DaemonSet"))
    _managed_calico(draft, inputs)
    if "azure-npm" in system and draft.policy in (None, PolicyEngine.NONE):
        draft.policy = PolicyEngine.AZURE
    _proxy(draft, inputs, system.get("kube-proxy"))
    if draft.mode is not None:
        return
    if cns is not None or masq is not None:
        _azure_by_daemonset(draft, inputs, cns or masq, has_cns=cns is not None)


def _managed_calico(draft: _Draft, inputs: NetworkInputs) -> None:
    """Calico that AKS installs (policy engine ``calico``) pulls from Microsoft's registry."""
    for daemonset in inputs.daemonsets.items:
        managed = any(is_microsoft_image(image) for image in daemonset.images)
        if daemonset.name == "calico-node" and managed:
            draft.policy = PolicyEngine.CALICO
            draft.byocni = False if draft.byocni is None else draft.byocni
            routed = any(node.spec.pod_cidr for node in inputs.nodes.items)
            place = daemonset.where("image", what="managed Calico DaemonSet")
            if inputs.nodes.items:
                draft.settle(NetworkMode.KUBENET if routed else NetworkMode.NODE_SUBNET, place)


def _azure_by_daemonset(
    draft: _Draft, inputs: NetworkInputs, daemonset: Workload | None, *, has_cns: bool
) -> None:
    """Without labels and conflists: the pod CIDR of the nodes tells routed modes from flat ones."""
    if daemonset is None:
        return
    draft.byocni = False if draft.byocni is None else draft.byocni
    place = daemonset.where("image", what=f"DaemonSet {daemonset.name}")
    if not inputs.nodes.items:
        draft.evidence.append(place)
        return
    routed = any(node.spec.pod_cidr for node in inputs.nodes.items)
    if has_cns and routed:
        draft.settle(NetworkMode.OVERLAY, place)
    elif has_cns:
        draft.settle(NetworkMode.NODE_SUBNET, place)
    else:
        draft.settle(NetworkMode.KUBENET if routed else NetworkMode.NODE_SUBNET, place)


def _proxy(draft: _Draft, inputs: NetworkInputs, proxy: Workload | None) -> None:
    if draft.proxy is not None:
        return
    if proxy is None:
        complete = _complete(inputs.daemonsets)
        draft.proxy = "none" if complete and draft.dataplane is Dataplane.CILIUM else None
        return
    args = [a for c in proxy.spec.template.spec.containers for a in (*c.command, *c.args)]
    mode = next((a.split("=", 1)[1] for a in args if a.startswith("--proxy-mode=")), "iptables")
    draft.proxy = mode.lower()


def _complete(daemonsets: DaemonSets) -> bool:
    """True where a whole listing of kube-system stands behind "is not there"."""
    try:
        daemonsets.get("kube-system", "")
    except NotCollected:
        return False
    return True


def _own_cnis(draft: _Draft, inputs: NetworkInputs, conflists: list[Conflist]) -> None:
    for daemonset in inputs.daemonsets.items:
        name = own_cni_of_daemonset(daemonset)
        if name:
            draft.own.append(name)
            if draft.byocni is not False:
                draft.evidence.append(daemonset.where("image", what=f"DaemonSet of {name}"))
    for conflist in conflists:
        name = own_cni_of_conflist(conflist)
        if name and name not in draft.own:
            draft.own.append(name)
            if draft.byocni is not False:
                draft.evidence.append(conflist.where)


def _byocni_by_evidence(draft: _Draft, inputs: NetworkInputs, conflists: list[Conflist]) -> None:
    if draft.byocni is not None or not _complete(inputs.daemonsets):
        return
    system = {d.name for d in inputs.daemonsets.of("kube-system")}
    if not system or system & {"azure-cns", "azure-ip-masq-agent"}:
        return
    listing = inputs.daemonsets.listing("kube-system", what="no CNI of AKS among the DaemonSets")
    no_network = [n for n in inputs.nodes.items if _network_missing(n.condition("Ready"))]
    if draft.own:
        draft.settle(NetworkMode.BYOCNI, listing)
    elif no_network:
        reason = no_network[0].where(
            "cni plugin not initialized", what="node without a network plugin"
        )
        draft.settle(NetworkMode.BYOCNI, listing, reason)


def _network_missing(condition: Any) -> bool:
    message = condition.message if condition is not None else ""
    return "cni plugin not initialized" in message or "cni config uninitialized" in message
