"""VM extensions on the nodes: AKS's own, those that Azure's services put there, and others.

AKS's: https://learn.microsoft.com/azure/aks/support-policies names the custom script; the publisher
``Microsoft.AKS`` has the others (``Compute.AKS.Linux.AKSNode``, ``Compute.AKS.Linux.Billing`` and
the like for Windows: Azure/karpenter-provider-azure, and node pools in public exports). Services of
Azure add theirs by policy (github.com/Azure/azure-policy, built-in-policies): Azure Monitor,
Defender for Cloud, guest configuration, attestation, change tracking; patching
(``Microsoft.CPlat.Core``, and ``Microsoft.SoftwareUpdateManagement`` of Azure Update Manager, see
https://learn.microsoft.com/azure/update-manager), run command and proxy agents come with Azure's
operations. Others of Microsoft's (diagnostics, key vault, VM access, backup) are Microsoft's
software, and somebody in the subscription has to ask for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.node_files import NodeArchives, TextFile
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap
from analyzer.rules.azure._sets import inside, rows_of, set_name

_OF_AKS = frozenset({"microsoft.aks"})
_OF_AZURE = frozenset(
    {
        "microsoft.azure.security.monitoring", "microsoft.azure.monitor",
        "microsoft.guestconfiguration", "microsoft.azure.azuredefenderforservers",
        "microsoft.azure.security.linuxattestation", "microsoft.azure.security.windowsattestation",
        "microsoft.azure.changetrackingandinventory", "microsoft.azure.monitoring.dependencyagent",
        "microsoft.enterprisecloud.monitoring", "microsoft.azure.geneva",
        "microsoft.azure.networkwatcher", "microsoft.azure.security", "qualys",
        "microsoft.azure.activedirectory", "microsoft.cplat.core", "microsoft.cplat.proxyagent",
        "microsoft.managedservices", "microsoft.hpccompute", "microsoft.softwareupdatemanagement",
    }
)  # fmt: skip
KNOWN = _OF_AKS | _OF_AZURE
_SCRIPTS = frozenset({"customscript", "customscriptextension", "customscriptforlinux"})
_SCRIPT_PUBLISHERS = frozenset(
    {"microsoft.azure.extensions", "microsoft.compute", "microsoft.ostcextensions"}
)
#: The names of AKS's own custom script: scale sets, availability sets, auto-provisioned VMs.
_OWN_SCRIPT = re.compile(
    r"^(?:vmsscse|cse-?(?:agent|master)?-?\w*|(?:windows-)?cse-agent-karpenter)$"
)
#: Settings of a script that AKS passes protected only.
_OPEN_SETTINGS = ("commandToExecute", "fileUris", "script")
_HANDLER = re.compile(r"^(?P<type>.+?)-\d[\d.]*$")


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension of one scale set (in lower case), or on one node by its archive."""

    holder: str
    name: str
    kind: str
    script: bool
    settings: Mapping[str, Any]
    where: EvidenceRef

    @property
    def own_script(self) -> bool:
        """True for the custom script by which AKS sets nodes up."""
        return self.script and bool(_OWN_SCRIPT.match(self.name.lower()))

    @property
    def altered(self) -> bool:
        """True where AKS's script has settings that AKS never shows in the open."""
        linux = self.kind.lower().startswith("microsoft.azure.extensions.")
        return self.own_script and linux and any(self.settings.get(k) for k in _OPEN_SETTINGS)

    @property
    def strange(self) -> bool:
        """True for an extension that neither AKS nor a service of Azure puts on nodes."""
        if self.script:
            return not self.own_script
        kind = self.kind.lower()
        return not any(kind.startswith(f"{publisher}.") for publisher in KNOWN)

    @property
    def of_microsoft(self) -> bool:
        """True for software of Microsoft's that neither AKS nor a policy of Azure's puts there."""
        return self.strange and not self.script and self.kind.lower().startswith("microsoft.")


def extensions(azure: AzureExports, missing: list[Gap]) -> tuple[Extension, ...]:
    """All extensions of the scale sets, from their own export, else from the sets' models."""
    gaps: list[Gap] = []
    rows = [(set_name(row), row) for row in rows_of(azure, "vmss-extensions", gaps)]
    export = "vmss-extensions"
    if gaps:
        export = "vmss"
        more: list[Gap] = []
        for group in rows_of(azure, "vmss", more):
            listed = inside(group, "virtualMachineProfile", "extensionProfile", "extensions")
            rows += [(str(group.get("name")), row) for row in listed or () if isinstance(row, dict)]
        missing.extend(gaps if more else ())
    return tuple(_extension(holder, row, azure, export) for holder, row in rows)


def strange_sets(azure: AzureExports) -> frozenset[str]:
    """Scale sets with an extension that is not known: another rule tells of those."""
    return frozenset(e.holder for e in extensions(azure, []) if e.strange)


def on_nodes(archives: NodeArchives | None) -> Iterator[Extension]:
    """Extensions as the nodes' own agents list them; custom scripts all look alike there."""
    for node in archives or ():
        file = node.files.get("azure/extensions")
        for number, cells in _cells(file):
            match = _HANDLER.match(cells[1])
            kind = match["type"] if match else cells[1]
            if "." in kind and kind.rsplit(".", 1)[-1].lower() not in _SCRIPTS and file is not None:
                where = file.at(number, what=f"extension {cells[0]} on {node.node}")
                yield Extension(node.node, cells[0], kind, False, {}, where)


def _cells(file: TextFile | None) -> Iterator[tuple[int, list[str]]]:
    for number, line in file.lines() if file is not None else ():
        cells = line.split("\t")
        if number > 1 and len(cells) >= 2:
            yield number, cells


def _extension(holder: str, row: Mapping[str, Any], azure: AzureExports, export: str) -> Extension:
    name, publisher = str(row.get("name") or ""), str(row.get("publisher") or "")
    kind = next(
        (str(row[k]) for k in ("typePropertiesType", "type") if "/" not in str(row.get(k) or "/")),
        "",
    )
    settings = row.get("settings")
    script = kind.lower() in _SCRIPTS and publisher.lower() in _SCRIPT_PUBLISHERS
    return Extension(
        holder.lower(),
        name,
        f"{publisher}.{kind}",
        script,
        settings if isinstance(settings, dict) else {},
        azure.where(export, f"name: {name}", what=f"extension {name} of {holder}"),
    )
