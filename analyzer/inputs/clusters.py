"""Whether several inputs show the same cluster: by its node resource group and its nodes.

Inputs whose clusters have different ids are refused when they are opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.bundle import Bundle
from analyzer.facts.azure import AzureExports
from analyzer.facts.facts import Facts
from analyzer.facts.listings import Nodes
from analyzer.model.gap import NotCollected

#: Canonical paths of the list of nodes.
_NODES = tuple(f"cluster/resources/core/nodes.{end}" for end in ("json", "yaml", "yml"))
_NODE_NAME = re.compile(rb'"?name"?:\s*"?((?:aks|ak)[a-z0-9-]*?-vmss[0-9a-z]{6})\b')
_GROUP = "kubernetes.azure.com/cluster"
#: Names that are told one by one.
_NAMED = 3


def clusters_apart(bundle: Bundle, facts: Facts) -> Iterator[str]:
    """Yield a sentence for each sign that inputs are of different clusters."""
    if len(bundle.inputs) < 2:
        return
    yield from _lists_of_nodes(bundle)
    yield from _archives(facts)
    yield from _resource_group(facts.azure, facts.of(Nodes))


def _lists_of_nodes(bundle: Bundle) -> Iterator[str]:
    """Compare the node names that each input lists: only one list of them is used."""
    listed: dict[str, frozenset[bytes]] = {}
    for one in bundle.inputs:
        text = b"".join(member.read() for member in one.reread(_NODES))
        if names := frozenset(_NODE_NAME.findall(text)):
            listed[one.name] = names
    order = list(listed)
    for at, first in enumerate(order):
        for second in order[at + 1 :]:
            if not listed[first] & listed[second]:
                yield f"{first} and {second} list no node in common: they may be two clusters."


def _archives(facts: Facts) -> Iterator[str]:
    nodes = facts.of(Nodes)
    if not nodes.items or any(state.selection for state in nodes.states.values()):
        return
    known = {node.name for node in nodes.items}
    strange = sorted(set(facts.archives.nodes) - known)
    if strange:
        more = f" and {len(strange) - _NAMED} more" if len(strange) > _NAMED else ""
        yield (
            f"Files of nodes that the API server does not list: {', '.join(strange[:_NAMED])}"
            f"{more}. They may be of another cluster, or of nodes that are gone."
        )


def _resource_group(azure: AzureExports, nodes: Nodes) -> Iterator[str]:
    """Compare the node resource group of the export with the nodes' label (cut at 63 characters).

    Source: learn.microsoft.com/azure/aks/use-labels.
    """
    try:
        document = azure.get("managed-cluster")
    except NotCollected:
        return
    group = document.get("nodeResourceGroup") if isinstance(document, dict) else None
    labels = {node.metadata.labels.get(_GROUP, "") for node in nodes.items} - {""}
    if not isinstance(group, str) or not labels:
        return
    wanted = group.lower()
    if not any(wanted.startswith(label.lower()) or label.lower() == wanted for label in labels):
        yield (
            f"The ARM export is of another cluster: its node resource group is {group}, "
            f"that of the nodes is {min(labels)}."
        )
