"""aks-periscope: one zip a node, or the blobs of a run as folders, one a node.

Source of the layout: Azure/aks-periscope, ``pkg/exporter`` and ``pkg/collector``. The zip has
``<collector>/<key>``; the blobs have ``<run>/<node>/<key>`` and the same zip beside them. Its
connection tests go to port 80 from a pod: they are no probes of what nodes need, and only kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.bundle.layouts.base import ForeignMapping, Place

_RESOLVER = "network/resolv.conf"
#: Keys by collector; those of the blobs are the same without it.
_KEYS = {
    ("kubeletcmd", "kubeletcmd"): "kubelet/flags",
    ("systemlogs", "kubelet"): "kubelet/journal.log",
    ("dns", "virtualmachine"): _RESOLVER,
    ("iptables", "iptables"): "files/iptables",
    ("networkoutbound", "Internet"): "files/outbound-internet",
    ("networkoutbound", "AKS API Server"): "files/outbound-api-server",
    ("networkoutbound", "Azure Container Registry"): "files/outbound-azure-registry",
    ("networkoutbound", "Microsoft Container Registry"): "files/outbound-microsoft-registry",
}
_NODE_LOG = re.compile(r"var_log_(?:azure_)?(?P<name>[^/]+\.log)")
#: A folder of a run or a zip holds these; no other tool names files like that.
_MARKS = frozenset({"kubeletcmd", "virtualmachine", "networkconfig", "nodelogs", "networkoutbound"})


@dataclass(frozen=True, slots=True)
class PeriscopeMapping(ForeignMapping):
    """``blobs``: the files lie as ``…/<node>/<key>``, else as ``<collector>/<key>`` of one node."""

    layout: str = "aks-periscope"
    blobs: bool = False

    def place(self, name: str) -> Place | None:
        """Map journals, flags, the resolver, probes and logs of nodes."""
        parts = name.split("/")
        if len(parts) < 2:
            return None
        node = parts[-2] if self.blobs else self.node
        collector, key = ("" if self.blobs else parts[-2]), parts[-1]
        for (where, named), item in _KEYS.items():
            if key == named and collector in ("", where):
                how = "resolver" if item == _RESOLVER else ""
                return Place(f"nodes/{node}", item, how=how)
        if collector in ("", "nodelogs") and (found := _NODE_LOG.fullmatch(key)):
            return Place(f"nodes/{node}", f"azure/{found['name']}")
        return None

    def holds(self, path: str) -> bool:
        """Files of nodes alone."""
        return path.startswith("nodes/")


class PeriscopeLayout:
    """Recognises the collectors' folders, or a node's folder with two of their keys."""

    def match(self, names: Sequence[str], label: str) -> PeriscopeMapping | None:
        """Look for the keys; a node's folder stands right above them."""
        seen: dict[str, set[str]] = {}
        for name in names:
            folder, _, key = name.rpartition("/")
            collector = folder.rpartition("/")[2]
            if (collector, key) in _KEYS and collector in _MARKS:
                return PeriscopeMapping("", node=_node(folder, label))
            if folder and key in _MARKS:
                seen.setdefault(folder, set()).add(key)
                if len(seen[folder]) > 1:
                    return PeriscopeMapping("", blobs=True)
        return None


def _node(folder: str, label: str) -> str:
    """Return the folder above the collectors' ones; the archive's own name where there is none."""
    above = folder.rpartition("/")[0].rpartition("/")[2]
    return above or label
