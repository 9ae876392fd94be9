"""Instructions with this cluster's own names in their commands, where the bundle tells them.

Rules write ``<cluster>`` or ``NAME`` where a name belongs; a reader in a hurry wants a command that
runs as it stands. What is not known, or no plain word for a shell, stays a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.facts.azure import AzureExports
from analyzer.facts.command_words import plain
from analyzer.facts.facts import Facts
from analyzer.facts.listings import Nodes
from analyzer.model.gap import NotCollected
from analyzer.model.subject import Subject

_PLACEHOLDER = re.compile(
    r"<(?:cluster|resource group|node resource group|region"
    r"|version|pool|node|namespace|pod|kind|name|nsg|vmss)>"
    r"|(?<![A-Za-z<-])(?:NODE|NAMESPACE|NAME|POD|VERSION)(?![A-Za-z>-])"
)
_WORD_BEFORE = re.compile(r"(?P<word>[a-z]+)>?[ /]\Z")
#: Short names of kinds, and the verb that only one kind knows.
_KINDS = {
    "pdb": "poddisruptionbudget",
    "crd": "customresourcedefinition",
    "approve": "certificatesigningrequest",
}
#: The node resource group as AKS names it, where nobody chose another name: group, cluster, region
#: (https://learn.microsoft.com/azure/aks/faq). With more parts than these nothing can be told.
_NODE_GROUP = re.compile(r"(?i:MC)_(?P<group>[^_]+)_(?P<cluster>[^_]+)_(?P<region>[^_]+)\Z")
_GROUP_IN_ID = re.compile(r"/resourceGroups/(?P<group>[^/]+)/", re.IGNORECASE)
_NODE_GROUP_LABEL = "kubernetes.azure.com/cluster"
#: A node of a scale set: the set's name and six characters for the instance.
_SCALE_SET = re.compile(r"(?P<set>.+vmss)[0-9a-z]{6}\Z")


@dataclass(frozen=True, slots=True)
class ClusterNames:
    """Placeholder → name, for what is the same in all instructions of a bundle."""

    known: Mapping[str, str] = field(default_factory=dict)


def cluster_names(facts: Facts) -> ClusterNames:
    """Names from the ARM export of the cluster, else from the label that AKS puts on nodes."""
    known = _from_label(facts.of(Nodes)) | _from_export(facts.azure)
    known["<region>"] = facts.identity.location or ""
    known["<version>"] = known["VERSION"] = facts.identity.kubernetes_version or ""
    return ClusterNames({key: name for key, name in known.items() if plain(name)})


def with_names(text: str, subject: Subject, affects: Sequence[Subject], names: ClusterNames) -> str:
    """The instruction with every placeholder that is known filled in."""
    if not _PLACEHOLDER.search(text):
        return text
    known = dict(names.known) | _of_subject(subject, affects)

    def filled(match: re.Match[str]) -> str:
        if match[0] in ("<name>", "NAME") and not _is_of(text[: match.start()], subject):
            return match[0]
        return known.get(match[0], match[0])

    return _PLACEHOLDER.sub(filled, text)


def _is_of(before: str, subject: Subject) -> bool:
    """True where the word before a name is the subject's own kind: ``edit pdb NAME``."""
    match = _WORD_BEFORE.search(before)
    word = match["word"] if match else ""
    return word == "kind" or _KINDS.get(word, word) == subject.kind.lower()


def _from_export(azure: AzureExports) -> dict[str, str]:
    try:
        document = azure.get("managed-cluster")
    except NotCollected:
        return {}
    if not isinstance(document, dict):
        return {}
    group = _GROUP_IN_ID.search(str(document.get("id") or ""))
    found = {
        "<cluster>": document.get("name"),
        "<resource group>": document.get("resourceGroup") or (group["group"] if group else None),
        "<node resource group>": document.get("nodeResourceGroup"),
    }
    return {key: value for key, value in found.items() if isinstance(value, str) and value}


def _from_label(nodes: Nodes) -> dict[str, str]:
    """Nodes of one cluster carry one value; more than one tells nothing."""
    values = {node.metadata.labels.get(_NODE_GROUP_LABEL, "") for node in nodes.items} - {""}
    if len(values) != 1:
        return {}
    group = values.pop()
    found = {"<node resource group>": group}
    if parts := _NODE_GROUP.match(group):
        found |= {"<resource group>": parts["group"], "<cluster>": parts["cluster"]}
    return found


def _of_subject(subject: Subject, affects: Sequence[Subject]) -> dict[str, str]:
    """What the finding is about; the first of several affected ones stands for all."""
    nodes = [s.name for s in (subject, *affects) if s.kind == "Node"]
    nodes += [s.node for s in (subject, *affects) if s.node]
    pods = [s for s in (subject, *affects) if s.kind == "Pod"]
    sets = {match["set"] for name in nodes if (match := _SCALE_SET.match(name))}
    found = {
        "<node>": nodes[0] if nodes else "",
        "<pod>": pods[0].name if pods else "",
        "<namespace>": subject.namespace or (pods[0].namespace or "" if pods else ""),
        "<pool>": subject.name if subject.kind == "NodePool" else "",
        "<vmss>": sets.pop() if len(sets) == 1 else "",
        "<kind>": subject.kind.lower(),
        "<name>": subject.name,
        "<nsg>": subject.name if subject.kind == "NetworkSecurityGroup" else "",
    }
    upper = {
        "NODE": found["<node>"],
        "POD": found["<pod>"],
        "NAMESPACE": found["<namespace>"],
        "NAME": subject.name,
    }
    return {key: name for key, name in (found | upper).items() if plain(name)}
