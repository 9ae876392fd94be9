"""Node archives of two tools: the hourly ``logs.zip`` of AKS, and sos reports.

Sources: Azure/AgentBaker, ``parts/linux/cloud-init/artifacts/aks-log-collector.sh``;
sosreport/sos, ``sos/archive.py`` and the plugins. Both may hold logs of containers as the kubelet
keeps them (kubernetes.io/docs/concepts/cluster-administration/logging): they are logs of pods.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.bundle.layouts.base import ForeignMapping, Place
from analyzer.bundle.layouts.node_folder import canonical, holds_credentials, kept, node_file
from analyzer.bundle.layouts.pod_logs import last_runs
from analyzer.bundle.stamps import Stamp, of_date, of_name

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
#: Listings over the whole cluster.
_KUBECTL_ALL = re.compile(
    r"sos_commands/kubernetes/cluster-info/kubectl_(?:[^/]*_)?get_-o_json_(?P<plural>nodes|sc|pv)"
)
_WHOLE = {
    "nodes": "core/nodes",
    "pv": "core/persistentvolumes",
    "sc": "storage.k8s.io/storageclasses",
}
_INSTANCE = "sos_commands/azure/instance_metadata.json"
_DATE = "sos_commands/date/date_--utc"
_PLURALS = {
    "pods": "core/pods",
    "services": "core/services",
    "events": "core/events",
    "deployments": "apps/deployments",
    "daemonsets": "apps/daemonsets",
    "replicasets": "apps/replicasets",
    "statefulsets": "apps/statefulsets",
    "jobs": "batch/jobs",
    "cronjobs": "batch/cronjobs",
    "endpoints": "core/endpoints",
    "configmaps": "core/configmaps",
    "pvc": "core/persistentvolumeclaims",
    "ingresses": "networking.k8s.io/ingresses",
    "limitranges": "core/limitranges",
    "resourcequotas": "core/resourcequotas",
}


@dataclass(frozen=True, slots=True)
class AksNodeLogsMapping(ForeignMapping):
    """The files of one node, below one folder or none. ``runs`` is the last run by container."""

    layout: str = "aks-node-logs"
    runs: Mapping[str, int] = field(default_factory=dict)

    def place(self, name: str) -> Place | None:
        """Map a file; those without a row stay searchable below ``files/``."""
        rel = self.inner(name)
        return node_file(self.node, rel, canonical(rel), self.runs) if rel else None

    def beside(self, name: str) -> Place | None:
        """Keep older pieces of a log (``syslog.1``) among the files without a row."""
        rel = self.inner(name)
        return Place(f"nodes/{self.node}", kept(rel)) if rel else None

    def refused(self, name: str) -> str:
        """Say that a file holds credentials."""
        return "holds credentials; not read" if holds_credentials(self.inner(name)) else ""

    def holds(self, path: str) -> bool:
        """Files of the node, and logs of its pods."""
        return path.startswith(("nodes/", "cluster/logs/"))


class AksNodeLogsLayout:
    """Recognises the folder ``collect`` of the AKS log collector."""

    def match(self, names: Sequence[str], label: str) -> AksNodeLogsMapping | None:
        """Look at the root or one folder down."""
        for name in names:
            if found := _COLLECT.fullmatch(name):
                root = found["root"]
                node = root.rstrip("/") or label
                host = next((n for n in names if n == f"{root}etc/HOSTNAME"), f"{root}etc/hostname")
                runs = last_runs(n[len(root) :] for n in names if n.startswith(root))
                return AksNodeLogsMapping(root, node=node, names_node=host, runs=runs)
        return None


@dataclass(frozen=True, slots=True)
class SosMapping(AksNodeLogsMapping):
    """The report of one machine."""

    layout: str = "sos"

    def place(self, name: str) -> Place | None:
        """Map commands and copied files of the node, and what its kubectl could list."""
        rel = self.inner(name)
        if "/" not in rel or rel.startswith(("sos_reports/", "sos_logs/", "sos_strings/")):
            return None  # what lies at the root are links into the folders
        if found := _KUBECTL.fullmatch(rel):
            resource = _PLURALS.get(found["plural"])
            path = f"resources/{resource}/{found['ns']}.json"
            return Place("cluster", path) if resource else None
        if found := _KUBECTL_ALL.fullmatch(rel):
            return Place("cluster", f"resources/{_WHOLE[found['plural']]}.json")
        if rel == _INSTANCE:
            return Place(f"nodes/{self.node}", "azure/instance.json", how="compute")
        item = canonical(rel, "sos") or canonical(rel)
        return node_file(self.node, rel, item, self.runs)

    def tells_time(self, name: str) -> bool:
        """What date(1) said."""
        return self.inner(name) == _DATE

    def time_in(self, name: str, data: bytes) -> Stamp | None:
        """The time that it said."""
        return of_date(data.decode("utf-8", "replace"), f"file {_DATE}")

    def holds(self, path: str) -> bool:
        """Files of the node, logs of its pods, and what its kubectl could list."""
        return path.startswith(("nodes/", "cluster/logs/", "cluster/resources/"))


class SosLayout:
    """Recognises the folders of a sos report."""

    def match(self, names: Sequence[str], label: str) -> SosMapping | None:
        """Look at the root or one folder down; the folder's name tells the host."""
        for name in names:
            if found := _SOS.fullmatch(name):
                root = found["root"]
                folder = root.rstrip("/") or label
                return SosMapping(
                    root,
                    node=_sos_host(folder),
                    names_node=f"{root}sos_commands/host/hostname",
                    stamp=of_name(folder),
                    runs=last_runs(n[len(root) :] for n in names if n.startswith(root)),
                )
        return None


def _sos_host(folder: str) -> str:
    found = _SOS_FOLDER.match(folder)
    host = found["host"] if found else folder
    node = _AKS_NODE.match(host)
    return node[0] if node else host
