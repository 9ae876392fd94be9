"""Nodes that should be alike: variants of a cohort, and the nodes that differ from the rest.

A cohort is one pool on one image, one kubelet version and one VM size, so that upgrades, surge
nodes and security patches explain themselves. Nodes are compared by variant, never by pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analyzer.baselines.drift_rows import ABSENT
from analyzer.baselines.node_images import LABEL
from analyzer.baselines.node_settings import ASPECTS, Aspect, Settings, unmasked
from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.objects import Node
from analyzer.model.hit import DriftRow

#: Below this there is no majority to differ from.
_MIN_COHORT = 3


@dataclass(frozen=True, slots=True, order=True)
class Cohort:
    """What nodes must have in common before they are compared."""

    pool: str
    image: str
    kubelet: str
    vm_size: str


@dataclass(frozen=True, slots=True)
class Variant:
    """Nodes whose settings are the same, sorted by name."""

    nodes: tuple[str, ...]
    settings: Settings


@dataclass(frozen=True, slots=True)
class Outlier:
    """Nodes of a cohort that differ from more than half of it, all in the same way.

    ``rows`` give the majority's value as expected; ``paths`` are the files of the first node.
    """

    aspect: str
    what: str
    cohort: Cohort
    nodes: tuple[str, ...]
    peers: int
    rows: tuple[DriftRow, ...]
    paths: tuple[str, ...]


def cohorts(nodes: Iterable[Node]) -> dict[Cohort, tuple[str, ...]]:
    """The nodes by cohort, both in order; nodes without pool or image label are left out."""
    found: dict[Cohort, list[str]] = {}
    for node in nodes:
        labels = node.metadata.labels
        if node.pool and labels.get(LABEL):
            key = Cohort(
                pool=node.pool,
                image=labels[LABEL],
                kubelet=node.status.node_info.kubelet_version or "",
                vm_size=labels.get("node.kubernetes.io/instance-type", ""),
            )
            found.setdefault(key, []).append(node.name)
    return {key: tuple(sorted(found[key])) for key in sorted(found)}


def outliers(nodes: Iterable[Node], archives: NodeArchives) -> tuple[Outlier, ...]:
    """All nodes that differ from their peers, by cohort, aspect and first node.

    A node that sent no archive, or not this file, is not compared. Without a majority (a cohort
    of fewer than three nodes, or split evenly) nothing is an outlier.
    """
    found = []
    for cohort, names in cohorts(nodes).items():
        present = [archives.nodes[name] for name in names if name in archives.nodes]
        for aspect in ASPECTS:
            found.extend(_outliers(cohort, aspect, present))
    return tuple(found)


def variants(aspect: Aspect, nodes: Iterable[NodeFiles]) -> tuple[Variant, ...]:
    """The different set-ups of an aspect, the most frequent first; each text is read once."""
    same_texts: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for node in nodes:
        texts = tuple((item, node.files[item].text) for item in _items(aspect, node))
        if texts:
            same_texts.setdefault(texts, []).append(node.node)
    read: dict[tuple[str, str], Settings] = {}
    groups: dict[frozenset[tuple[str, str]], list[str]] = {}
    for texts, names in same_texts.items():
        if settings := _settings(aspect, texts, read):
            groups.setdefault(frozenset(settings.items()), []).extend(names)
    ordered = [Variant(tuple(sorted(names)), dict(key)) for key, names in groups.items()]
    return tuple(sorted(ordered, key=lambda variant: (-len(variant.nodes), variant.nodes)))


def difference(reference: Settings, other: Settings) -> tuple[DriftRow, ...]:
    """Settings that differ, sorted by key; ``absent`` where one side has none."""
    rows = []
    for key in sorted({*reference, *other}):
        wanted, shown = reference.get(key, ABSENT), other.get(key, ABSENT)
        if wanted != shown:
            rows.append(DriftRow(path=key, expected=wanted, actual=shown))
    return tuple(rows)


def _outliers(cohort: Cohort, aspect: Aspect, nodes: list[NodeFiles]) -> list[Outlier]:
    found = variants(aspect, nodes)
    total = sum(len(variant.nodes) for variant in found)
    if total < _MIN_COHORT or len(found) < 2 or 2 * len(found[0].nodes) <= total:
        return []
    by_name = {node.node: node for node in nodes}
    odd = []
    for variant in found[1:]:
        first = by_name[variant.nodes[0]]
        odd.append(
            Outlier(
                aspect=aspect.id,
                what=aspect.what,
                cohort=cohort,
                nodes=variant.nodes,
                peers=len(found[0].nodes),
                rows=difference(found[0].settings, variant.settings),
                paths=tuple(first.files[item].path for item in _items(aspect, first)),
            )
        )
    return sorted(odd, key=lambda outlier: outlier.nodes)


def _settings(
    aspect: Aspect, texts: tuple[tuple[str, str], ...], read: dict[tuple[str, str], Settings]
) -> Mapping[str, str]:
    settings: dict[str, str] = {}
    folder = aspect.items[0].endswith("/")
    for item, text in texts:
        if (item, text) not in read:
            read[(item, text)] = unmasked(aspect.read(text))
        if not folder:
            return read[(item, text)]
        prefix = f"{item.rsplit('/', 1)[-1]}: "
        settings.update({f"{prefix}{key}": value for key, value in read[(item, text)].items()})
    return settings


def _items(aspect: Aspect, node: NodeFiles) -> list[str]:
    if aspect.items[0].endswith("/"):
        return sorted(item for item in node.files if item.startswith(aspect.items))
    return [item for item in aspect.items if item in node.files]
