"""Nodes that should be alike: variants of a cohort, and the nodes that differ from the rest.

A cohort is one pool on one image, one kubelet version and one VM size, so that upgrades, surge
nodes and security patches explain themselves. Nodes are compared by variant, never by pair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analyzer.baselines.drift_rows import ABSENT
from analyzer.baselines.node_images import LABEL
from analyzer.baselines.node_settings import ASPECTS, Aspect, Settings, unmasked
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.facts.objects import Node
from analyzer.model.hit import DriftRow

#: The files of one aspect on a node: items with their texts.
Texts = tuple[tuple[str, str], ...]
#: Different texts whose settings are kept while they are compared.
_REMEMBERED = 256
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
class Outlier:
    """Nodes of a cohort that differ from more than half of it, all in the same way.

    ``rows`` give the majority's value as expected; ``majority`` are the nodes without a difference,
    ``files`` those of the first odd node.
    """

    aspect: Aspect
    cohort: Cohort
    nodes: tuple[str, ...]
    majority: tuple[str, ...]
    rows: tuple[DriftRow, ...]
    files: tuple[TextFile, ...]


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

    A node that sent no archive, or not this file, is not compared.
    """
    found: list[Outlier] = []
    for cohort, names in cohorts(nodes).items():
        present = [archives.nodes[name] for name in names if name in archives.nodes]
        for aspect in ASPECTS:
            found.extend(odd_nodes(cohort, aspect, present))
    return tuple(found)


def odd_nodes(cohort: Cohort, aspect: Aspect, nodes: Iterable[NodeFiles]) -> tuple[Outlier, ...]:
    """Nodes of one cohort that differ from what more than half of it has, sorted by first node.

    Each setting is judged on its own: one that has no common value (it differs on most nodes) says
    nothing. Fewer than three nodes, or an even split, have no common value at all.
    """
    by_name = {node.node: node for node in nodes}
    variants = _Variants(aspect, by_name.values())
    if variants.total < _MIN_COHORT or len(variants.names) < 2:
        return ()
    common = _common(variants)
    odd = _by_rows(variants, common, only_values=False)
    if 2 * sum(map(len, odd.values())) > variants.total:
        # lines of its own on most nodes: only values that are shared elsewhere still tell
        odd = _by_rows(variants, common, only_values=True)
    different = {name for names in odd.values() for name in names}
    alike = tuple(sorted(variants.compared - different))
    if 2 * len(alike) <= variants.total:
        return ()
    by_nodes = sorted((tuple(sorted(names)), rows) for rows, names in odd.items())
    return tuple(
        Outlier(aspect, cohort, names, alike, rows, _files(aspect, by_name[names[0]]))
        for names, rows in by_nodes
    )


class _Variants:
    """The nodes by what their files say, to the letter; each text is read when it is looked at.

    The settings of thousands of nodes are not kept: where few texts are there they are remembered,
    else they are read a second time.
    """

    def __init__(self, aspect: Aspect, nodes: Iterable[NodeFiles]) -> None:
        self._aspect = aspect
        self.partial = aspect.partial
        self._known: dict[Texts, Settings] = {}
        by_texts: dict[Texts, list[str]] = {}
        for node in nodes:
            texts = tuple((item, node.files[item].text) for item in _items(aspect, node))
            if texts:
                by_texts.setdefault(texts, []).append(node.node)
        self.names = {texts: names for texts, names in by_texts.items() if self.settings(texts)}
        self.compared = {name for names in self.names.values() for name in names}
        self.total = len(self.compared)

    def settings(self, texts: Texts) -> Settings:
        """What these files say, masked values left out."""
        found = self._known.get(texts)
        if found is None:
            found = _settings(self._aspect, texts)
            if len(self._known) < _REMEMBERED:
                self._known[texts] = found
        return found


def _common(variants: _Variants) -> dict[str, str]:
    """Settings that more than half of the nodes share; ``absent`` for those that few have.

    A kernel setting that a node does not have belongs to a module that is loaded where it is
    needed, so that its absence says nothing.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for texts, names in variants.names.items():
        for pair in variants.settings(texts).items():
            counts[pair] += len(names)
    present: Counter[str] = Counter()
    for (key, _), count in counts.items():
        present[key] += count
    common = {}
    for (key, value), count in counts.items():
        if 2 * count > (present[key] if variants.partial else variants.total):
            common[key] = value
        elif not variants.partial and 2 * present[key] < variants.total:
            common[key] = ABSENT
    return common


def _by_rows(
    variants: _Variants, common: Mapping[str, str], *, only_values: bool
) -> dict[tuple[DriftRow, ...], list[str]]:
    """Odd nodes by what differs on them; rows that name the node itself are left out."""
    odd: dict[tuple[DriftRow, ...], list[str]] = {}
    usual = {key: value for key, value in common.items() if value != ABSENT}
    for texts, names in variants.names.items():
        settings = variants.settings(texts)
        keys = [key for key, value in settings.items() if common.get(key, value) != value]
        if not variants.partial and not usual.keys() <= settings.keys():
            keys += [key for key in usual if key not in settings]
        rows = tuple(
            DriftRow(path=key, expected=common[key], actual=settings.get(key, ABSENT))
            for key in sorted(keys)
            if not (only_values and common[key] == ABSENT)
        )
        rows = tuple(row for row in rows if not _names_itself(row, names))
        if rows:
            odd.setdefault(rows, []).extend(names)
    return odd


def _names_itself(row: DriftRow, names: list[str]) -> bool:
    return len(names) == 1 and names[0] in row.path + row.actual


def _settings(aspect: Aspect, texts: Texts) -> Settings:
    if not aspect.items[0].endswith("/"):
        return unmasked(aspect.read(texts[0][1]))
    settings: dict[str, str] = {}
    for item, text in texts:
        prefix = f"{item.rsplit('/', 1)[-1]}: "
        read = unmasked(aspect.read(text))
        settings.update({f"{prefix}{key}": value for key, value in read.items()})
    return settings


def _files(aspect: Aspect, node: NodeFiles) -> tuple[TextFile, ...]:
    return tuple(node.files[item] for item in _items(aspect, node))


def _items(aspect: Aspect, node: NodeFiles) -> list[str]:
    if aspect.items[0].endswith("/"):
        return sorted(item for item in node.files if item.startswith(aspect.items))
    return [item for item in aspect.items if item in node.files]
