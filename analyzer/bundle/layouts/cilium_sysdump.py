"""``cilium sysdump``: listings over all namespaces in YAML, and the logs of Cilium's pods.

Source of the layout: cilium/cilium, ``cilium-cli/sysdump/constants.go``. What belongs to Cilium
alone (its DaemonSet, its ConfigMap) is taken as a selection: nothing is said of the others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.bundle.layouts.base import ForeignMapping, Place
from analyzer.bundle.layouts.paging import Pages

_STAMP = r"\d{8}-\d{6}"
_FILE = re.compile(
    rf"(?P<root>(?:[^/]+/)?)(?P<stem>[^/]+)-{_STAMP}(?P<prev>-prev)?\.(?P<ext>[a-z]+)"
)
#: The random end of a pod's name; its characters are those of the API server's name generator.
_POD = re.compile(r"logs-(?P<pod>.+?-[bcdfghjklmnpqrstvwxz2456789]{5})-(?P<container>[a-z].*)")
_WHOLE = {
    "k8s-nodes": "core/nodes",
    "k8s-namespaces": "core/namespaces",
    "k8s-pods": "core/pods",
    "k8s-services": "core/services",
    "k8s-events": "core/events",
    "k8s-endpoints": "core/endpoints",
    "k8s-endpointslices": "discovery.k8s.io/endpointslices",
    "k8s-leases": "coordination.k8s.io/leases",
    "k8s-networkpolicies": "networking.k8s.io/networkpolicies",
    "ciliumnodes": "cilium.io/ciliumnodes",
    "ciliumendpoints": "cilium.io/ciliumendpoints",
    "ciliumidentities": "cilium.io/ciliumidentities",
    "ciliumnetworkpolicies": "cilium.io/ciliumnetworkpolicies",
    "ciliumclusterwidenetworkpolicies": "cilium.io/ciliumclusterwidenetworkpolicies",
}
#: Objects of Cilium: AKS and the charts of Cilium put them into kube-system.
_NAMESPACE = "kube-system"
_OWN = {
    "cilium-daemonset": "apps/daemonsets",
    "cilium-envoy-daemonset": "apps/daemonsets",
    "cilium-node-init-daemonset": "apps/daemonsets",
    "hubble-daemonset": "apps/daemonsets",
    "cilium-operator-deployment": "apps/deployments",
    "hubble-relay-deployment": "apps/deployments",
    "hubble-ui-deployment": "apps/deployments",
    "clustermesh-apiserver-deployment": "apps/deployments",
    "cilium-configmap": "core/configmaps",
    "cni-configmap": "core/configmaps",
}


@dataclass(frozen=True, slots=True)
class CiliumSysdumpMapping(ForeignMapping):
    """One sysdump, below one folder or none."""

    layout: str = "cilium-sysdump"
    pages: Pages = field(default_factory=Pages, compare=False)

    def place(self, name: str) -> Place | None:
        """Map listings, Cilium's own objects and logs, and the version."""
        found = _FILE.fullmatch(name)
        if found is None or found["root"] != self.root:
            return None
        stem, ext = found["stem"], found["ext"]
        if self.refused(name):
            return Place("", name)
        if stem == "k8s-version":
            return Place("cluster", "version.json", how="git-version")
        if ext == "yaml" and stem in _WHOLE:
            return Place("cluster", f"resources/{_WHOLE[stem]}.yaml")
        if ext == "yaml" and stem in _OWN:
            path = self.pages.path(name, f"resources/{_OWN[stem]}/{_NAMESPACE}", "yaml")
            return Place("cluster", path, selection=True) if path else None
        if ext == "log" and (pod := _POD.fullmatch(stem)):
            kind = "previous.log" if found["prev"] else "log"
            path = f"logs/{_NAMESPACE}/{pod['pod']}/{pod['container']}.{kind}"
            return Place("cluster", path)
        return None

    def refused(self, name: str) -> str:
        """Say that a file holds a Secret."""
        return "holds a Secret; not read" if "-secret-" in name else ""

    def holds(self, path: str) -> bool:
        """Listings of the known kinds, and logs."""
        return path.startswith(("cluster/logs/", "cluster/resources/", "cluster/version.json"))


class CiliumSysdumpLayout:
    """Recognises a listing of this tool by its name with the time stamp."""

    def match(self, names: Sequence[str], label: str) -> CiliumSysdumpMapping | None:
        """Look at the root or one folder down."""
        for name in names:
            found = _FILE.fullmatch(name)
            if found and (found["stem"] in _WHOLE or found["stem"] in _OWN):
                return CiliumSysdumpMapping(found["root"])
        return None
