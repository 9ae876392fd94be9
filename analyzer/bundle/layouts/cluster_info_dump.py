"""``kubectl cluster-info dump --output-directory``: lists by namespace, and logs by pod.

Source of the layout: kubectl, ``pkg/cmd/clusterinfo/clusterinfo_dump.go``: ``nodes.<ext>`` at the
root, ``<namespace>/<kind>.<ext>`` for seven kinds, ``<namespace>/<pod>/logs.txt`` with the logs of
all containers between banners.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.bundle.layouts.base import Place

#: Name in the dump, and ``<group>/<resource>`` of the canonical path.
_KINDS = {
    "events": "core/events",
    "replication-controllers": "core/replicationcontrollers",
    "services": "core/services",
    "pods": "core/pods",
    "daemonsets": "apps/daemonsets",
    "deployments": "apps/deployments",
    "replicasets": "apps/replicasets",
}
_LIST = re.compile(rf"(?P<root>.*/)?(?P<ns>[^/]+)/(?P<kind>{'|'.join(_KINDS)})\.(?:json|ya?ml)")
_NODES = re.compile(r"(?P<root>.*/)?nodes\.(?:json|ya?ml)")
_HELD = re.compile(
    rf"cluster/(?:resources/(?:core/nodes|(?:{'|'.join(_KINDS.values())})/[^/]+)\.(?:json|ya?ml)"
    r"|logs/[^/]+/[^/]+/[^/]+\.log)"
)


@dataclass(frozen=True, slots=True)
class ClusterInfoDumpMapping:
    """``root`` is the folder of the dump, with its slash; empty where it is the bundle itself."""

    root: str
    layout: str = "cluster-info-dump"
    format: int = 0
    certain: bool = True

    def place(self, name: str) -> Place | None:
        """Map lists and logs to the API server view."""
        if not name.startswith(self.root):
            return None
        parts = name[len(self.root) :].split("/")
        stem, _, suffix = parts[-1].rpartition(".")
        if suffix not in ("json", "yaml", "yml"):
            is_log = len(parts) == 3 and parts[2] == "logs.txt"
            pod = "/".join(parts[:2])
            return Place("cluster", f"logs/{pod}/", how="sections") if is_log else None
        if len(parts) == 1 and stem == "nodes":
            return Place("cluster", f"resources/core/nodes.{suffix}")
        if len(parts) == 2 and stem in _KINDS:
            return Place("cluster", f"resources/{_KINDS[stem]}/{parts[0]}.{suffix}")
        return None

    def beside(self, name: str) -> Place | None:
        """Nowhere: it is a double."""
        return None

    def refused(self, name: str) -> str:
        """Nothing: the dump holds no Secrets."""
        return ""

    def holds(self, path: str) -> bool:
        """Tell whether a dump can hold this; no previous logs, ConfigMaps or custom resources."""
        return bool(_HELD.match(path)) and not path.endswith(".previous.log")


class ClusterInfoDumpLayout:
    """Recognises a namespace folder with two of the lists, or ``nodes`` beside one."""

    def match(self, names: Sequence[str], label: str) -> ClusterInfoDumpMapping | None:
        """Look at the root or one folder down; deeper finds are other tools' folders."""
        kinds: dict[str, set[str]] = defaultdict(set)
        roots: dict[str, str] = {}
        with_nodes: set[str] = set()
        for name in names:
            if found := _LIST.fullmatch(name):
                root = found["root"] or ""
                folder = f"{root}{found['ns']}"
                kinds[folder].add(found["kind"])
                roots[folder] = root
            elif found := _NODES.fullmatch(name):
                with_nodes.add(found["root"] or "")
        for folder in sorted(kinds):
            root = roots[folder]
            if f"{folder}/" in with_nodes:
                continue  # lists of the whole cluster in one folder: no namespace has nodes
            if root.count("/") <= 1 and (len(kinds[folder]) > 1 or root in with_nodes):
                return ClusterInfoDumpMapping(root)
        return None
