"""Single files that tell by their content what they are: output of ``az``, of ``kubectl get``,
``kubectl describe node``, and ``kubectl cluster-info dump`` as one text.

Source of the resource types: Azure Resource Manager, "resource providers and types"
(learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types).
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from dataclasses import dataclass, replace
from typing import Any

from analyzer.bundle.described import describes_nodes
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


def recognise_file(data: bytes, name: str = "") -> OneFileMapping | None:
    """Say what a single file is; None where nobody can tell.

    ``name`` is that of the file: of an empty list nothing else tells what it is a list of.
    """
    text = data.removeprefix(BOM_UTF8)
    mapping = _recognised(text, name)
    if mapping is not None and not mapping.at.how and text is not data:
        return replace(mapping, at=replace(mapping.at, how="marked"))
    return mapping


def _recognised(data: bytes, name: str) -> OneFileMapping | None:
    if BANNER in data or _NEXT_OBJECT.search(data[: 64 * 1024 * 1024]):
        dump = Place("cluster", "", how="dump")
        return OneFileMapping("", layout="cluster-info-dump", at=dump)
    start = data.lstrip()[:1]
    if start in (b"{", b"["):
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            return None
        known = _kubernetes(document) or _version(document) or _azure(document)
        return known or _by_name(document, name)
    if describes_nodes(data):
        at = Place("cluster", "resources/core/nodes.json", how="describe-node", selection=True)
        return OneFileMapping("", layout="kubectl-output", at=at)
    return _kubernetes_yaml(data)


def _version(document: object) -> OneFileMapping | None:
    """``kubectl version -o json``, or what the API server answers at ``/version``."""
    if not isinstance(document, dict):
        return None
    if isinstance(document.get("serverVersion"), dict):
        at = Place("cluster", "version.json", how="server-version")
    elif isinstance(document.get("gitVersion"), str) and "platform" in document:
        at = Place("cluster", "version.json")
    else:
        return None
    return OneFileMapping("", layout="kubectl-output", at=at)


def _azure(document: object) -> OneFileMapping | None:
    """Output of ``az``, or an answer of ARM, which holds its rows as ``value``."""
    wrapped = isinstance(document, dict) and isinstance(document.get("value"), list)
    rows = document["value"] if wrapped and isinstance(document, dict) else document
    rows = rows if isinstance(rows, list) else [rows]
    first = rows[0] if rows else None
    if not isinstance(first, dict):
        return None
    kinds = {_type_of(row) for row in rows if isinstance(row, dict)}
    export = _EXPORTS.get(kinds.pop()) if len(kinds) == 1 else None
    if "eventTimestamp" in first and "operationName" in first:
        export = "activity-log"
    elif export is None and "nodeResourceGroup" in first and "networkProfile" in first:
        export = "managed-cluster"
    elif export is None and {"vmSize", "orchestratorVersion"} <= first.keys():
        export = "agent-pools"
    elif export is None and {"homeTenantId", "environmentName", "state"} <= first.keys():
        export = "account"
    if export is None:
        return None
    alone = isinstance(document, dict) and export not in ("managed-cluster", "account")
    how = "value" if wrapped else "as-list" if alone else ""
    at = Place("azure", f"{export}.json", how=how)
    return OneFileMapping("", layout="azure-export", at=at)


def _type_of(row: dict[str, Any]) -> str:
    """Return a resource's type in lower case: as it says, else as its id does."""
    named, path = row.get("type"), row.get("id")
    if isinstance(named, str) and named.lower() in _EXPORTS:
        return named.lower()
    _, found, rest = str(path).lower().rpartition("/providers/")
    steps = rest.split("/") if found else []
    return "/".join([*steps[:1], *steps[1::2]]) if steps else str(named).lower()


def _by_name(document: object, name: str) -> OneFileMapping | None:
    """A list of rows, be it empty, in a file that is called like an export of our own."""
    stem = name.removesuffix(".json")
    if not isinstance(document, list) or stem not in (*_EXPORTS.values(), "activity-log"):
        return None
    if not all(isinstance(row, dict) and "kind" not in row for row in document):
        return None
    return OneFileMapping("", layout="azure-export", at=Place("azure", f"{stem}.json"))


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
