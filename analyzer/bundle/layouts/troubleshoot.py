"""``support-bundle`` of troubleshoot.sh: listings by kind and namespace, and logs of pods.

Source of the layout: replicatedhq/troubleshoot, ``pkg/constants/constants.go`` and
``pkg/collect/cluster_resources.go``; older bundles have bare arrays in place of lists. What
``host-collectors`` hold counts only where they ran on a named node: without one it is the machine
of whoever collected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.bundle.layouts.base import ForeignMapping, Place
from analyzer.bundle.layouts.node_folder import canonical
from analyzer.bundle.stamps import Stamp, of_go, of_name

_TOP = "cluster-resources"
#: Folders of ``cluster-resources``: one file a namespace.
_NAMESPACED = {
    "pods": "core/pods",
    "services": "core/services",
    "endpoints": "core/endpoints",
    "events": "core/events",
    "configmaps": "core/configmaps",
    "serviceaccounts": "core/serviceaccounts",
    "limitranges": "core/limitranges",
    "resource-quota": "core/resourcequotas",
    "pvcs": "core/persistentvolumeclaims",
    "deployments": "apps/deployments",
    "daemonsets": "apps/daemonsets",
    "replicasets": "apps/replicasets",
    "statefulsets": "apps/statefulsets",
    "jobs": "batch/jobs",
    "cronjobs": "batch/cronjobs",
    "pod-disruption-budgets": "policy/poddisruptionbudgets",
    "network-policy": "networking.k8s.io/networkpolicies",
    "ingress": "networking.k8s.io/ingresses",
    "endpointslices": "discovery.k8s.io/endpointslices",
    "leases": "coordination.k8s.io/leases",
    "roles": "rbac.authorization.k8s.io/roles",
    "rolebindings": "rbac.authorization.k8s.io/rolebindings",
}
#: Files of ``cluster-resources``: one for the whole cluster.
_WHOLE = {
    "nodes": "core/nodes",
    "namespaces": "core/namespaces",
    "pvs": "core/persistentvolumes",
    "storage-classes": "storage.k8s.io/storageclasses",
    "volumeattachments": "storage.k8s.io/volumeattachments",
    "priorityclasses": "scheduling.k8s.io/priorityclasses",
    "ingress-classes": "networking.k8s.io/ingressclasses",
    "custom-resource-definitions": "apiextensions.k8s.io/customresourcedefinitions",
    "clusterroles": "rbac.authorization.k8s.io/clusterroles",
    "clusterrolebindings": "rbac.authorization.k8s.io/clusterrolebindings",
    "certificatesigningrequests": "certificates.k8s.io/certificatesigningrequests",
    "validating-webhook-configurations": (
        "admissionregistration.k8s.io/validatingwebhookconfigurations"
    ),
    "mutating-webhook-configurations": (
        "admissionregistration.k8s.io/mutatingwebhookconfigurations"
    ),
}
_RESOURCES = frozenset((*_NAMESPACED.values(), *_WHOLE.values()))
#: Some versions (0.118 is one) write the ReplicaSets into a folder of this name.
_REPLICASETS = "statefulsets-errors.json"
#: Output of host collectors on a node, and what it is called there.
_ON_NODE = {"kubelet": "kubelet/journal.log", "containerd": "containerd/journal.log"}
_SECRET = ("secrets/", "secrets-errors/", f"{_TOP}/image-pull-secrets/", "certificates/")


@dataclass(frozen=True, slots=True)
class TroubleshootMapping(ForeignMapping):
    """One bundle, below one folder or none."""

    layout: str = "troubleshoot"

    def place(self, name: str) -> Place | None:
        """Map listings, logs, kubelet statistics and the version."""
        parts = self.inner(name).split("/")
        if self.refused(name):
            return Place("", self.inner(name))
        if parts[0] == _TOP:
            return _resource(parts[1:])
        if parts[0] == "host-collectors" and len(parts) == 4:
            return _of_host(parts[1], parts[2], parts[3])
        if parts[0] == "sysctl" and len(parts) == 2:
            return Place(f"nodes/{parts[1]}", "host/sysctl", how="proc-sysctl")
        if parts == ["cluster-info", "cluster_version.json"]:
            return Place("cluster", "version.json", how="version")
        if len(parts) == 2 and parts[0] == "node-metrics" and parts[1].endswith(".json"):
            node = parts[1].removesuffix(".json")
            return Place("cluster", f"kubelet/{node}/stats-summary.json")
        return None

    def refused(self, name: str) -> str:
        """Say that a file may hold credentials."""
        inner = self.inner(name)
        return "may hold credentials; not read" if inner.startswith(_SECRET) else ""

    def tells_time(self, name: str) -> bool:
        """An error of a collector has the time at which it failed."""
        inner = self.inner(name)
        return inner.startswith(("collector-errors/", "host-collectors/errors/"))

    def time_in(self, name: str, data: bytes) -> Stamp | None:
        """The time in such a file."""
        return of_go(data.decode("utf-8", "replace"), f"time of an error in {self.inner(name)}")

    def holds(self, path: str) -> bool:
        """Listings of the known kinds, custom resources, logs."""
        return path.startswith(("cluster/resources/", "cluster/logs/", "cluster/version.json"))


def _resource(parts: list[str]) -> Place | None:
    """Place a file below ``cluster-resources``."""
    stem, _, suffix = parts[-1].rpartition(".")
    if parts[0] == "pods" and parts[1:2] == ["logs"]:
        return _log(parts[2:]) if len(parts) == 5 else None
    if suffix != "json":
        return None
    if len(parts) == 1 and (kind := stem.removesuffix("-errors")) != stem:
        resource = _NAMESPACED.get(kind) or _WHOLE.get(kind)
        return Place("cluster", f"resources/{resource}", how="refusals") if resource else None
    if len(parts) == 2 and parts[0] == _REPLICASETS:
        return Place("cluster", f"resources/apps/replicasets/{stem}.json")
    if len(parts) == 1 and stem in _WHOLE:
        return Place("cluster", f"resources/{_WHOLE[stem]}.json")
    if len(parts) == 2 and parts[0] in _NAMESPACED:
        return Place("cluster", f"resources/{_NAMESPACED[parts[0]]}/{stem}.json")
    if parts[0] == "custom-resources" and len(parts) in (2, 3):
        plural, _, group = (parts[1] if len(parts) == 3 else stem).partition(".")
        if group:
            namespace = f"/{stem}" if len(parts) == 3 else ""
            return Place("cluster", f"resources/{group}/{plural}{namespace}.json")
    return None


def _log(parts: list[str]) -> Place | None:
    namespace, pod, file = parts
    stem = file.removesuffix(".log")
    if stem == file:
        return None
    if (container := stem.removesuffix("-logs-errors")) != stem:
        return Place("cluster", f"logs/{namespace}/{pod}/{container}.log", how="refused-log")
    previous = stem.removesuffix("-previous")
    kind = "log" if previous == stem else "previous.log"
    return Place("cluster", f"logs/{namespace}/{pod}/{previous}.{kind}")


def _of_host(node: str, area: str, file: str) -> Place | None:
    """Place what a host collector found on a node that is named."""
    stem, _, suffix = file.rpartition(".")
    if suffix not in ("txt", "log") or stem.endswith(("-info", "-stderr")):
        return None
    if area == "journald":
        known = next((item for unit, item in _ON_NODE.items() if unit in stem), "")
        return Place(f"nodes/{node}", known or f"files/journald/{stem}.log")
    if area == "run-host":
        return Place(f"nodes/{node}", canonical(file) or f"files/{file}")
    return None


class TroubleshootLayout:
    """Recognises ``cluster-resources`` with a file that this tool writes there."""

    def match(self, names: Sequence[str], label: str) -> TroubleshootMapping | None:
        """Look at the root or one folder down."""
        for name in names:
            parts = name.split("/")
            for depth in (0, 1):
                top, below = parts[depth : depth + 1], parts[depth + 1 :]
                if top == [_TOP] and below and _resource(below) is not None:
                    root = "".join(f"{part}/" for part in parts[:depth])
                    stamp = of_name(root.rstrip("/")) or of_name(label)
                    return TroubleshootMapping(root, stamp=stamp)
        return None
