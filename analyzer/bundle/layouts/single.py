"""Single files that tell by their content what they are: output of ``az``, of ``kubectl get``, and
``kubectl cluster-info dump`` as one text.

Source of the resource types: Azure Resource Manager, "resource providers and types"
(learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from analyzer.bundle.layouts.base import ForeignMapping, Place
from analyzer.bundle.layouts.kinds import RESOURCES

BANNER = b"==== START logs for container "
#: ARM type in lower case, and the export that a list of such resources is.
_EXPORTS = {
    "microsoft.containerservice/managedclusters": "managed-cluster",
    "microsoft.containerservice/managedclusters/agentpools": "agent-pools",
    "microsoft.compute/virtualmachinescalesets": "vmss",
    "microsoft.compute/virtualmachinescalesets/virtualmachines": "vmss-instances",
    "microsoft.compute/virtualmachinescalesets/extensions": "vmss-extensions",
    "microsoft.network/networksecuritygroups": "nsg",
    "microsoft.network/routetables": "route-tables",
    "microsoft.network/loadbalancers": "load-balancers",
    "microsoft.network/virtualnetworks": "vnets",
    "microsoft.features/providers/features": "features",
}
_YAML_KIND = re.compile(rb"(?m)^kind: (\w+)\s*$")
_ITEM_KIND = re.compile(rb"(?m)^  kind: (\w+)\s*$")
_NEXT_OBJECT = re.compile(rb"\n\}\s*\{")


_NOWHERE = Place("")


@dataclass(frozen=True, slots=True)
class OneFileMapping(ForeignMapping):
    """One file with its place."""

    layout: str = ""
    at: Place = _NOWHERE

    def place(self, name: str) -> Place | None:
        """The file itself."""
        return self.at

    def holds(self, path: str) -> bool:
        """What the file is."""
        return path.startswith(f"{self.at.part}/{self.at.rel}")


def recognise_file(data: bytes) -> OneFileMapping | None:
    """Say what a single file is; None where nobody can tell."""
    if BANNER in data or _NEXT_OBJECT.search(data[: 64 * 1024 * 1024]):
        dump = Place("cluster", "", how="dump")
        return OneFileMapping("", layout="cluster-info-dump", at=dump)
    start = data.lstrip()[:1]
    if start in (b"{", b"["):
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            return None
        return _kubernetes(document) or _azure(document)
    return _kubernetes_yaml(data)


def _azure(document: object) -> OneFileMapping | None:
    rows = document if isinstance(document, list) else [document]
    first = rows[0] if rows else None
    if not isinstance(first, dict):
        return None
    kind = first.get("type")
    export = _EXPORTS.get(kind.lower()) if isinstance(kind, str) else None
    if "eventTimestamp" in first and "operationName" in first:
        export = "activity-log"
    elif export is None and "nodeResourceGroup" in first and "networkProfile" in first:
        export = "managed-cluster"
    if export is None:
        return None
    alone = isinstance(document, dict) and export != "managed-cluster"
    at = Place("azure", f"{export}.json", how="as-list" if alone else "")
    return OneFileMapping("", layout="azure-export", at=at)


def _kubernetes(document: object) -> OneFileMapping | None:
    """A list or object of ``kubectl get -o json``: how it was filtered cannot be told."""
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        return None
    kind = document["kind"]
    kinds = {kind.removesuffix("List")}
    if isinstance(items := document.get("items"), list):
        named = {item.get("kind") for item in items if isinstance(item, dict)}
        kinds = {one for one in named if isinstance(one, str)} or kinds
    return _listing(kinds, "json")


def _listing(kinds: set[str], suffix: str) -> OneFileMapping | None:
    known = sorted(kind for kind in kinds if kind in RESOURCES)
    if not known:
        return None
    if len(known) == 1:
        at = Place("cluster", f"resources/{RESOURCES[known[0]]}.{suffix}", selection=True)
    elif suffix == "json":
        at = Place("cluster", "", how="kinds", selection=True)
    else:
        return None
    return OneFileMapping("", layout="kubectl-output", at=at)


def _kubernetes_yaml(data: bytes) -> OneFileMapping | None:
    head = _YAML_KIND.search(data)
    if head is None or b"apiVersion:" not in data:
        return None
    kind = head[1].decode("ascii")
    items = {found.decode("ascii") for found in _ITEM_KIND.findall(data)}
    kinds = items if kind.endswith("List") and items else {kind.removesuffix("List")}
    return _listing(kinds, "yaml")
