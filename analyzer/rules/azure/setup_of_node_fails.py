"""The set-up of a node's machine fails.

What it means:
  A machine of a pool was made, and the script or extension with which AKS turns it into a node
  ended with an error.
Why it matters:
  The machine does not become a node, or becomes one without parts that AKS needs on it; scaling,
  upgrades and repairs of the pool fail.
How we know:
  The state of the extensions in the instance view of every machine. The exit code of AKS's script
  says what it ran into: 50 to 53 mean that the node reached neither the internet nor the API
  server or could not resolve names; 41 and others that a download failed. A
  machine that became a ready node nevertheless is told as minor.
What to do:
  customer: For exit codes 50 to 53 open the way out that AKS needs (firewall, route table, network
    security group, DNS server); then delete the machine (az aks nodepool delete-machines) or
    upgrade the node image.
  microsoft: See the provisioning log of the machine (/var/log/azure/cluster-provision.log).
References:
  - Exit codes of the set-up: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/error-codes/vmextensionerror-outboundconnfail
  - Outbound rules: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.listings import Nodes
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._sets import inside, node_sets, rows_of, set_name, tell

RULE = Rule(
    id="AKS-IAAS-006",
    title="The set-up of a node's machine fails",
    component="node-provisioning",
    clauses=("NODE-10", "NODE-01", "NET-02"),
    signals=frozenset({Signal.NODE_HOST, Signal.UNHEALTHY}),
)

#: Exit codes of AKS's script that tell of the way out (AgentBaker cse_helpers.sh).
NO_WAY_OUT = {
    "50": "nothing outside can be reached",
    "51": "the API server cannot be reached",
    "52": "the name of the API server cannot be resolved",
    "53": "the name of the API server cannot be resolved by Azure's DNS",
}
_EXIT = re.compile(r"exit (?:status|code)\W{0,3}(?P<code>\d{1,3})\b", re.IGNORECASE)
_OWN = frozenset({"vmsscse", "akslinuxextension"})


@dataclass(frozen=True, slots=True)
class _Failed:
    instance: str
    pool: Subject
    extension: str
    code: str
    text: str
    where: EvidenceRef
    joined: bool


def check(azure: AzureExports | None, nodes: Nodes | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    sets = node_sets(rows_of(exports, "vmss", []), nodes)
    ready = {n.name.lower() for n in (nodes.items if nodes is not None else ()) if n.ready}
    for row in rows_of(exports, "vmss-instances", missing):
        group = sets.get(set_name(row))
        if group is not None:
            for failed in _failed(row, group.subject, ready, exports):
                yield _hit(failed)
    tell(missing)


def _failed(
    row: Mapping[str, Any], pool: Subject, ready: set[str], azure: AzureExports
) -> Iterator[_Failed]:
    name = str(inside(row, "osProfile", "computerName") or row.get("name") or "")
    for extension in inside(row, "instanceView", "extensions") or ():
        own = str(inside(extension, "name") or "")
        for status in inside(extension, "statuses") or ():
            code = str(inside(status, "code") or "")
            if code.lower().startswith("provisioningstate/failed") and own.lower() in _OWN:
                text = str(inside(status, "message") or "")
                where = azure.where("vmss-instances", name, f"name: {own}", f"code: {code}")
                match = _EXIT.search(text)
                exit_code = match["code"] if match else ""
                yield _Failed(name, pool, own, exit_code, text, where, name.lower() in ready)


def _hit(failed: _Failed) -> Hit:
    way_out = NO_WAY_OUT.get(failed.code)
    means = f" with exit code {failed.code}" if failed.code else ""
    why = f": {way_out}" if way_out else ""
    signal = Signal.EGRESS_BLOCKED if way_out else Signal.CHANGE_NOT_CHECKED
    said = " ".join(failed.text.split())[:300]
    return Hit(
        subject=failed.pool,
        title=f"The set-up of machines of {failed.pool.name} fails{means}",
        saw=f"{failed.extension} of {failed.instance} failed{means}{why}. It says: {said}",
        expected="AKS's extensions end with success on every machine.",
        evidence=(failed.where,),
        variant="joined" if failed.joined else "no-way-out" if way_out else "default",
        group=f"{failed.pool.key}|{failed.extension}|{failed.code}|{failed.joined}",
        signals=frozenset({signal}),
        affects=(Subject(kind="Node", name=failed.instance),),
        produces=frozenset({"no-egress"}) if way_out and not failed.joined else frozenset(),
    )
