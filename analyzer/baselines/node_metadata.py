"""Labels and taints that AKS writes on nodes: which must be there, which are the system's."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

from analyzer.baselines.data_files import Data, DataFile, packaged
from analyzer.baselines.drift_rows import ABSENT
from analyzer.facts.identity import Dataplane, Identity, NetworkMode
from analyzer.facts.objects import Node
from analyzer.model.hit import DriftRow


class SystemLabel(Data):
    """A label that AKS writes. ``values`` are the allowed ones in lower case; empty: any."""

    key: str
    values: tuple[str, ...] = ()
    modes: tuple[NetworkMode, ...] = ()
    dataplanes: tuple[Dataplane, ...] = ()


class SystemTaint(Data):
    """A taint that AKS, the cloud provider or Kubernetes writes, and what it means."""

    key: str
    what: str
    #: It should go away minutes after the node starts.
    start_up: bool = False


class _Mark(Data):
    key: str
    value: str


def label_rows(node: Node, identity: Identity) -> tuple[DriftRow, ...]:
    """System labels that are missing from a node of AKS or have an impossible value.

    Nothing for a virtual node. A node of node auto-provisioning or of AKS's own pool has fewer.
    Labels of the network came over the years: only a wrong value counts there, where the mode is
    known.
    """
    labels = node.metadata.labels
    if any(labels.get(mark.key) == mark.value for mark in _exempt()):
        return ()
    relaxed = any(key in labels for key in _strings("relaxed"))
    skipped = _strings("relaxed_without") if relaxed else ()
    rows = []
    present = (label for label in _of_network(node, identity) if label.key in labels)
    for label in (*required_labels(), *present):
        if label.key in skipped:
            continue
        actual = labels.get(label.key)
        if actual is None or (label.values and actual.lower() not in label.values):
            expected = " or ".join(label.values) or "a value"
            path = f"metadata.labels[{label.key}]"
            shown = ABSENT if actual is None else actual
            rows.append(DriftRow(path=path, expected=expected, actual=shown))
    return tuple(rows)


@lru_cache(maxsize=1)
def required_labels() -> tuple[SystemLabel, ...]:
    """The labels that every node of AKS has."""
    return _file().records("required", SystemLabel)


def _of_network(node: Node, identity: Identity) -> Iterator[SystemLabel]:
    if node.windows:
        return
    network = identity.network
    for label in _by_network():
        if network.mode in label.modes or network.dataplane in label.dataplanes:
            yield label


def is_reserved(key: str) -> bool:
    """True for a label key in a domain that AKS reserves (or a sub-domain of kubernetes.io)."""
    domain, slash, _ = key.partition("/")
    if not slash:
        return False
    roots = tuple(prefix.rstrip("/") for prefix in _strings("reserved_prefixes"))
    return domain in roots or domain.endswith(tuple(f".{root}" for root in roots))


def is_system_label(key: str) -> bool:
    """True for a label that AKS or Kubernetes is known to write on nodes."""
    if any(key == label.key for label in required_labels()):
        return True
    return any(fnmatchcase(key, known) for known in _strings("known"))


def system_taint(key: str) -> SystemTaint | None:
    """What a taint of the system means; None for a taint of the customer."""
    return _taints().get(key)


@lru_cache(maxsize=1)
def _taints() -> dict[str, SystemTaint]:
    return {taint.key: taint for taint in _file().records("taints", SystemTaint)}


@lru_cache(maxsize=1)
def _exempt() -> tuple[_Mark, ...]:
    return _file().records("exempt", _Mark)


@lru_cache(maxsize=1)
def _by_network() -> tuple[SystemLabel, ...]:
    return _file().records("by_network", SystemLabel)


@lru_cache(maxsize=1)
def _file() -> DataFile:
    return packaged("node_metadata.yaml")


@lru_cache(maxsize=8)
def _strings(key: str) -> tuple[str, ...]:
    return tuple(str(item) for item in _file().content[key])
