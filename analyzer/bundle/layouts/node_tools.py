"""Node archives of two tools: the hourly ``logs.zip`` of AKS, and sos reports.

Sources: Azure/AgentBaker, ``parts/linux/cloud-init/artifacts/aks-log-collector.sh``;
sosreport/sos, ``sos/archive.py`` and the plugins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.bundle.layouts.base import ForeignMapping, Place
from analyzer.bundle.layouts.node_folder import canonical, holds_credentials

#: What no other tool writes below ``collect``.
_COLLECT = re.compile(
    r"(?P<root>(?:[^/]+/)?)collect/(?:proc/[^/]+|crictl_[a-z]+\.(?:json|txt)|file_listings\.txt"
    r"|ip_4_addr\.json|ss\.txt)"
)
_SOS = re.compile(r"(?P<root>(?:[^/]+/)?)sos_(?:commands|reports|logs)/.+")
#: ``sosreport-<host>[-<label>]-<date>-<random>``.
_SOS_FOLDER = re.compile(r"sos(?:report)?-(?P<host>.+?)-\d{4}-\d{2}-\d{2}-[a-z0-9]+$")
#: Names of nodes of scale sets and of virtual-machine pools.
_AKS_NODE = re.compile(r"(?:aks|ak)[a-z0-9-]*?(?:-vmss[0-9a-z]{6}|\d{6})")
_KUBECTL = re.compile(
    r"sos_commands/kubernetes/cluster-info/(?P<ns>[^/]+)/kubectl_(?:[^/]*_)?get_-o_json_[^/]*?"
    r"(?P=ns)_(?P<plural>[a-z]+)"
)
_PLURALS = {
    "pods": "core/pods",
    "services": "core/services",
    "events": "core/events",
    "deployments": "apps/deployments",
    "daemonsets": "apps/daemonsets",
    "replicasets": "apps/replicasets",
    "statefulsets": "apps/statefulsets",
}


@dataclass(frozen=True, slots=True)
class AksNodeLogsMapping(ForeignMapping):
    """The files of one node, below one folder or none."""

    layout: str = "aks-node-logs"

    def place(self, name: str) -> Place | None:
        """Map a file; those without a row stay searchable below ``files/``."""
        rel = self.inner(name)
        if not rel:
            return None
        return Place(f"nodes/{self.node}", canonical(rel) or f"files/{rel}")

    def beside(self, name: str) -> Place | None:
        """Keep older pieces of a log (``syslog.1``) among the files without a row."""
        rel = self.inner(name)
        return Place(f"nodes/{self.node}", f"files/{rel}") if rel else None

    def refused(self, name: str) -> str:
        """Say that a file holds credentials."""
        return "holds credentials; not read" if holds_credentials(self.inner(name)) else ""

    def holds(self, path: str) -> bool:
        """Files of the node."""
        return path.startswith("nodes/")


class AksNodeLogsLayout:
    """Recognises the folder ``collect`` of the AKS log collector."""

    def match(self, names: Sequence[str], label: str) -> AksNodeLogsMapping | None:
        """Look at the root or one folder down."""
        for name in names:
            if found := _COLLECT.fullmatch(name):
                root = found["root"]
                node = root.rstrip("/") or label
                return AksNodeLogsMapping(root, node=node, names_node=f"{root}etc/hostname")
        return None


@dataclass(frozen=True, slots=True)
class SosMapping(AksNodeLogsMapping):
    """The report of one machine."""

    layout: str = "sos"

    def place(self, name: str) -> Place | None:
        """Map commands and copied files of the node, and what its kubectl could list."""
        rel = self.inner(name)
        if not rel or rel.startswith(("sos_reports/", "sos_logs/", "sos_strings/")):
            return None
        if found := _KUBECTL.fullmatch(rel):
            resource = _PLURALS.get(found["plural"])
            path = f"resources/{resource}/{found['ns']}.json"
            return Place("cluster", path) if resource else None
        item = canonical(rel, "sos") or canonical(rel) or f"files/{rel}"
        return Place(f"nodes/{self.node}", item)


class SosLayout:
    """Recognises the folders of a sos report."""

    def match(self, names: Sequence[str], label: str) -> SosMapping | None:
        """Look at the root or one folder down; the folder's name tells the host."""
        for name in names:
            if found := _SOS.fullmatch(name):
                root = found["root"]
                named = _sos_host(root.rstrip("/") or label)
                where = f"{root}sos_commands/host/hostname"
                return SosMapping(root, node=named, names_node=where)
        return None


def _sos_host(folder: str) -> str:
    found = _SOS_FOLDER.match(folder)
    host = found["host"] if found else folder
    node = _AKS_NODE.match(host)
    return node[0] if node else host
