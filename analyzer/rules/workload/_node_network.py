"""What is around pods that cannot start: the parts of the pod network, the way out of nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Namespaces
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.parse.host import parse_probes
from analyzer.model.gap import NotCollected

_PROBES = "probes/egress.json"
#: The resolver of Azure: learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
_AZURE_DNS = "168.63.129.16"
#: Go's resolver: ``lookup NAME on SERVER:53: no such host``.
_LOOKUP = re.compile(
    r"lookup \S+ on \[?(?P<server>[\d.]+|[\da-fA-F:]+)\]?:53: "
    r"(?:no such host|server misbehaving|.{0,200}?i/o timeout)"
)
#: Where AKS runs calico-node: since Kubernetes 1.20 under Tigera's operator, before beside the
#: other parts (learn.microsoft.com/azure/aks/use-network-policies).
_OF_CALICO = ("calico-system", "kube-system")
_ISTIO_ADDON = "aks-istio-system"


@dataclass(frozen=True, slots=True)
class PodNetwork:
    """The cluster's network, and whether Calico and AKS's Istio run; None is not known."""

    identity: Identity
    calico: bool | None = None
    istio_addon: bool | None = None


def pod_network(
    identity: Identity, daemonsets: DaemonSets | None, namespaces: Namespaces | None
) -> PodNetwork:
    """Read the listings; what one of them does not show whole stays unknown."""
    return PodNetwork(identity, _calico(daemonsets, namespaces), _has(namespaces, _ISTIO_ADDON))


def _has(namespaces: Namespaces | None, name: str) -> bool | None:
    try:
        return namespaces.get(None, name) is not None if namespaces is not None else None
    except NotCollected:
        return None


def _calico(daemonsets: DaemonSets | None, namespaces: Namespaces | None) -> bool | None:
    if daemonsets is None:
        return None
    if any(d.name == "calico-node" for d in daemonsets.items):
        return True
    for namespace in _OF_CALICO:
        there = _has(namespaces, namespace)
        if there is False:
            continue
        try:
            daemonsets.get(namespace, "calico-node")
        except NotCollected:
            return None
    return False


def egress_was_probed(nodes: Iterable[str | None], archives: NodeArchives | None) -> bool:
    """True where every one of the nodes sent probes of what it needs outside."""
    names = [name for name in nodes if name]
    return bool(names) and all(_probed(name, archives) for name in names)


def _probed(node: str, archives: NodeArchives | None) -> bool:
    files = archives.nodes.get(node) if archives is not None else None
    return files is not None and _PROBES in files.files and bool(parse_probes(files.files[_PROBES]))


def own_dns_server(text: str) -> str | None:
    """The customer's DNS server that did not know a name: neither Azure's nor one on the node."""
    match = _LOOKUP.search(text)
    if match is None or match["server"] == _AZURE_DNS:
        return None
    try:
        address = ip_address(match["server"])
    except ValueError:
        return None
    return None if address.is_loopback or address.is_link_local else str(address)
