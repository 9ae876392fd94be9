"""``cilium sysdump``: listings over all namespaces in YAML, and the logs of Cilium's pods.

Source of the layout: cilium/cilium, ``cilium-cli/sysdump/constants.go``, and for the folders of
bugtool ``bugtool/cmd/configuration.go``. What belongs to Cilium alone (its DaemonSet, its
ConfigMap) is taken as a selection: nothing is said of the others.

Files that an agent took of its node have the agent's pod in their name. The table of pods
(``k8s-pods-<time>.txt``) tells its node, as does the host name in a bugtool folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from analyzer.bundle.layouts.base import ForeignMapping, Place, archive_stem
from analyzer.bundle.layouts.paging import Pages
from analyzer.bundle.names import host_name
from analyzer.bundle.stamps import of_name

_STAMP = r"\d{8}-\d{6}"
_FILE = re.compile(
    rf"(?P<root>(?:[^/]+/)?)(?P<stem>[^/]+)-{_STAMP}(?P<prev>-prev)?\.(?P<ext>[a-z]+)"
)
#: The random end of a pod's name; its characters are those of the API server's name generator.
_POD = re.compile(r"logs-(?P<pod>.+?-[bcdfghjklmnpqrstvwxz2456789]{5})-(?P<container>[a-z].*)")
#: ``cniconf-<file>-<pod>``: a file of ``/etc/cni/net.d``, whose name ends as CNI asks.
_CNI = re.compile(r"cniconf-(?P<file>.+?\.(?:conflist|conf|json)[^/]*?)-(?P<pod>[a-z][a-z0-9-]*)")
#: ``cilium-bugtool-<pod>-<time>/cmd/<command>.md``, once with a folder of the archive between.
_BUGTOOL = re.compile(
    rf"(?P<root>(?:[^/]+/)?)cilium-bugtool-(?P<pod>[^/]+)-{_STAMP}/(?:[^/]+/)?cmd/"
    r"(?P<command>[^/]+)\.md"
)
#: Commands of bugtool that show the node and not the agent's container.
_COMMANDS = {
    "uname--a": "host/uname",
    "uptime": "host/uptime",
    "dmesg": "host/dmesg",
    "dmesg---time-format=iso": "host/dmesg",
    "sysctl--a": "host/sysctl",
    "lsmod": "host/modules",
    "iptables-save--c": "network/iptables-save",
    "ip6tables-save--c": "network/ip6tables-save",
    "nft-list-ruleset": "network/nft-ruleset",
    "ipset-list": "network/ipset",
}
_HOST_NAME = "hostname"
_TABLE = "k8s-pods"
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
    #: Files that tell where pods run: the table, and the host names in the folders of bugtool.
    tables: tuple[str, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    #: Node and namespace by pod, once they were read.
    node_of: Mapping[str, str] = field(default_factory=dict)
    space_of: Mapping[str, str] = field(default_factory=dict)

    def asks(self) -> tuple[str, ...]:
        """The table of pods and the host names."""
        return (*self.tables, *self.hosts)

    def answered(self, contents: Mapping[str, bytes]) -> Self:
        """Learn on which node each pod runs."""
        nodes: dict[str, str] = {}
        spaces: dict[str, str] = {}
        for table in self.tables:
            for namespace, pod, node in _rows(contents.get(table, b"")):
                nodes[pod], spaces[pod] = node, namespace
        for file, pod in self.hosts.items():
            if host := host_name(contents.get(file, b"")):
                nodes[pod] = host
        return replace(self, node_of=nodes, space_of=spaces)

    def place(self, name: str) -> Place | None:
        """Map listings, Cilium's own objects and logs, the version, and files of nodes."""
        if bugtool := _BUGTOOL.fullmatch(name):
            node = self.node_of.get(bugtool["pod"], "") if bugtool["root"] == self.root else ""
            item = _COMMANDS.get(bugtool["command"])
            return Place(f"nodes/{node}", item) if node and item else None
        if self.refused(name):
            return Place("", name)
        found = _FILE.fullmatch(name)
        if found is None or found["root"] != self.root:
            return None
        stem, ext = found["stem"], found["ext"]
        if stem == "k8s-version":
            return Place("cluster", "version.json", how="git-version")
        if ext == "yaml" and stem in _WHOLE:
            return Place("cluster", f"resources/{_WHOLE[stem]}.yaml")
        if ext == "yaml" and stem in _OWN:
            path = self.pages.path(name, f"resources/{_OWN[stem]}/{_NAMESPACE}", "yaml")
            return Place("cluster", path, selection=True) if path else None
        if ext == "txt" and (file := _CNI.fullmatch(stem)):
            node = self.node_of.get(file["pod"], "")
            return Place(f"nodes/{node}", f"cni/net.d/{file['file']}") if node else None
        if ext == "log" and (pod := _POD.fullmatch(stem)):
            kind = "previous.log" if found["prev"] else "log"
            namespace = self.space_of.get(pod["pod"], _NAMESPACE)
            path = f"logs/{namespace}/{pod['pod']}/{pod['container']}.{kind}"
            return Place("cluster", path)
        return None

    def refused(self, name: str) -> str:
        """Say that a file holds a Secret, or is an archive of its own."""
        if name.startswith(f"{self.root}cilium-bugtool-") and archive_stem(name):
            return "an archive within the archive is not read: unpack it, and name the folder"
        return "holds a Secret; not read" if "-secret-" in name else ""

    def holds(self, path: str) -> bool:
        """Listings of the known kinds, logs, and a few files of nodes."""
        if path.startswith("nodes/"):
            return "/cni/net.d/" in path or path.endswith(tuple(_COMMANDS.values()))
        return path.startswith(("cluster/logs/", "cluster/resources/", "cluster/version.json"))


def _rows(table: bytes) -> list[tuple[str, str, str]]:
    """Return namespace, pod and node of ``kubectl get pods -A -o wide``."""
    lines = table.decode("utf-8", "replace").splitlines()
    at = lines[0].find(" NODE ") + 1 if lines else 0
    rows = []
    for line in lines[1:] if at else ():
        first, node = line.split(None, 2), line[at:].split(None, 1)
        if len(first) == 3 and node:
            rows.append((first[0], first[1], node[0]))
    return rows


class CiliumSysdumpLayout:
    """Recognises a listing of this tool by its name with the time stamp."""

    def match(self, names: Sequence[str], label: str) -> CiliumSysdumpMapping | None:
        """Look at the root or one folder down."""
        for name in names:
            found = _FILE.fullmatch(name)
            if found and (found["stem"] in _WHOLE or found["stem"] in _OWN):
                root = found["root"]
                stamp = of_name(name.removeprefix(root))
                tables, hosts = _tables(names, root), _hosts(names, root)
                return CiliumSysdumpMapping(root, stamp=stamp, tables=tables, hosts=hosts)
        return None


def _tables(names: Sequence[str], root: str) -> tuple[str, ...]:
    found = (match for name in names if (match := _FILE.fullmatch(name)))
    return tuple(
        match[0]
        for match in found
        if (match["root"], match["stem"], match["ext"]) == (root, _TABLE, "txt")
    )


def _hosts(names: Sequence[str], root: str) -> dict[str, str]:
    """The files with host names, and the pod of each."""
    found = (match for name in names if (match := _BUGTOOL.fullmatch(name)))
    return {m[0]: m["pod"] for m in found if (m["root"], m["command"]) == (root, _HOST_NAME)}
