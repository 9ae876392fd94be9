"""A kubelet runs with settings that AKS does not allow.

What it means:
  A setting of the kubelet has a value outside of the range that the AKS API accepts for a node pool
  (custom node configuration). It cannot have come from there.
Why it matters:
  Somebody changed it on the node. Such a change is not supported, is lost when the node is
  replaced, and can make the kubelet remove images or evict pods at the wrong moment.
How we know:
  The kubelet's flags and configuration file on the node against the documented ranges. Settings
  within them are left to the pool; a node that differs from its pool is told elsewhere.
What to do:
  customer: Set the value through the pool (az aks nodepool add --kubelet-config FILE), and replace
    the node (az aks nodepool upgrade --node-image-only); stop what changes it on the nodes.
References:
  - Custom node configuration: https://learn.microsoft.com/azure/aks/custom-node-configuration
  - Kubelet configuration: https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analyzer.baselines.node_settings import json_settings, kubelet_flags
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.hit import DriftRow
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-NODE-024",
    title="A kubelet runs with settings that AKS does not allow",
    component="kubelet",
    clauses=("CNC-01", "SHR-03"),
    signals=frozenset({Signal.NODE_HOST, Signal.CHANGED_BY_UNKNOWN, Signal.NODE_DIFFERS}),
)

#: Flag and key of the configuration file, with what the API accepts.
#: Source: learn.microsoft.com/azure/aks/custom-node-configuration-reference (2026-08-06).
_WORDS = {
    ("cpu-manager-policy", "cpuManagerPolicy"): ("none", "static"),
    ("topology-manager-policy", "topologyManagerPolicy"): (
        "none", "best-effort", "restricted", "single-numa-node",
    ),
}  # fmt: skip
_NUMBERS = {
    ("image-gc-high-threshold", "imageGCHighThresholdPercent"): (0, 100),
    ("image-gc-low-threshold", "imageGCLowThresholdPercent"): (0, 100),
    ("container-log-max-files", "containerLogMaxFiles"): (2, 1_000_000),
    ("max-pods", "maxPods"): (1, 250),
}
_HIGH = ("image-gc-high-threshold", "imageGCHighThresholdPercent")
_LOW = ("image-gc-low-threshold", "imageGCLowThresholdPercent")
Key = tuple[str, str]
Row = tuple[DriftRow, TextFile]


def check(archives: NodeArchives, nodes: Nodes | None) -> Iterator[Hit]:
    pool_of = {node.name: node.pool for node in (nodes.items if nodes is not None else ())}
    gaps: list[Gap] = []
    pools: dict[str, dict[str, list[Row]]] = {}
    for archive in archives.require():
        try:
            flags = archive.get("kubelet/flags")
        except NotCollected as missing:
            gaps += missing.gaps
            continue
        rows = list(_rows(archive, flags))
        pools.setdefault(pool_of.get(archive.node, ""), {})[archive.node] = rows
    for own in pools.values():
        # A node that differs from its pool is another rule's finding.
        common = set.intersection(*({row for row, _ in rows} for rows in own.values()))
        for name, rows in own.items():
            for row, file in rows:
                if row in common:
                    yield _hit(name, row, file)
    if not pools:
        raise NotCollected(*gaps)


def _rows(archive: NodeFiles, flags: TextFile) -> Iterator[Row]:
    own = kubelet_flags(flags.text)
    config = archive.files.get("kubelet/config.json")
    file = json_settings(config.text) if config is not None else {}
    for key, (low, high) in _NUMBERS.items():
        text, where = _value(key, own, file, flags, config)
        if text.removeprefix("-").isdecimal() and not low <= int(text) <= high:
            yield DriftRow(path=key[1], expected=f"{low} to {high}", actual=text), where
    for key, words in _WORDS.items():
        text, where = _value(key, own, file, flags, config)
        if text and text not in words:
            yield DriftRow(path=key[1], expected=" or ".join(words), actual=text), where
    low_text, where = _value(_LOW, own, file, flags, config)
    high_text, _ = _value(_HIGH, own, file, flags, config)
    if low_text.isdecimal() and high_text.isdecimal() and int(low_text) > int(high_text):
        expected = f"at most {high_text}, the high threshold"
        yield DriftRow(path=_LOW[1], expected=expected, actual=low_text), where


def _value(
    key: Key,
    flags: Mapping[str, str],
    config: Mapping[str, str],
    flag_file: TextFile,
    config_file: TextFile | None,
) -> tuple[str, TextFile]:
    """The value in force (a flag goes before the file), and where it stands."""
    if key[0] in flags:
        return flags[key[0]].strip(), flag_file
    return config.get(key[1], "").strip('" '), config_file or flag_file


def _hit(node: str, row: DriftRow, file: TextFile) -> Hit:
    flag = next((k[0] for k in (*_NUMBERS, *_WORDS) if k[1] == row.path), row.path)
    where = file.find(rf"{flag}|{row.path}") or file.at(1)
    return Hit(
        subject=Subject(kind="Node", name=node),
        title=f"Kubelets run with {row.path} {row.actual}, which AKS does not allow",
        saw=f"The kubelet of {node} runs with {row.path} {row.actual}.",
        expected=f"{row.path} is {row.expected}.",
        evidence=(where,),
        group=f"{row.path}|{row.actual}",
        drift=(row,),
    )
