"""The labels that AKS gives a node through its kubelet: ``/etc/default/kubelet``."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.node_files import NodeArchives, TextFile
from analyzer.model.evidence import EvidenceRef

#: Source: Azure/AgentBaker parts/linux/cloud-init/artifacts/cse_config.sh (writes the file).
_VARIABLE = "KUBELET_NODE_LABELS="
_ITEM = "kubelet/flags"


def parse_node_labels(file: TextFile) -> tuple[dict[str, str], EvidenceRef] | None:
    """Labels of the kubelet's defaults file and the line that has them; None without that line."""
    for number, line in file.lines():
        if line.startswith(_VARIABLE):
            pairs = (pair.partition("=") for pair in line[len(_VARIABLE) :].strip('"').split(","))
            labels = {key.strip(): value.strip() for key, found, value in pairs if found}
            return labels, file.at(number, what="labels that the kubelet gives its node")
    return None


def labelled_archives(archives: NodeArchives) -> Iterator[tuple[str, dict[str, str], EvidenceRef]]:
    """Name, labels and place of every node whose archive shows them, by name."""
    for node in archives:
        file = node.files.get(_ITEM)
        found = parse_node_labels(file) if file is not None else None
        if found is not None:
            yield node.node, *found
